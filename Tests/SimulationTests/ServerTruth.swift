import MTProto
import TL
import TelegramClient

/// A message by chat (Bot-API style) and id.
struct MessageKey: Hashable, Comparable {
  var chat: Int64
  var id: Int32

  var isInChannel: Bool { chat < -1_000_000_000_000 }
  var channelID: Int64? { isInChannel ? -1_000_000_000_000 - chat : nil }

  static func < (left: MessageKey, right: MessageKey) -> Bool { (left.chat, left.id) < (right.chat, right.id) }
}

/// What happened to a message, ever.
struct TrueMessage {
  struct Version {
    var text: String
    var editDate: Int32?
    /// An edit that clients do not show as one.
    var isHidden = false
  }

  var key: MessageKey
  var date: Int32
  var isOutgoing: Bool
  var versions: [Version]
  /// The id of its file.
  var file: Int64?
  /// Where in its sequence it was sent.
  var sentAt: Int32 = 0
  /// Where in its sequence it was deleted.
  var deletedAt: Int32?
  /// When.
  var deletionDate: Int32?
}

/// One step of an event sequence.
struct TrueEvent {
  enum Kind {
    case new(MessageKey)
    /// The number of the version counts from 0.
    case edit(MessageKey, version: Int)
    case delete([MessageKey])
    /// Takes its place in the sequence, and tells nothing that is archived.
    case read, webPage
  }

  var pts: Int32
  var count: Int32
  var kind: Kind
}

struct TrueSequence {
  var pts: Int32
  var events: [TrueEvent] = []

  mutating func add(_ kind: TrueEvent.Kind, count: Int32 = 1) -> TrueEvent {
    pts += count
    let event = TrueEvent(pts: pts, count: count, kind: kind)
    events.append(event)
    return event
  }

  func events(after pts: Int32) -> ArraySlice<TrueEvent> {
    let start = events.lastIndex { $0.pts <= pts }.map { $0 + 1 } ?? 0
    return events[start...]
  }
}

/// A version of a message the account was shown, and the place in its sequence from which on it is not told again.
struct Shown: Hashable {
  var key: MessageKey
  var version: Int
  var channel: Int64?
  var pts: Int32
}

/// Telegram's own record: what was sent, edited and deleted, and what an account is told of it.
///
/// Source: "Working with Updates", core.telegram.org/api/updates.
struct ServerTruth {
  struct Channel {
    var sequence: TrueSequence
    var isMember: Bool
    var isBroadcast: Bool
    var nextID: Int32 = 1
  }

  struct Limits {
    var slice = 20
    var tooLong = 100_000
    var channelSlice = 20
    var channelTooLong = 100_000
    /// Whether one second may see two edits of a message.
    ///
    /// Slices show messages as they are now, not as they were where the slice ends: which of two such edits is the later
    /// could not be told.
    var editsWithinASecond = false
  }

  static let privateChats: [Int64] = [1002, 1003]
  static let group: Int64 = -500
  static let logChat: Int64 = 9999
  static let selfID: Int64 = 1001

  /// Unix time.
  var date: Int32 = 2_000_000_000
  var account: TrueSequence
  var qts: Int32
  var seq: Int32
  var channels: [Int64: Channel] = [:]
  var messages: [MessageKey: TrueMessage] = [:]
  var limits = Limits()
  var files: [Int64: TrueFile] = [:]
  /// What files have to be asked for with; another one makes those expire that were told before.
  var fileReference: Int64 = 1
  var hasReferencesExpired: Bool { fileReference > 1 }
  private var nextID: Int32 = 1
  private var lastText = 0

  init(pts: Int32, qts: Int32, seq: Int32) {
    account = TrueSequence(pts: pts)
    self.qts = qts
    self.seq = seq
  }

  var state: API.UpdatesState {
    API.UpdatesState(pts: account.pts, qts: qts, date: date, seq: seq, unreadCount: 0)
  }

  // MARK: What happens

  /// Texts carry what they are, so that a notice can be traced to what it tells of.
  private func text(_ key: MessageKey, version: Int, padding: Int) -> String {
    let mark = "\(key.chat):\(key.id):\(version)"
    return padding == 0
      ? "[[\(mark)]]" : "[[\(mark)]]" + String(repeating: "–abcdefg hij\n", count: padding) + "[/\(mark)]"
  }

  mutating func send(
    to chat: Int64, out: Bool, padding: Int, file: TrueFile? = nil, saying words: String? = nil
  ) -> TrueEvent {
    var key = MessageKey(chat: chat, id: nextID)
    if let channel = key.channelID {
      key.id = channels[channel]?.nextID ?? 1
      channels[channel]?.nextID += 1
    } else {
      nextID += 1
    }
    messages[key] = TrueMessage(
      key: key, date: date, isOutgoing: out, versions: [.init(text: words ?? text(key, version: 0, padding: padding))])
    if let file { attach(file, to: key) }
    let event = record(.new(key), in: key.channelID)
    messages[key]?.sentAt = event.pts
    return event
  }

  mutating func edit(_ key: MessageKey, isHidden: Bool, padding: Int) -> TrueEvent? {
    guard var message = messages[key], message.deletedAt == nil else { return nil }
    let version = message.versions.count
    let last = message.versions[version - 1].editDate ?? 0
    message.versions.append(
      .init(
        text: text(key, version: version, padding: padding),
        editDate: limits.editsWithinASecond ? date : max(date, last + 1), isHidden: isHidden))
    messages[key] = message
    return record(.edit(key, version: version), in: key.channelID)
  }

