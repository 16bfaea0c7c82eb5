import MTProto
import TL
public import TelegramClient

/// The log chat on Telegram.
public struct TelegramLogChat: LogChat {
  /// How to name users, by their bare ids; the chat is where they were met.
  public typealias UserLookUp = @Sendable (Set<Int64>, PeerID?) async -> [Int64: UserReference]

  let client: TelegramClient
  let chat: PeerID
  private let lookUp: UserLookUp
  /// What recovered files are encrypted with.
  let key: Secret<[UInt8]>?
  /// DELETE_SENT_GIFS_FROM_SAVED, DELETE_SENT_STICKERS_FROM_SAVED.
  let tidiesGIFs: Bool
  let tidiesStickers: Bool

  /// - Parameters:
  ///   - chat: LOG_CHAT_ID.
  ///   - lookUp: looks up the users of mentions; those it does not know are named without a link to their profile.
  ///   - key: what recovered files are encrypted with.
  ///   - tidiesGIFs: whether a posted GIF is taken out of the account's saved ones again.
  ///   - tidiesStickers: the same of recent stickers.
  public init(
    client: TelegramClient, chat: PeerID, key: Secret<[UInt8]>? = nil, tidiesGIFs: Bool = true,
    tidiesStickers: Bool = true, lookUp: @escaping UserLookUp
  ) {
    self.client = client
    self.chat = chat
    self.key = key
    self.tidiesGIFs = tidiesGIFs
    self.tidiesStickers = tidiesStickers
    self.lookUp = lookUp
  }

  /// Looks mentions up in the archive.
  public init(client: TelegramClient, settings: Settings, archive: Archive) {
    let known = KnownUsers(archive: archive)
    self.init(
      client: client, chat: settings.logChat, key: settings.deletedMediaKey, tidiesGIFs: settings.tidiesGIFs,
      tidiesStickers: settings.tidiesStickers
    ) { users, chat in await known.references(to: users, metIn: chat) }
  }

  public func send(_ post: Post, randomID: Int64) async throws(LogChatError) {
    try await mentioning(post.content, metIn: post.metIn) { peer, users throws(TelegramError) in
      _ = try await client.invoke(API.MessagesSendMessage(post, to: peer, randomID: randomID, users: users))
    }
  }

  public func sendFile(_ file: LogChatFile, randomID: Int64) async throws(LogChatError) {
    try await mentioning(file.caption, metIn: nil) { peer, users throws(TelegramError) in
      let upload = try await client.upload(file: file.path, name: file.name)
      _ = try await client.invoke(
        API.MessagesSendMedia(file, upload: upload, to: peer, randomID: randomID, users: users))
    }
  }

  /// Sends with links to the profiles of the users that are named; without them should they be what is refused.
  func mentioning(
    _ text: FormattedText, metIn source: PeerID?,
    _ call: (API.AnyInputPeer, [Int64: API.AnyInputUser]) async throws(TelegramError) -> Void
  ) async throws(LogChatError) {
    let references = await lookUp(text.mentionedUsers, source)
    try await repeatable { () async throws(TelegramError) in
      let peer = try await client.inputPeer(chat)
      var users: [Int64: API.AnyInputUser] = [:]
      for (id, reference) in references { users[id] = try? await inputUser(id, reference) }
      do throws(TelegramError) {
        try await call(peer, users)
      } catch {
        guard !users.isEmpty, case .rpc(let refusal, _) = error, Self.refusalsOfUsers.contains(refusal.name) else {
          throw error
        }
        try await call(peer, [:])
      }
    }
  }

  private func inputUser(_ id: Int64, _ reference: UserReference) async throws(TelegramError) -> API.AnyInputUser {
    switch reference {
    case .accessHash(let hash):
      return .inputUser(API.InputUser(userId: id, accessHash: hash))
    case .seen(let chat, let message):
      return .inputUserFromMessage(
        API.InputUserFromMessage(
          peer: try await client.inputPeer(chat), msgId: Int32(clamping: message), userId: id))
    }
  }

  /// Refusals that a user named in the text may be the reason of.
  private static let refusalsOfUsers: Set<String> = [
    "MESSAGE_ID_INVALID", "MSG_ID_INVALID", "PEER_ID_INVALID", "USER_ID_INVALID", "USER_INVALID",
  ]

