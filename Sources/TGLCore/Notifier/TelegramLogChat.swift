import MTProto
import TL
public import TelegramClient

/// The log chat on Telegram.
///
/// Source: core.telegram.org/method/messages.sendMessage and core.telegram.org/method/messages.sendMedia.
public struct TelegramLogChat: LogChat {
  /// Errors that concern the chat, not what is posted.
  private static let chatErrors: Set<String> = [
    "CHANNEL_INVALID", "CHANNEL_PRIVATE", "CHAT_ADMIN_REQUIRED", "CHAT_GUEST_SEND_FORBIDDEN", "CHAT_ID_INVALID",
    "CHAT_RESTRICTED", "CHAT_SEND_DOCS_FORBIDDEN", "CHAT_SEND_PLAIN_FORBIDDEN", "CHAT_WRITE_FORBIDDEN",
    "INPUT_USER_DEACTIVATED", "PEER_ID_INVALID", "USER_BANNED_IN_CHANNEL", "USER_IS_BLOCKED", "YOU_BLOCKED_USER",
  ]

  private let client: TelegramClient
  private let chat: PeerID
  private let archive: Archive

  /// - Parameter archive: knows the access hashes of the people notices name.
  public init(client: TelegramClient, chat: PeerID, archive: Archive) {
    self.client = client
    self.chat = chat
    self.archive = archive
  }

  public func send(_ post: Post, randomID: Int64) async throws(LogChatError) {
    let entities = try await entities(of: post.content)
    try await perform { () async throws(TelegramError) in
      _ = try await client.invoke(
        API.MessagesSendMessage(
          noWebpage: true, peer: try await client.inputPeer(chat), message: post.content.text, randomId: randomID,
          entities: entities.isEmpty ? nil : entities))
    }
  }

  public func sendFile(_ file: LogChatFile, randomID: Int64) async throws(LogChatError) {
    let entities = try await entities(of: file.caption)
    try await perform { () async throws(TelegramError) in
      let uploaded = try await client.upload(file: file.path, name: file.name, id: file.uploadID)
      let media = API.InputMediaUploadedDocument(
        forceFile: true, file: uploaded, mimeType: file.mimeType,
        attributes: [.documentAttributeFilename(API.DocumentAttributeFilename(fileName: file.name))])
      _ = try await client.invoke(
        API.MessagesSendMedia(
          peer: try await client.inputPeer(chat), media: .inputMediaUploadedDocument(media),
          message: file.caption.text, randomId: randomID, entities: entities.isEmpty ? nil : entities))
    }
  }

  private func entities(of text: FormattedText) async throws(LogChatError) -> [API.AnyMessageEntity] {
    let users = text.entities.compactMap { if case .userLink(let id) = $0.style { id } else { nil } }
    let hashes: [Int64: Int64]
    do { hashes = try await archive.accessHashes(ofUsers: Set(users)) } catch { throw .unavailable("\(error)") }
    return text.entities.compactMap { $0.messageEntity { hashes[$0] } }
  }

  private func perform(_ call: () async throws(TelegramError) -> Void) async throws(LogChatError) {
    do throws(TelegramError) { try await call() } catch {
      switch error {
      case .floodWait(let wait, _):
        throw .floodWait(wait.components.seconds)
      // An answer means that the post was taken, whether it can be read or not.
      case .decoding:
        return
      case .unknownPeer:
        throw .chatRefused("\(error)")
      case .rpc(let refusal, _):
        try judge(refusal)
      default:
        throw .unavailable("\(error)")
      }
    }
  }

  private func judge(_ refusal: RPCError) throws(LogChatError) {
    switch refusal.kind {
    case .floodWait(let wait), .slowModeWait(let wait): throw .floodWait(wait.components.seconds)
    case .serverFailure, .outcomeUnknown, .unauthorized, .migrate: throw .unavailable("\(refusal)")
    default:
      // Posted by an earlier attempt whose answer was lost.
      if refusal.name == "RANDOM_ID_DUPLICATE" { return }
      if refusal.code == 403 || Self.chatErrors.contains(refusal.name) { throw .chatRefused("\(refusal)") }
      throw .postRefused("\(refusal)")
    }
  }
}