  /// Deletes messages that are all of one channel, or all of none.
  mutating func delete(_ keys: [MessageKey]) -> TrueEvent? {
    let keys = keys.filter { messages[$0]?.deletedAt == nil }
    guard let first = keys.first else { return nil }
    let event = record(.delete(keys), in: first.channelID, count: Int32(keys.count))
    for key in keys {
      messages[key]?.deletedAt = event.pts
      messages[key]?.deletionDate = date
    }
    return event
  }

  mutating func read() -> TrueEvent { record(.read, in: nil) }
  mutating func webPage(in channel: Int64?) -> TrueEvent { record(.webPage, in: channel) }

  private mutating func record(_ kind: TrueEvent.Kind, in channel: Int64?, count: Int32 = 1) -> TrueEvent {
    guard let channel else { return account.add(kind, count: count) }
    return channels[channel]?.sequence.add(kind, count: count) ?? TrueEvent(pts: 0, count: 0, kind: kind)
  }

  /// Messages that still stand, in order.
  func alive(inChannel channel: Int64?) -> [MessageKey] {
    messages.values.filter { $0.deletedAt == nil && $0.key.channelID == channel }.map(\.key).sorted()
  }

  // MARK: How it is told

  func message(_ key: MessageKey, version: Int? = nil) -> API.AnyMessage {
    guard let message = messages[key], version != nil || message.deletedAt == nil else {
      return .messageEmpty(API.MessageEmpty(id: key.id))
    }
    let current = message.versions[version ?? message.versions.count - 1]
    let isBroadcast = key.channelID.flatMap { channels[$0]?.isBroadcast } ?? false
    let from: Int64? = isBroadcast ? nil : message.isOutgoing ? Self.selfID : key.chat > 0 ? nil : 1002
    return .message(
      API.Message(
        out: message.isOutgoing, post: isBroadcast, editHide: current.isHidden, id: key.id,
        fromId: from.map { .peerUser(API.PeerUser(userId: $0)) }, peerId: Self.peer(key.chat), date: message.date,
        message: current.text, media: media(of: message), entities: nil, editDate: current.editDate))
  }

  static func peer(_ chat: Int64) -> API.AnyPeer {
    if chat > 0 { return .peerUser(API.PeerUser(userId: chat)) }
    if chat < -1_000_000_000_000 { return .peerChannel(API.PeerChannel(channelId: -1_000_000_000_000 - chat)) }
    return .peerChat(API.PeerChat(chatId: -chat))
  }

  /// The update that tells of an event; `version` is the one it shows, for a message.
  func update(for event: TrueEvent, channel: Int64?) -> (update: API.AnyUpdate, shown: [Shown]) {
    let (pts, count) = (event.pts, event.count)
    switch event.kind {
    case .new(let key):
      let shown = [Shown(key: key, version: 0, channel: channel, pts: pts)]
      let message = message(key, version: 0)
      return channel == nil
        ? (.updateNewMessage(API.UpdateNewMessage(message: message, pts: pts, ptsCount: count)), shown)
        : (.updateNewChannelMessage(API.UpdateNewChannelMessage(message: message, pts: pts, ptsCount: count)), shown)
    case .edit(let key, let version):
      let shown = [Shown(key: key, version: version, channel: channel, pts: pts)]
      let message = message(key, version: version)
      return channel == nil
        ? (.updateEditMessage(API.UpdateEditMessage(message: message, pts: pts, ptsCount: count)), shown)
        : (.updateEditChannelMessage(API.UpdateEditChannelMessage(message: message, pts: pts, ptsCount: count)), shown)
    case .delete(let keys):
      let ids = keys.map(\.id)
      return channel.map {
        (
          .updateDeleteChannelMessages(
            API.UpdateDeleteChannelMessages(channelId: $0, messages: ids, pts: pts, ptsCount: count)), []
        )
      } ?? (.updateDeleteMessages(API.UpdateDeleteMessages(messages: ids, pts: pts, ptsCount: count)), [])
    case .read:
      return (
        .updateReadHistoryInbox(
          API.UpdateReadHistoryInbox(
            peer: Self.peer(1002), maxId: 1, stillUnreadCount: 0, pts: pts, ptsCount: count)), []
      )
    case .webPage:
      let page = API.AnyWebPage.webPageEmpty(API.WebPageEmpty(id: 1))
      return channel.map {
        (.updateChannelWebPage(API.UpdateChannelWebPage(channelId: $0, webpage: page, pts: pts, ptsCount: count)), [])
      } ?? (.updateWebPage(API.UpdateWebPage(webpage: page, pts: pts, ptsCount: count)), [])
    }
  }

  static let users: [API.AnyUser] = [
    .user(API.User(isSelf: true, id: selfID, accessHash: 11, firstName: "Alice")),
    .user(API.User(id: 1002, accessHash: 22, firstName: "Bob")),
    .user(API.User(id: 1003, accessHash: 33, firstName: "Carol")),
  ]

  func chat(_ id: Int64) -> API.AnyChat {
    .channel(
      API.Channel(
        broadcast: channels[id]?.isBroadcast ?? false, megagroup: !(channels[id]?.isBroadcast ?? false), id: id,
        accessHash: 7, title: "Channel \(id)", photo: .chatPhotoEmpty(.init()), date: 1))
  }

  func chats(of channel: Int64?) -> [API.AnyChat] {
    if let channel { return [chat(channel)] }
    return [
      .chat(
        API.Chat(id: 500, title: "Family", photo: .chatPhotoEmpty(.init()), participantsCount: 2, date: 1, version: 1))
    ]
  }
}
