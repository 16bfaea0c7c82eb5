import Foundation
public import Logging
import Metrics
import Synchronization

/// Posts what is in the outbox to the log chat, row after row, for as long as it runs.
///
/// What is sent when is `OutboxScheduler`'s to say; what it looks like, `NoticeRenderer`'s. Ingest never waits for it.
public actor Notifier {
  let archive: Archive
  let chat: any LogChat
  let renderer: NoticeRenderer
  let temporaryDirectory: String
  let files: RecoveredFiles
  let time: ServiceTime
  let logger: Logger
  private let alarm = Alarm()
  private var policy: NotifierPolicy
  var scheduler = OutboxScheduler()
  /// What is next, as it was read last.
  var ahead = OutboxPage()
  /// Rows that are in the log chat, and in the outbox still.
  ///
  /// They are taken out together, since that takes longer than a post. Should the program end before, they are posted again
  /// under the same `random_id`, and refused.
  private var told: [OutboxRow.ID] = []
  /// Since when there are some, in seconds since 1970.
  private var toldSince: Int64 = 0
  /// The most rows that are read ahead, and that are taken out together.
  private static let page = 16
  var uploads = EarlyUploads()
  private let refusal = Mutex<(since: ContinuousClock.Instant, reason: String)?>(nil)

  /// - Parameter temporaryDirectory: where the files of digests are made; removed again once they are sent.
  public init(
    archive: Archive, chat: any LogChat, renderer: NoticeRenderer = NoticeRenderer(), temporaryDirectory: String,
    time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    self.init(
      archive: archive, chat: chat, renderer: renderer, temporaryDirectory: temporaryDirectory, store: nil, time: time,
      logger: logger)
  }

  /// - Parameters:
  ///   - store: where recovered files are; without one, notices are posted without files.
  ///   - policy: when something is posted.
  init(
    archive: Archive, chat: any LogChat, renderer: NoticeRenderer = NoticeRenderer(), temporaryDirectory: String,
    store: MediaStore?, policy: NotifierPolicy = NotifierPolicy(), time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    files = RecoveredFiles(archive: archive, store: store)
    self.archive = archive
    self.chat = chat
    self.renderer = renderer
    self.temporaryDirectory = temporaryDirectory
    self.policy = policy
    self.time = time
    self.logger = logger
  }

  /// Says that there is something new in the outbox.
  public nonisolated func wake() { alarm.ring() }

  /// Why the log chat takes nothing, and for how long that has been so; nil while it does, and during a flood wait.
  nonisolated var pause: HealthFacts.OutboxPause? {
    refusal.withLock { $0 }.map { HealthFacts.OutboxPause(reason: $0.reason, lasted: ContinuousClock.now - $0.since) }
  }

  /// Notes whether the log chat as a whole takes posts.
  private func note(_ failure: LogChatError?) {
    refusal.withLock { refusal in
      switch failure {
      case nil, .floodWait, .postRefused: refusal = nil
      case .unavailable(let reason), .chatRefused(let reason):
        refusal = (refusal?.since ?? ContinuousClock.now, reason)
      }
    }
  }

  /// Runs until the task is cancelled, or the archive fails.
  ///
  /// While another process holds the database, or the disk is full, it waits; everything else the archive reports ends
  /// it.
  public func run() async throws(ArchiveError) {
    let outcome: Result<Void, ArchiveError> = await withDiscardingTaskGroup { group in
      defer { group.cancelAll() }
      while !Task.isCancelled {
        do throws(ArchiveError) {
          try await step(&group)
        } catch {
          guard error.isTransient else { return .failure(error) }
          logger.warning("the outbox has to wait", metadata: ["reason": "\(error)"])
          try? await time.sleep(.seconds(5))
        }
      }
      return .success(())
    }
    // What cannot be taken out now is refused as a repetition at the next start.
    if !told.isEmpty { try? await turn(limit: 0) }
    try outcome.get()
  }

  private func step(_ group: inout DiscardingTaskGroup) async throws(ArchiveError) {
    let allowed = policy.pace?.available(at: time.uptime()) ?? Self.page
    guard allowed > 0 else { return try await waitForPace() }
    if ahead.pending.isEmpty || told.count >= Self.page || !told.isEmpty && time.now() > toldSince {
      try await turn(limit: min(allowed, Self.page))
    }
    switch next(ahead) {
    case .send(let row):
      uploadAhead(behind: row.id, &group)
      try await send(row)
    case .wait(let until):
      if !told.isEmpty { return try await turn(limit: min(allowed, Self.page)) }
      await sleep(until: until)
    case .idle:
      await alarm.untilRung()
    }
  }

  private func next(_ page: OutboxPage) -> OutboxScheduler.Action {
    scheduler.next(
      OutboxHeads(pending: page.pending.first, parked: page.parked, nextReady: page.nextReady), now: time.now())
  }

  private func sleep(until: Int64) async {
    let seconds = max(until - time.now(), 0)
    await alarm.sleep { [time] in try? await time.sleep(.seconds(seconds)) }
    // What has come meanwhile is to be read, too.
    ahead = OutboxPage()
  }

  /// Waits until our own pace allows another post, if there is any to make.
  ///
  /// What is next is decided afterwards: until then notices may still change, and more urgent ones come.
  private func waitForPace() async throws(ArchiveError) {
    if !told.isEmpty { try await turn(limit: 0) }
    ahead = OutboxPage()
    switch next(try await archive.peekOutbox(limit: 1, policy.times(time.now()))) {
    case .send: if let delay = policy.pace?.delay(at: time.uptime()) { try? await time.sleep(delay) }
    case .wait(let until): await sleep(until: until)
    case .idle: await alarm.untilRung()
    }
  }

  /// Takes out what is told, and reads what is next.
  private func turn(limit: Int) async throws(ArchiveError) {
    ahead = OutboxPage()
    let times = policy.times(time.now())
    if let pace = policy.pace, limit > 0 {
      let joined = try await archive.joinOutbox(beyond: pace.backlog, times)
      if joined > 0 {
        logger.notice(
          "notices joined into digests: more are waiting than LOG_CHAT_POSTS_PER_MINUTE allows in five minutes",
          metadata: ["notices": "\(joined)"])
      }
    }
    ahead = try await archive.nextOutboxRows(removing: told, limit: limit, times)
    told = []
  }

  private func send(_ row: OutboxRow) async throws(ArchiveError) {
    do {
      let isDone: Bool
      switch row.payload {
      case .message(let notice): isDone = try await send(notice, row)
      case .digest(let digest):
        try await send(digest, row)
        isDone = true
      case .note(let note):
        var post = Post(note.text)
        post.replyTo = note.replyTo
        try await send(post, randomID: row.randomID)
        scheduler.succeeded()
        isDone = true
      case .unreadable(let kind, let reason):
        throw LogChatError.postRefused("an outbox row of kind \(kind) cannot be read: \(reason)")
      }
      if isDone {
        if told.isEmpty { toldSince = time.now() }
        told.append(row.id)
      }
      // The next parked one is to be read.
      if row.id == ahead.pending.first?.id { ahead.pending.removeFirst() } else { ahead = OutboxPage() }
      note(nil)
      Counter(label: "tgl_posts_total", dimensions: [("result", "sent")]).increment()
      Metrics.Recorder(label: "tgl_notice_delay_seconds").record(max(time.now() - row.createdAt, 0))
    } catch let error as ArchiveError {
      throw error
    } catch {
      // A call that was cut off by the end of the program says nothing about the row.
      if Task.isCancelled { return }
      let failure = error as? LogChatError ?? .postRefused("the post could not be made: \(error)")
      let change = scheduler.failed(row, failure, now: time.now())
      note(failure)
      log(change, row)
      ahead = OutboxPage()
      try await archive.apply(change, to: row.id)
    }
  }

  /// Counts messages that are about to be posted.
  func take(_ count: Int) { policy.pace?.take(count, at: time.uptime()) }

  private func log(_ change: OutboxChange, _ row: OutboxRow) {
    guard case .postponed(let state, let until, let attempts, let error) = change else { return }
    Counter(label: "tgl_posts_total", dimensions: [("result", state == .parked ? "parked" : "postponed")]).increment()
    logger.log(
      level: state == .parked ? .error : .warning, "a notice was not posted; it will be tried again",
      metadata: [
        "row": "\(row.id)", "kind": "\(row.payload.kind)", "reason": "\(error)", "refusals": "\(attempts)",
        "seconds": "\(max(until - time.now(), 0))",
      ])
  }
}
