import Foundation
import Logging
import MTProto
import TL
import TelegramClient

/// What saving links asks of Telegram; `TelegramClient` is one, a test another.
protocol LinkSource: Sendable {
  func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages
  /// Who has the public name.
  func peer(username: String) async throws(TelegramError) -> PeerID
  /// The message of the discussion group that a channel's post is commented under.
  func discussion(of post: Int64, in channel: PeerID) async throws(TelegramError) -> FetchedMessages
}

extension TelegramClient: LinkSource {
  func peer(username: String) async throws(TelegramError) -> PeerID { try await resolve(username: username).id }

  /// Source: core.telegram.org/method/messages.getDiscussionMessage.
  func discussion(of post: Int64, in channel: PeerID) async throws(TelegramError) -> FetchedMessages {
    let answer = try await invoke(
      API.MessagesGetDiscussionMessage(peer: try await inputPeer(channel), msgId: Int32(clamping: post)))
    return FetchedMessages(messages: answer.messages, users: answer.users, chats: answer.chats)
  }
}

/// Fetches the messages whose links the account's owner has written in the log chat, and has copies of them posted.
///
/// The links stand in the archive, and so do the copies: what is posted, with which files, and when is the outbox's.
actor LinkSaver {
  private let source: any LinkSource
  private let archive: Archive
  private let recorder: Recorder
  private let policy: NoticePolicy
  private let recorded: @Sendable (CommitReport) -> Void
  private let time: ServiceTime
  private let logger: Logger
  private let alarm = Alarm()

  /// - Parameter recorded: called after something was recorded, with what it came to.
  init(
    source: any LinkSource, archive: Archive, recorder: Recorder, policy: NoticePolicy,
    recorded: @escaping @Sendable (CommitReport) -> Void, time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    self.source = source
    self.archive = archive
    self.recorder = recorder
    self.policy = policy
    self.recorded = recorded
    self.time = time
    self.logger = logger
  }

  /// Says that there are new links.
  nonisolated func wake() { alarm.ring() }

  /// Runs until the task is cancelled, or the archive fails.
  func run() async throws {
    while !Task.isCancelled {
      do throws(ArchiveError) {
        try await step()
      } catch {
        guard error.isTransient else { throw error }
        logger.warning("archive is not available; saving links waits", metadata: ["reason": "\(error)"])
        try await time.sleep(.seconds(5))
      }
    }
  }

  private func step() async throws(ArchiveError) {
    let now = time.now()
    guard let link = try await archive.nextSavedLink(now: now) else { return await alarm.untilRung() }
    let due = StoredDeadline.trusted(link.notBefore, now: now)
    guard due <= now else {
      return await alarm.sleep { [time] in try? await time.sleep(.seconds(due - now)) }
    }
    let found: LinkOutcome.Result
    let fetched: FetchedMessages
    do throws(TelegramError) {
      (found, fetched) = try await follow(link)
    } catch {
      return try await failed(link, error)
    }
    let batch = recorder.record(messages: [], users: fetched.users, chats: fetched.chats, now: time.now())
    try await commit(LinkOutcome(link: link, result: found), batch)
  }

  private func commit(_ outcome: LinkOutcome, _ batch: RecorderBatch) async throws(ArchiveError) {
    recorded(try await archive.commit(outcome, batch, policy: policy))
  }

  private func failed(_ link: SavedLink, _ error: TelegramError) async throws(ArchiveError) {
    if Task.isCancelled { return }
    guard let pause = Self.pause(after: error, attempts: link.attempts + 1) else {
      let outcome = LinkOutcome(link: link, result: .failed(Self.words(for: error)))
      return try await commit(outcome, RecorderBatch(receivedAt: time.now()))
    }
    logger.notice(
      "link was not followed; it will be tried again",
      metadata: [
        "link": "\(link.link)", "reason": "\(error)", "attempts": "\(link.attempts + 1)",
        "seconds": "\(pause.components.seconds + 1)",
      ])
    let until = StoredDeadline.after(pause.components.seconds + 1, now: time.now())
    try await archive.postpone(link.id, until: until, reason: "\(error)")
  }

  /// About two days.
  private static let patience = Patience(first: .seconds(5), longest: .seconds(3_600), attempts: 50)

  /// How long to wait before the link is tried again; nil when that would not help.
  private static func pause(after error: TelegramError, attempts: Int) -> Duration? {
    switch error.verdict {
    case .retry(let asked): patience.pause(afterFailures: attempts, asked: asked)
    // What ends the client, or the session, says nothing of the link.
    case .renew, .signIn, .cancelled: patience.pause(afterFailures: attempts)
    case .setAside, .alreadyDone, .stop: nil
    }
  }

  private static func words(for error: TelegramError) -> String {
    switch error {
    case .unknownUsername(let name): "nobody has the name @\(name)"
    case .unknownPeer: "this account is not in that chat"
    case .rpc(let refusal, _):
      ["CHANNEL_PRIVATE", "CHANNEL_INVALID", "PEER_ID_INVALID"].contains(refusal.name)
        ? "this account is not in that chat" : "Telegram refuses: \(refusal.message)"
    default: "\(error)"
    }
  }

  // MARK: Following

  private func follow(
    _ link: SavedLink
  ) async throws(TelegramError) -> (LinkOutcome.Result, FetchedMessages) {
    guard let target = MessageLink(link.link) else { return (.failed("it is no link to a message"), FetchedMessages()) }
    var peer =
      switch target.place {
      case .peer(let peer): peer
      case .username(let name): try await source.peer(username: name)
      }
    var id = target.message
    if let comment = target.comment {
      let discussion = try await source.discussion(of: id, in: peer)
      let group = discussion.messages.lazy.compactMap { Self.record($0, self.recorder) }.first?.chat
      guard let group else { return (.failed("that post has no comments"), discussion) }
      (peer, id) = (group, comment)
    }
    let scope = peer.kind == .channel ? MessageScope.channel(peer) : .common
    // An album's messages have neighbouring numbers.
    let ids = target.isSingle ? [id] : Array(max(id - 9, 1)...min(id + 9, Int64(Int32.max)))
    let fetched = try await source.messages(ids, in: scope)
    let records = fetched.messages.compactMap { Self.record($0, recorder) }.filter { $0.chat == peer }
    if fetched.unreadable.contains(where: { $0.answer.messageID == id }) {
      return (.failed("the message uses something that is newer than this tgl; an update of tgl can save it"), fetched)
    }
    guard let message = records.first(where: { $0.id == id }) else {
      return (.failed("there is no such message: it was deleted, or never was"), fetched)
    }
    guard !target.isSingle, let album = message.groupedID else { return (.found([message]), fetched) }
    return (.found(records.filter { $0.groupedID == album }.sorted { $0.id < $1.id }), fetched)
  }

  private static func record(_ message: API.AnyMessage, _ recorder: Recorder) -> MessageRecord? {
    switch message {
    case .message(let message): MessageRecord(message, selfID: recorder.policy.selfID)
    case .messageService(let message): MessageRecord(message, selfID: recorder.policy.selfID)
    case .messageEmpty, .other: nil
    }
  }
}
