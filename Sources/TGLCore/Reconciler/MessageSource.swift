import MTProto
public import TL
public import TelegramClient

/// Messages with the peers they speak of.
public struct FetchedMessages: Sendable {
  public var messages: [API.AnyMessage]
  public var users: [API.AnyUser]
  public var chats: [API.AnyChat]
  /// What could not be read of them, with its place in what was asked for.
  public var unreadable: [(place: Int, answer: UnreadableAnswer)] = []

  public init(messages: [API.AnyMessage] = [], users: [API.AnyUser] = [], chats: [API.AnyChat] = []) {
    self.messages = messages
    self.users = users
    self.chats = chats
  }
}

/// What looking again asks of Telegram; `TelegramClient` is one, a test another.
public protocol MessageSource: Sendable {
  /// Messages by their ids, at most 100; `messageEmpty` stands for one that is gone.
  func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages
  /// Up to 100 messages of a chat with ids below `id`, newest first; 0 for the newest of all.
  func history(of chat: PeerID, below id: Int64, limit: Int) async throws(TelegramError) -> FetchedMessages
  /// Messages up to this id are hidden from the account, which does not mean that they are deleted.
  func hiddenMessages(in channel: PeerID) async throws(TelegramError) -> Int64
  /// One page of the account's dialogs.
  func dialogs(from offset: DialogOffset) async throws(TelegramError) -> API.AnyMessagesDialogs
}

extension TelegramClient: MessageSource {
  /// Source: core.telegram.org/method/messages.getMessages, core.telegram.org/method/channels.getMessages.
  public func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages {
    let inputs = ids.map { API.AnyInputMessage.inputMessageID(API.InputMessageID(id: Int32(clamping: $0))) }
    var fetched = try await FetchedMessages.readable(0..<ids.count) { places throws(TelegramError) in
      switch scope {
      case .common:
        return FetchedMessages(try await invoke(API.MessagesGetMessages(id: Array(inputs[places]))))
      case .channel(let channel):
        return FetchedMessages(
          try await invoke(
            API.ChannelsGetMessages(channel: try await inputChannel(channel), id: Array(inputs[places]))))
      }
    }
    for index in fetched.unreadable.indices {
      fetched.unreadable[index].answer.messageID = ids[fetched.unreadable[index].place]
    }
    return fetched
  }

  /// Source: core.telegram.org/method/messages.getHistory.
  public func history(of chat: PeerID, below id: Int64, limit: Int) async throws(TelegramError) -> FetchedMessages {
    let peer = try await inputPeer(chat)
    var fetched = try await FetchedMessages.readable(0..<max(limit, 0)) { places throws(TelegramError) in
      FetchedMessages(
        try await invoke(
          API.MessagesGetHistory(
            peer: peer, offsetId: Int32(clamping: id), offsetDate: 0, addOffset: Int32(clamping: places.lowerBound),
            limit: Int32(clamping: places.count), maxId: 0, minId: 0, hash: 0)))
    }
    for index in fetched.unreadable.indices {
      let header = fetched.unreadable[index].answer.bytes.flatMap(UnreadableMessage.init(in:))
      fetched.unreadable[index].answer.messageID = header.map { Int64($0.id) }
    }
    return fetched
  }

  /// Source: core.telegram.org/constructor/channelFull, `available_min_id`.
  public func hiddenMessages(in channel: PeerID) async throws(TelegramError) -> Int64 {
    let answer = try await invoke(API.ChannelsGetFullChannel(channel: try await inputChannel(channel)))
    guard case .channelFull(let full) = answer.fullChat else { return 0 }
    return Int64(full.availableMinId ?? 0)
  }
}

extension FetchedMessages {
  init(_ answer: API.AnyMessagesMessages) {
    switch answer {
    case .messagesMessages(let all):
      self.init(messages: all.messages, users: all.users, chats: all.chats)
    case .messagesMessagesSlice(let slice):
      self.init(messages: slice.messages, users: slice.users, chats: slice.chats)
    case .messagesChannelMessages(let channel):
      self.init(messages: channel.messages, users: channel.users, chats: channel.chats)
    case .messagesMessagesNotModified, .other:
      self.init()
    }
  }
}
