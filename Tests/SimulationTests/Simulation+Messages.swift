import MTProto
import TL
import TelegramClient

@testable import TGLCore

/// Telegram, as those see it who ask for messages instead of being told of them.
struct SimulatedMessages: MessageSource {
  let process: Process

  private var source: SimulatedSource { SimulatedSource(process: process) }

  func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages {
    let method = scope == .common ? API.MessagesGetMessages.name : API.ChannelsGetMessages.name
    return try await ask(method, in: scope) { server in
      server.fetched(server.messages(ids.map { Int32(clamping: $0) }, inChannel: scope.channelID), of: scope)
    }
  }

  func history(of chat: PeerID, below id: Int64, limit: Int) async throws(TelegramError) -> FetchedMessages {
    let scope = MessageScope(of: chat)
    return try await ask(API.MessagesGetHistory.name, in: scope) { server in
      let keys = server.alive(inChannel: scope.channelID).filter {
        $0.chat == chat.rawValue && (id == 0 || Int64($0.id) < id)
      }
      return server.fetched(keys.suffix(limit).reversed().map { server.message($0) }, of: scope)
    }
  }

  func hiddenMessages(in channel: PeerID) async throws(TelegramError) -> Int64 {
    try await ask(API.ChannelsGetFullChannel.name, in: .channel(channel)) { _ in 0 }
  }

  func dialogs(from offset: DialogOffset) async throws(TelegramError) -> API.AnyMessagesDialogs {
    try await source.call(API.MessagesGetDialogs.name) { world in (world.server.dialogs(), {}) }
  }

  /// What the server says, or that the account cannot read the channel.
  private func ask<T>(
    _ method: String, in scope: MessageScope, _ answer: (ServerTruth) -> T
  ) async throws(TelegramError) -> T {
    let result: Result<T, TelegramError> = try await source.call(method) { world in
      if let id = scope.channelID, world.server.channels[id]?.isMember != true {
        return (.failure(.rpc(RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: method)), {})
      }
      return (.success(answer(world.server)), {})
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
  /// Messages by their ids as they are now; those that are gone, or never were, are empty.
  func messages(_ ids: [Int32], inChannel channel: Int64?) -> [API.AnyMessage] {
    ids.map { id in
      let chats = channel.map { [-1_000_000_000_000 - $0] } ?? Self.privateChats + [Self.group]
      let key = chats.lazy.map { MessageKey(chat: $0, id: id) }.first { self.messages[$0] != nil }
      guard let key, messages[key]?.deletedAt == nil else { return .messageEmpty(API.MessageEmpty(id: id)) }
      return message(key)
    }
  }

  func fetched(_ messages: [API.AnyMessage], of scope: MessageScope) -> FetchedMessages {
    FetchedMessages(messages: messages, users: Self.users, chats: chats(of: scope.channelID))
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
