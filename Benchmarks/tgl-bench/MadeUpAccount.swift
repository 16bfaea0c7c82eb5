import MTProto
import TGLCore
import TL
import TelegramClient
import TelegramSandbox

/// An account with some hundred chats, and what is said in them: the n-th message is the same on every machine.
struct MadeUpAccount {
  /// Making words takes longer than keeping them: each of these is said many times, with another number.
  private let texts: [StormText]
  private static let name = "message 00000000"

  init(texts count: Int = 20_000) throws {
    texts = try (0..<count).map { try StormText(name: Self.name, seed: UInt64($0)) }
  }

  static let me: Int64 = 1001
  static let logChat: Int64 = 9999
  /// As many chats as somebody who talks a lot has; the first ones hold most messages.
  private static let chats = 400
  /// When the first message was sent, in seconds since 1970, and how long until the next one.
  private static let start: Int64 = 1_700_000_000
  private static let pace: Int64 = 3

  enum Chat {
    case user(Int64)
    case basicGroup(Int64)
    case supergroup(Int64)
    case broadcast(Int64)
  }

  static func policy() throws -> RecorderPolicy {
    guard let selfID = PeerID.user(me), let logChat = PeerID.channel(logChat) else { throw InvalidAccount() }
    return RecorderPolicy(selfID: selfID, logChat: logChat)
  }

  struct InvalidAccount: Error {}

  static func date(of number: Int) -> Int64 { start + Int64(number) * pace }

  /// Ids grow in every chat, as Telegram's do.
  static func id(of number: Int) -> Int32 { Int32(number + 1) }

  static func chat(of number: Int) -> Chat {
    // The square puts three quarters of the messages into a quarter of the chats.
    let share = Double(mixed(number) >> 11) / Double(UInt64(1) << 53)
    let index = Int64(share * share * Double(chats))
    return switch index % 5 {
    case 0, 1: .user(10_000 + index)
    case 2: .basicGroup(20_000 + index)
    case 3: .supergroup(30_000 + index)
    default: .broadcast(40_000 + index)
    }
  }

  /// "message 00000042: …"; once it is edited, "changed 00000042: …" with other words.
  private func message(_ number: Int, edited: Bool = false) -> API.AnyMessage {
    let said = texts[Int(Self.mixed(edited ? -number : number) % UInt64(texts.count))]
    let digits = String(number)
    let name = (edited ? "changed " : "message ") + String(repeating: "0", count: max(8 - digits.count, 0)) + digits
    let chat = Self.chat(of: number)
    let sender: Int64? =
      switch chat {
      case .user(let id): id
      case .basicGroup, .supergroup: 10_000 + Int64(Self.mixed(number) % 400)
      case .broadcast: nil
      }
    return .message(
      API.Message(
        id: Self.id(of: number), fromId: sender.map { .peerUser(API.PeerUser(userId: $0)) }, peerId: chat.peer,
        date: Int32(Self.date(of: number)), message: name + said.text.dropFirst(Self.name.count),
        entities: said.entities.isEmpty ? nil : said.entities,
        editDate: edited ? Int32(Self.date(of: number) + 60) : nil))
  }

  /// New messages with what else comes meanwhile: an edit in ten and a deletion in twenty, of recent ones.
  func batch(_ numbers: Range<Int>) -> UpdateBatch {
    var batch = UpdateBatch()
    var users: Set<Int64> = [Self.me]
    var chats: [Int64: API.AnyChat] = [:]
    for number in numbers {
      let chat = Self.chat(of: number)
      batch.updates.append(chat.new(message(number)))
      if number % 10 == 9 { batch.updates.append(chat.edit(message(number, edited: true))) }
      if number % 20 == 19 { batch.updates.append(Self.deletion(of: number - 10)) }
      users.insert(10_000 + Int64(Self.mixed(number) % 400))
      switch chat {
      case .user(let id): users.insert(id)
      case .basicGroup(let id): chats[id] = chat.described
      case .supergroup(let id), .broadcast(let id): chats[id] = chat.described
      }
    }
    batch.users = users.sorted().map {
      .user(
        API.User(isSelf: $0 == Self.me, id: $0, accessHash: $0 &* 7, firstName: "User \($0)", username: "user_\($0)"))
    }
    batch.chats = chats.values.compactMap(\.self)
    batch.stateChange.account = UpdatesState(
      pts: Self.id(of: numbers.upperBound), qts: 0, date: Int32(Self.date(of: numbers.upperBound)), seq: 0)
    return batch
  }

  static func deletion(of number: Int) -> API.AnyUpdate { chat(of: number).delete([id(of: number)]) }

  /// SplitMix64's mixing: numbers next to each other come to nothing alike.
  static func mixed(_ number: Int) -> UInt64 {
    var mixed = UInt64(bitPattern: Int64(number)) &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

extension MadeUpAccount.Chat {
  var peer: API.AnyPeer {
    switch self {
    case .user(let id): .peerUser(API.PeerUser(userId: id))
    case .basicGroup(let id): .peerChat(API.PeerChat(chatId: id))
    case .supergroup(let id), .broadcast(let id): .peerChannel(API.PeerChannel(channelId: id))
    }
  }

  /// Whether the ids of its messages are the account's own and not the chat's.
  var isOfAccount: Bool {
    switch self {
    case .user, .basicGroup: true
    case .supergroup, .broadcast: false
    }
  }

  var described: API.AnyChat? {
    switch self {
    case .user: nil
    case .basicGroup(let id):
      .chat(
        API.Chat(
          id: id, title: "Group \(id)", photo: .chatPhotoEmpty(API.ChatPhotoEmpty()), participantsCount: 9, date: 1,
          version: 1))
    case .supergroup(let id): channel(id, isSupergroup: true)
    case .broadcast(let id): channel(id, isSupergroup: false)
    }
  }

  private func channel(_ id: Int64, isSupergroup: Bool) -> API.AnyChat {
    .channel(
      API.Channel(
        broadcast: !isSupergroup, megagroup: isSupergroup, id: id, accessHash: id &* 7, title: "Channel \(id)",
        photo: .chatPhotoEmpty(API.ChatPhotoEmpty()), date: 1))
  }

  func new(_ message: API.AnyMessage) -> API.AnyUpdate {
    isOfAccount
      ? .updateNewMessage(API.UpdateNewMessage(message: message, pts: 0, ptsCount: 0))
      : .updateNewChannelMessage(API.UpdateNewChannelMessage(message: message, pts: 0, ptsCount: 0))
  }

  func edit(_ message: API.AnyMessage) -> API.AnyUpdate {
    isOfAccount
      ? .updateEditMessage(API.UpdateEditMessage(message: message, pts: 0, ptsCount: 0))
      : .updateEditChannelMessage(API.UpdateEditChannelMessage(message: message, pts: 0, ptsCount: 0))
  }

  func delete(_ ids: [Int32]) -> API.AnyUpdate {
    switch self {
    case .user, .basicGroup: .updateDeleteMessages(API.UpdateDeleteMessages(messages: ids, pts: 0, ptsCount: 0))
    case .supergroup(let id), .broadcast(let id):
      .updateDeleteChannelMessages(
        API.UpdateDeleteChannelMessages(channelId: id, messages: ids, pts: 0, ptsCount: 0))
    }
  }
}
