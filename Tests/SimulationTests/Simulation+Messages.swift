import MTProto
import TL
import TelegramClient

@testable import TGLCore

/// Telegram, as those see it who ask for messages instead of being told of them.
struct SimulatedMessages: MessageSource, LinkSource {
  let process: Process

  private var source: SimulatedSource { SimulatedSource(process: process) }

  func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages {
    let method = scope == .common ? API.MessagesGetMessages.name : API.ChannelsGetMessages.name
    return try await ask(method, in: scope) { server in
      server.keys(ids.map { Int32(clamping: $0) }, inChannel: scope.channelID)
    }
  }

  func history(of chat: PeerID, below id: Int64, limit: Int) async throws(TelegramError) -> FetchedMessages {
    let scope = MessageScope(of: chat)
    return try await ask(API.MessagesGetHistory.name, in: scope) { server in
      let keys = server.alive(inChannel: scope.channelID).filter {
        $0.chat == chat.rawValue && (id == 0 || Int64($0.id) < id)
      }
      return keys.suffix(limit).reversed()
    }
  }

  func hiddenMessages(in channel: PeerID) async throws(TelegramError) -> Int64 {
    _ = try await ask(API.ChannelsGetFullChannel.name, in: .channel(channel)) { _ in [] }
    return 0
  }

  func dialogs(from offset: DialogOffset) async throws(TelegramError) -> API.AnyMessagesDialogs {
    try await source.call(API.MessagesGetDialogs.name) { world in (world.server.dialogs(), {}) }
  }

  func peer(username: String) async throws(TelegramError) -> PeerID { throw .unknownUsername(username) }

  func discussion(of post: Int64, in channel: PeerID) async throws(TelegramError) -> FetchedMessages {
    FetchedMessages()
  }

  /// The messages as they are when the server answers; an error when the account cannot read the channel.
  private func ask(
    _ method: String, in scope: MessageScope, _ choose: (ServerTruth) -> [MessageKey]
  ) async throws(TelegramError) -> FetchedMessages {
    let result: Result<FetchedMessages, TelegramError> = try await source.call(method) { world in
      if let id = scope.channelID, world.server.channels[id]?.isMember != true {
        return (.failure(.rpc(RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: method)), {})
      }
      let server = world.server
      let keys = choose(server)
      let answer = FetchedMessages(
        messages: keys.map { server.message($0) }, users: ServerTruth.users, chats: server.chats(of: scope.channelID))
      return (.success(answer), { world.oracle.asked(keys, server) })
    }
    return try result.get()
  }
}

extension MessageScope {
  /// Bare.
  fileprivate var channelID: Int64? {
    switch self {
    case .common: nil
    case .channel(let id): id.bareID
    }
  }
}

extension ServerTruth {
  /// The messages with these ids, whether they are still there or not; of no chat where there never was one.
  func keys(_ ids: [Int32], inChannel channel: Int64?) -> [MessageKey] {
    let chats = channel.map { [-1_000_000_000_000 - $0] } ?? Self.privateChats + [Self.group]
    return ids.map { id in
      chats.lazy.map { MessageKey(chat: $0, id: id) }.first { messages[$0] != nil } ?? MessageKey(chat: 0, id: id)
    }
  }

  /// All chats the account is in.
  func dialogs() -> API.AnyMessagesDialogs {
    let joined = channels.filter { $0.value.isMember }.keys.sorted()
    let others = (Self.privateChats + [Self.group]).compactMap { chat -> API.AnyDialog? in
      guard let top = alive(inChannel: nil).last(where: { $0.chat == chat }) else { return nil }
      var dialog = dialog(of: 0)
      dialog.peer = Self.peer(chat)
      dialog.topMessage = top.id
      return .dialog(dialog)
    }
    return .messagesDialogs(
      API.MessagesDialogs(
        dialogs: joined.map { .dialog(dialog(of: $0)) } + others, messages: [],
        chats: joined.map { chat($0) } + chats(of: nil), users: Self.users))
  }
}
