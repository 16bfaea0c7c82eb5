import MTProto
import TL
import TelegramClient

/// Whether the account may post to the log chat, told before anything depends on it.
enum LogChatCheck {
  /// - Throws: `StartError.logChat` with the remedy; `TelegramError` when Telegram cannot be asked.
  static func run(_ id: PeerID, client: TelegramClient) async throws {
    let obstacle: String?
    do throws(TelegramError) {
      obstacle = try await find(id, client)
    } catch {
      switch error {
      case .unknownPeer: obstacle = "this account is in no such chat"
      case .rpc(let refusal, _) where [400, 403, 406].contains(refusal.code):
        obstacle = "Telegram says \(refusal.message)"
      default: throw error
      }
    }
    if let obstacle {
      throw StartError.logChat(id: "\(id)", reason: "\(obstacle); give the id of a chat this account can post to")
    }
  }

  /// What keeps the account from posting; nil when nothing does.
  private static func find(_ id: PeerID, _ client: TelegramClient) async throws(TelegramError) -> String? {
    switch id.kind {
    case .user:
      _ = try await client.inputPeer(id)
      return nil
    case .basicGroup:
      let chats = try await client.invoke(API.MessagesGetChats(id: [id.bareID])).list
      guard case .chat(let chat)? = chats.first, !chat.left, !chat.deactivated else { throw .unknownPeer(id) }
      return obstacle(isAdmin: chat.creator || chat.adminRights != nil, everybody: chat.defaultBannedRights, own: nil)
    case .channel:
      let chats = try await client.invoke(API.ChannelsGetChannels(id: [try await client.inputChannel(id)])).list
      guard case .channel(let channel)? = chats.first, !channel.left else { throw .unknownPeer(id) }
      if channel.broadcast {
        return channel.creator || channel.adminRights?.postMessages == true
          ? nil : "this account may not post in that channel"
      }
      return obstacle(
        isAdmin: channel.creator || channel.adminRights != nil, everybody: channel.defaultBannedRights,
        own: channel.bannedRights)
    }
  }

  private static func obstacle(
    isAdmin: Bool, everybody: API.ChatBannedRights?, own: API.ChatBannedRights?
  ) -> String? {
    if own?.sendMessages == true || own?.viewMessages == true { return "this account is restricted in that chat" }
    if !isAdmin, everybody?.sendMessages == true { return "only administrators may write in that chat" }
    return nil
  }
}

extension API.AnyMessagesChats {
  fileprivate var list: [API.AnyChat] {
    switch self {
    case .messagesChats(let chats): chats.chats
    case .messagesChatsSlice(let slice): slice.chats
    case .other: []
    }
  }
}
