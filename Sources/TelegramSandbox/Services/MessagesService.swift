import TL

/// Reading messages.
extension Dispatcher {
  mutating func registerMessages() {
    on(API.MessagesGetMessages.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      return try telegram.messages(request.id, in: telegram.world.account(viewer).box, viewer)
    }
    on(API.MessagesGetHistory.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let peer = try telegram.world.resolve(request.peer, for: viewer)
      let window = HistoryWindow(
        offsetID: request.offsetId, offsetDate: request.offsetDate, addOffset: request.addOffset, limit: request.limit,
        maxID: request.maxId, minID: request.minId)
      return try telegram.history(of: peer, window, viewer) { _ in true }
    }
    on(API.MessagesSearch.self) { try $0.search($2, $1) }
    on(API.MessagesReadHistory.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let peer = try telegram.world.resolve(request.peer, for: viewer)
      let moved = try telegram.world.readHistory(of: peer, upTo: request.maxId, by: viewer)
      return API.MessagesAffectedMessages(pts: moved.pts, ptsCount: moved.count)
    }
    on(API.MessagesReadMessageContents.self) { telegram, caller, request in
      let moved = try telegram.world.openMedia(request.id, by: caller.viewer())
      return API.MessagesAffectedMessages(pts: moved.pts, ptsCount: moved.count)
    }
    on(API.MessagesGetChats.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      return .messagesChats(.init(chats: request.id.map { telegram.world.chat(.group($0), for: viewer) }))
    }
    on(API.MessagesGetFullChat.self) { try $0.fullChat($2.chatId, $1) }
    on(API.MessagesGetMessageEditData.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let peer = try telegram.world.resolve(request.peer, for: viewer)
      guard let message = try telegram.world.box(of: peer, for: viewer)[request.id], message.author == viewer else {
        throw RPCFailure.messageIDInvalid
      }
      return API.MessagesMessageEditData(caption: message.media != nil)
    }
  }
}

/// Which part of a history is asked for.
///
/// Source: "Pagination in the API", core.telegram.org/api/offsets.
struct HistoryWindow {
  var offsetID: Int32
  var offsetDate: Int32
  var addOffset: Int32
  var limit: Int32
  var maxID: Int32
  var minID: Int32

  /// The window's part of messages given newest first.
  func cut(_ messages: [StoredMessage]) -> ArraySlice<StoredMessage> {
    var start = 0
    if offsetID > 0 {
      start = messages.firstIndex { $0.id < offsetID } ?? messages.count
    } else if offsetDate > 0 {
      start = messages.firstIndex { $0.date < offsetDate } ?? messages.count
    }
    let first = start + Int(addOffset)
    let last = first + Int(min(max(limit, 0), 100))
    let bounds = 0...messages.count
    let range = min(max(first, bounds.lowerBound), bounds.upperBound)..<min(max(last, 0), bounds.upperBound)
    return range.isEmpty ? [] : messages[range]
  }
}

extension Telegram {
  mutating func messages(
    _ ids: [API.AnyInputMessage], in box: MessageBox, channel: Int64? = nil, _ viewer: Int64
  ) throws(RPCFailure) -> API.AnyMessagesMessages {
    guard ids.count <= 100 else { throw .limitInvalid }
    var mentions = Mentions()
    if let channel { mentions.insert(.channel(channel)) }
    var found: [API.AnyMessage] = []
    for input in ids {
      let id: Int32
      switch input {
      case .inputMessageID(let input): id = input.id
      case .inputMessageReplyTo(let input): id = box[input.id]?.replyTo ?? input.id
      case .inputMessagePinned, .inputMessageCallbackQuery, .other: throw .messageIDInvalid
      }
      if faults.leavesOut(id, ofChannel: channel, for: viewer) { continue }
      if let message = box[id] {
        found.append(world.render(message, for: viewer))
        mentions.formUnion(world.mentions(in: message))
      } else {
        found.append(.messageEmpty(.init(id: id)))
      }
    }
    faults.noteAnswer(ofChannel: channel, for: viewer)
    let (chats, users) = (world.chats(mentions, for: viewer), world.users(mentions, for: viewer))
    if channel != nil {
      return .messagesChannelMessages(
        .init(pts: box.pts, count: Int32(found.count), messages: found, topics: [], chats: chats, users: users))
    }
    return .messagesMessages(.init(messages: found, topics: [], chats: chats, users: users))
  }

