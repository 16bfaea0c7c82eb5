import Foundation
import Logging
import Metrics
import Synchronization
import TL
import TelegramClient

/// What the vault asks of Telegram; `TelegramClient` is one, a test another.
protocol MediaSource: Sendable {
  /// Downloads to the end of `path`, going on where an earlier attempt ended.
  func download(_ file: RemoteFile, to path: String) async throws(DownloadError) -> DownloadedFile
  /// Messages by their ids, as they are now.
  func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages
}

extension TelegramClient: MediaSource {}

/// Fetches and keeps the files the archive wants, several at a time, for as long as it runs.
///
/// Which files, and what is urgent, stands in `media_job`: it is written in the transaction that records the message,
/// so that nothing is forgotten when the process ends. Ingest never waits for it.
actor MediaVault {
  private let source: any MediaSource
  private let archive: Archive
  private let store: MediaStore
  private let wakeNotifier: @Sendable () -> Void
  private let time: ServiceTime
  private let logger: Logger
  private let alarm = Alarm()
  private var slots = MediaSlots()
  private var retryLog = PacedLog()
  private var archiveLog = PacedLog()
  /// Jobs that are due and wait for a slot, the most urgent first, as they were read last.
  private var waiting: [MediaJob.Due] = []
  /// When the next one that is not among them is due; nil when there is none, or too many to know.
  private var nextDue: Int64?
  /// Whether there may be others that are more urgent.
  private let hasNews = Atomic(true)
  /// How many of the open jobs are looked at for one that can be worked on.
  private static let page = 64

  /// - Parameter wakeNotifier: called when a notice that waited for files has become ready.
  init(
    source: any MediaSource, archive: Archive, store: MediaStore, wakeNotifier: @escaping @Sendable () -> Void,
    time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    self.source = source
    self.archive = archive
    self.store = store
    self.wakeNotifier = wakeNotifier
    self.time = time
    self.logger = logger
  }

  /// Says that there are new jobs.
  nonisolated func wake() {
    hasNews.store(true, ordering: .sequentiallyConsistent)
    alarm.ring()
  }

  /// Runs until the task is cancelled, or the archive fails.
  func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      while !Task.isCancelled {
        let now = time.now()
        if hasNews.exchange(false, ordering: .sequentiallyConsistent) || waiting.isEmpty
          || nextDue.map({ $0 <= now }) == true
        {
          try await look(now)
        }
        waiting.removeAll { job in
          guard slots.take(job) else { return false }
          group.addTask { try await self.work(on: job.id) }
          return true
        }
        // A job that is due and was not taken waits for a slot, whose end rings.
        if let due = nextDue, due > now {
          await alarm.sleep { [time] in try? await time.sleep(.seconds(due - now)) }
        } else {
          await alarm.untilRung()
        }
      }
      group.cancelAll()
    }
  }

  /// Reads which jobs are due, and when the next one is.
  private func look(_ now: Int64) async throws {
    let jobs = try await retrying { () async throws(ArchiveError) in
      try await self.archive.dueMedia(now: now, limit: Self.page)
    }
    waiting = jobs.filter { !slots.isWorking(on: $0.id) }
    nextDue = nil
    // When there are more than these, a slot's end comes first.
    guard jobs.count < Self.page else { return }
    let next = try await retrying { () async throws(ArchiveError) in try await self.archive.nextMediaDue(after: now) }
    nextDue = next.map { StoredDeadline.trusted($0, now: now) }
  }

  private func work(on id: MediaJob.ID) async throws {
    defer {
      slots.free(id)
      alarm.ring()
    }
    // What was due before an earlier attempt's end was recorded may be no more.
    let current = try await retrying { () async throws(ArchiveError) in try await self.archive.mediaTask(id) }
    let now = time.now()
    guard let task = current, StoredDeadline.trusted(task.job.notBefore, now: now) <= now else { return }
    let job = task.job
    let attempt = MediaAttempt(source: source, archive: archive, store: store, time: time, logger: logger)
    guard let change = try await attempt.run(task) else { return }
    log(change, job)
    let time = time
    let outcome = try await retrying { () async throws(ArchiveError) in
      try await self.archive.apply(change, to: job.id, now: time.now())
    }
    if outcome.isOpen { hasNews.store(true, ordering: .sequentiallyConsistent) }
    if outcome.readiesNotices { wakeNotifier() }
    if let released = outcome.released { store.remove(store.path(of: released)) }
  }

  /// Waits for as long as the archive is locked or its disk is full.
  private func retrying<T: Sendable>(
    _ body: () async throws(ArchiveError) -> T
  ) async throws -> T {
    while true {
      do throws(ArchiveError) {
        return try await body()
      } catch {
        guard error.isTransient else { throw error }
        if let others = archiveLog.admit(at: time.now()) {
          logger.warning(
            "archive is not available; media waits", metadata: ["reason": "\(error)", "others": "\(others)"])
        }
        try await time.sleep(.seconds(5))
      }
    }
  }

  private func log(_ change: MediaChange, _ job: MediaJob) {
    count(change, job)
    var metadata: Logger.Metadata = [
      "chat": "\(job.chat)", "message": "\(job.messageID)", "kind": "\(job.kind.rawValue)", "bytes": "\(job.size)",
    ]
    if let name = job.file?.name { metadata["file"] = "\(DisplayName.clean(name, limit: 80))" }
    switch change {
    case .fetched, .preserved, .refreshed: logger.debug("file kept", metadata: metadata)
    case .postponed(let until, let reason, _):
      guard let others = retryLog.admit(at: time.now()) else { return }
      metadata["reason"] = "\(reason)"
      metadata["attempts"] = "\(job.attempts + job.outages + 1)"
      metadata["seconds"] = "\(max(until - time.now(), 0))"
      if others > 0 { metadata["others"] = "\(others)" }
      logger.notice("download postponed; it will be tried again", metadata: metadata)
    case .ended(_, let reason):
      metadata["reason"] = "\(reason)"
      logger.warning(
        job.isDeleted
          ? "file was not kept; its message is posted without it"
          : "file was not kept; it is asked for again when its message is deleted", metadata: metadata)
    case .vanished: logger.warning("kept file is not on the disk any more; fetching it again", metadata: metadata)
    }
  }

  private func count(_ change: MediaChange, _ job: MediaJob) {
    if let result = change.result {
      Counter(label: "tgl_media_files_total", dimensions: [("result", result)]).increment()
    }
    switch change {
    case .fetched(_, let size):
      Counter(label: "tgl_media_bytes_total", dimensions: [("direction", "down")]).increment(by: size)
    case .ended where job.isDeleted:
      Counter(label: "tgl_lost_total", dimensions: [("cause", "media")]).increment()
    case .preserved, .vanished, .refreshed, .postponed, .ended: break
    }
  }
}

extension MediaChange {
  /// What it is counted as; nil for a step on the way.
  fileprivate var result: String? {
    switch self {
    case .fetched: "fetched"
    case .preserved: "kept"
    case .ended: "failed"
    case .postponed: "postponed"
    case .vanished, .refreshed: nil
    }
  }
}
