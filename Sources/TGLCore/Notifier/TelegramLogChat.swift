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

  public func send(_ post: Post, randomID: Int64) async throws(LogChatError) -> Int64? {
    try await mentioning(post.content, metIn: post.metIn) { peer, users throws(TelegramError) in
      let answer = try await client.invoke(
        API.MessagesSendMessage(post, to: peer, randomID: randomID, users: users))
      return answer.postedID(randomID)
    }
  }

  public func sendFile(_ file: LogChatFile, randomID: Int64) async throws(LogChatError) -> Int64? {
    try await mentioning(file.caption, metIn: nil) { peer, users throws(TelegramError) in
      let upload = try await client.upload(file: file.path, name: file.name)
      let answer = try await client.invoke(
        API.MessagesSendMedia(file, upload: upload, to: peer, randomID: randomID, users: users))
      return answer.postedID(randomID)
    }
  }

  /// Sends with links to the profiles of the users that are named; without them should they be what is refused.
  func mentioning(
    _ text: FormattedText, metIn source: PeerID?,
    _ call: (API.AnyInputPeer, [Int64: API.AnyInputUser]) async throws(TelegramError) -> Int64?
  ) async throws(LogChatError) -> Int64? {
    let references = await lookUp(text.mentionedUsers, source)
    return try await repeatable { () async throws(TelegramError) in
      let peer = try await client.inputPeer(chat)
      var users: [Int64: API.AnyInputUser] = [:]
      for (id, reference) in references { users[id] = try? await inputUser(id, reference) }
      do throws(TelegramError) {
        return try await call(peer, users)
      } catch {
        guard !users.isEmpty, case .rpc(let refusal, _) = error, Self.refusalsOfUsers.contains(refusal.name) else {
          throw error
        }
        return try await call(peer, [:])
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

  /// What an earlier attempt has posted already counts as posted; its id is not told again.
  private func repeatable(_ call: () async throws(TelegramError) -> Int64?) async throws(LogChatError) -> Int64? {
    do throws(TelegramError) {
      return try await call()
    } catch {
      if error.verdict == .alreadyDone { return nil }
      throw LogChatError(error)
    }
  }
}

extension LogChatError {
  /// What a failed call means for a post.
  public init(_ error: TelegramError) {
    switch error.verdict {
    case .retry(let wait?): self = .floodWait(wait.components.seconds)
    case .setAside(.peer, _), .setAside(.account, _): self = .chatRefused("\(error)")
    case .setAside(.message, _), .setAside(.file, _), .setAside(.request, _), .renew(.fileReference), .renew(.upload):
      self = .postRefused("\(error)")
    // The session is looked after elsewhere; an answer that was lost is told by the repetition.
    case .retry(nil), .renew, .alreadyDone, .signIn, .stop, .cancelled: self = .unavailable("\(error)")
    }
  }
}

extension API.AnyUpdates {
  /// The id of a message that was just posted.
  func postedID(_ randomID: Int64) -> Int64? {
    switch self {
    case .updateShortSentMessage(let sent): return Int64(sent.id)
    case .updates(let updates): return updates.updates.postedID(randomID)
    case .updatesCombined(let updates): return updates.updates.postedID(randomID)
    default: return nil
    }
  }
}

extension [API.AnyUpdate] {
  fileprivate func postedID(_ randomID: Int64) -> Int64? {
    for case .updateMessageID(let update) in self where update.randomId == randomID { return Int64(update.id) }
    return nil
  }
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