  func history(
    of peer: PeerKey, _ window: HistoryWindow, _ viewer: Int64, where matches: (StoredMessage) -> Bool
  ) throws(RPCFailure) -> API.AnyMessagesMessages {
    let box = try world.box(of: peer, for: viewer)
    let all = (box.histories[peer] ?? []).reversed().compactMap { box[$0] }.filter(matches)
    let page = window.cut(all).filter {
      (window.maxID == 0 || $0.id < window.maxID) && (window.minID == 0 || $0.id > window.minID)
    }
    var mentions = Mentions()
    mentions.insert(peer)
    for message in page { mentions.formUnion(world.mentions(in: message)) }
    let messages = page.map { world.render($0, for: viewer) }
    let (chats, users) = (world.chats(mentions, for: viewer), world.users(mentions, for: viewer))
    if case .channel = peer {
      return .messagesChannelMessages(
        .init(pts: box.pts, count: Int32(all.count), messages: messages, topics: [], chats: chats, users: users))
    }
    if page.count == all.count {
      return .messagesMessages(.init(messages: messages, topics: [], chats: chats, users: users))
    }
    return .messagesMessagesSlice(
      .init(count: Int32(all.count), messages: messages, topics: [], chats: chats, users: users))
  }

  fileprivate func search(_ request: API.MessagesSearch, _ caller: Caller) throws(RPCFailure) -> API.AnyMessagesMessages
  {
    let viewer = try caller.viewer()
    let peer = try world.resolve(request.peer, for: viewer)
    let author = try request.fromId.map { input throws(RPCFailure) in try world.resolve(input, for: viewer) }
    let window = HistoryWindow(
      offsetID: request.offsetId, offsetDate: 0, addOffset: request.addOffset, limit: request.limit,
      maxID: request.maxId, minID: request.minId)
    let words = request.q.lowercased()
    return try history(of: peer, window, viewer) { message in
      if let author, author != message.sender ?? .user(message.author) { return false }
      if let thread = request.topMsgId, message.thread != thread { return false }
      if request.minDate > 0, message.date < request.minDate { return false }
      if request.maxDate > 0, message.date > request.maxDate { return false }
      guard words.isEmpty || message.text?.string.lowercased().contains(words) == true else { return false }
      switch request.filter {
      case .inputMessagesFilterEmpty: return true
      default: return message.media.map { matches($0, request.filter) } ?? false
      }
    }
  }

  private func matches(_ media: StoredMedia, _ filter: API.AnyMessagesFilter) -> Bool {
    let kind = world.kind(of: media)
    switch filter {
    case .inputMessagesFilterPhotos: return kind == "photo"
    case .inputMessagesFilterVideo: return kind == "video"
    case .inputMessagesFilterPhotoVideo: return kind == "photo" || kind == "video"
    case .inputMessagesFilterDocument: return kind == "document"
    case .inputMessagesFilterGif: return kind == "gif"
    case .inputMessagesFilterVoice: return kind == "voice"
    case .inputMessagesFilterRoundVideo: return kind == "video_note"
    case .inputMessagesFilterMusic: return kind == "audio"
    case .inputMessagesFilterContacts: return kind == "contact"
    case .inputMessagesFilterGeo: return kind == "location" || kind == "venue"
    default: return false
    }
  }

  fileprivate func fullChat(_ id: Int64, _ caller: Caller) throws(RPCFailure) -> API.MessagesChatFull {
    let viewer = try caller.viewer()
    let group = try world.group(id, for: viewer)
    var mentions = Mentions()
    mentions.insert(.group(id))
    mentions.users.formUnion(group.members.map(\.user))
    let participants = group.members.map { member -> API.AnyChatParticipant in
      if member.user == group.creator { return .chatParticipantCreator(.init(userId: member.user)) }
      return .chatParticipant(.init(userId: member.user, inviterId: member.inviter, date: member.date))
    }
    return API.MessagesChatFull(
      fullChat: .chatFull(
        API.ChatFull(
          id: id, about: "",
          participants: .chatParticipants(
            .init(chatId: id, participants: participants, version: group.version)),
          notifySettings: API.PeerNotifySettings())),
      chats: world.chats(mentions, for: viewer), users: world.users(mentions, for: viewer))
  }
}