  /// What an earlier attempt has posted already counts as posted.
  private func repeatable(_ call: () async throws(TelegramError) -> Void) async throws(LogChatError) {
    do throws(TelegramError) {
      try await call()
    } catch {
      if case .rpc(let refusal, _) = error, refusal.name == "RANDOM_ID_DUPLICATE" { return }
      throw LogChatError(error)
    }
  }
}

extension LogChatError {
  /// What a failed call means for a post.
  public init(_ error: TelegramError) {
    switch error {
    case .floodWait(let wait, _): self = .floodWait(wait.components.seconds)
    case .rpc(let refusal, _):
      switch refusal.kind {
      case .floodWait(let wait), .slowModeWait(let wait): self = .floodWait(wait.components.seconds)
      case .serverFailure, .outcomeUnknown, .migrate, .unauthorized: self = .unavailable("\(error)")
      case .fileReferenceExpired: self = .postRefused("\(error)")
      case .other:
        self = Self.refusalsOfTheChat.contains(refusal.name) ? .chatRefused("\(error)") : .postRefused("\(error)")
      }
    case .unknownPeer, .unknownUsername: self = .chatRefused("\(error)")
    case .file: self = .postRefused("\(error)")
    // An answer that cannot be read may have been that it is posted: the repetition will tell.
    case .unauthorized, .authKeyLost, .unreachable, .keyExchange, .decoding, .timeout, .store, .cancelled, .closed:
      self = .unavailable("\(error)")
    }
  }

  /// Refusals that every post would meet.
  ///
  /// Source: core.telegram.org/method/messages.sendMessage, "Possible errors".
  private static let refusalsOfTheChat: Set<String> = [
    "CHANNEL_INVALID", "CHANNEL_PRIVATE", "CHAT_ADMIN_REQUIRED", "CHAT_FORBIDDEN", "CHAT_GUEST_SEND_FORBIDDEN",
    "CHAT_ID_INVALID", "CHAT_RESTRICTED", "CHAT_SEND_PLAIN_FORBIDDEN", "CHAT_WRITE_FORBIDDEN", "INPUT_USER_DEACTIVATED",
    "PEER_ID_INVALID", "USER_BANNED_IN_CHANNEL", "USER_DEACTIVATED", "USER_DEACTIVATED_BAN", "USER_IS_BLOCKED",
    "YOU_BLOCKED_USER",
  ]
}

extension FormattedText {
  /// Users whose profiles the text links to, by their bare ids.
  var mentionedUsers: Set<Int64> {
    Set(entities.compactMap { if case .userLink(let id) = $0.style { id } else { nil } })
  }

  func messageEntities(users: [Int64: API.AnyInputUser]) -> [API.AnyMessageEntity]? {
    let entities = self.entities.compactMap { $0.messageEntity { users[$0] } }
    return entities.isEmpty ? nil : entities
  }
}

extension API.MessagesSendMessage {
  init(_ post: Post, to peer: API.AnyInputPeer, randomID: Int64, users: [Int64: API.AnyInputUser]) {
    self.init(
      noWebpage: true, peer: peer, replyTo: post.inputReply, message: post.content.text, randomId: randomID,
      entities: post.content.messageEntities(users: users))
  }
}

extension Post {
  /// The message it answers, as a call names it.
  var inputReply: API.AnyInputReplyTo? {
    replyTo.map { .inputReplyToMessage(API.InputReplyToMessage(replyToMsgId: Int32(clamping: $0))) }
  }
}

extension API.MessagesSendMedia {
  init(
    _ file: LogChatFile, upload: API.AnyInputFile, to peer: API.AnyInputPeer, randomID: Int64,
    users: [Int64: API.AnyInputUser]
  ) {
    let media = API.InputMediaUploadedDocument(
      forceFile: true, file: upload, mimeType: file.mimeType,
      attributes: [.documentAttributeFilename(API.DocumentAttributeFilename(fileName: file.name))])
    self.init(
      peer: peer, media: .inputMediaUploadedDocument(media), message: file.caption.text, randomId: randomID,
      entities: file.caption.messageEntities(users: users))
  }
}
