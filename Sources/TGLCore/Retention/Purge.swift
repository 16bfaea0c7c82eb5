import Foundation

/// Removes what has been kept long enough, a little at a time, so that a service that is writing never has to wait long.
///
/// Whoever waits for SQLite's write lock looks again after 1, 2, 5, 10, 15, 20, 25 ms and so on (its busy handler), and
/// comes in vain as often as he finds a transaction. They are short, and take a sixth of the time at most: eight looks
/// in vain, 103 ms, are met once in a million. While no service runs, nobody is waited for.
public struct Purge: Sendable {
  public struct Pace: Sendable {
    /// Of one transaction, before its commit.
    var limit = TransactionLimit(rows: 500, time: .milliseconds(8))
    /// The same while no service runs.
    var limitAlone = TransactionLimit(rows: 1_000, time: .milliseconds(200))
    var pause = Duration.milliseconds(40)

    public init() {}

    /// On a machine that is busy transactions take longer, and whoever waits for them looks less often.
    func pause(after transaction: Duration) -> Duration { pause == .zero ? .zero : max(pause, transaction * 5) }

    init(rows: Int, pause: Duration) {
      limit = TransactionLimit(rows: rows, time: .seconds(60))
      limitAlone = limit
      self.pause = pause
    }
  }

  let archive: Archive
  let root: DataRoot
  let plan: RetentionPlan
  var isDryRun = false
  var pace = Pace()
  /// Whether to look for files without entries and entries without files.
  var comparesFiles = true
  /// Whether what happened in a scope has been told; messages of one that is behind stay.
  var isCurrent: @Sendable (MessageScope) -> Bool = { _ in true }
  /// Called now and then with how many messages have been dealt with.
  var progress: @Sendable (Int) -> Void = { _ in }

  public init(
    archive: Archive, root: DataRoot, plan: RetentionPlan, isDryRun: Bool = false, pace: Pace = Pace(),
    comparesFiles: Bool = true, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.archive = archive
    self.root = root
    self.plan = plan
    self.isDryRun = isDryRun
    self.pace = pace
    self.comparesFiles = comparesFiles
    self.progress = progress
  }

  /// - Throws: `ArchiveError`, `CancellationError`; what was removed by then is gone for good.
  public func run() async throws -> PurgeReport {
    var report = PurgeReport(dryRun: isDryRun, at: plan.now)
    if !plan.messages.isEmpty {
      try await removeMessages(&report)
      if !isDryRun { _ = try await archive.removeUnknownUpdates(plan) }
    }
    try await removeFiles(&report)
    return report
  }

  private func removeMessages(_ report: inout PurgeReport) async throws {
    for type in plan.messages.keys { report.messages[type] = PurgeReport.Messages() }
    let chats = try await archive.retainedChats()
    var needed = try await archive.neededMessages()
    var cursor = RetentionCursor()
    while true {
      try Task.checkCancellation()
      let page = try await archive.expiredMessages(
        plan, chats: chats, from: cursor, limit: 1_000, isCurrent: isCurrent)
      var rest = page.messages[...]
      while !rest.isEmpty {
        let candidates = rest.map(\.message).filter { !$0.isNeeded && !needed.contains($0.key) }
        var done = rest.count
        var removed = Set(candidates.map(\.key))
        if !isDryRun, !candidates.isEmpty {
          let start = ContinuousClock.now
          let outcome = try await archive.remove(
            candidates, unless: needed, deletedBefore: plan.deleted,
            limit: isAlone ? pace.limitAlone : pace.limit)
          (removed, needed) = (outcome.removed, outcome.needed)
          if outcome.done < candidates.count {
            let next = candidates[outcome.done].key
            done = rest.prefix { $0.message.key != next }.count
          }
          report.transactions += 1
          report.largestTransaction = max(report.largestTransaction, removed.count)
          try await makeRoom(after: ContinuousClock.now - start)
        }
        for (message, type) in rest.prefix(done) {
          if removed.contains(message.key) {
            report.messages[type, default: .init()].add(message)
          } else {
            report.needed += 1
          }
        }
        rest = rest.dropFirst(done)
        progress(report.messageCount)
      }
      if page.isLast { return }
      cursor = page.next
    }
  }
}

extension Purge {
  /// Whether no service runs; one may start at any time.
  private var isAlone: Bool { access(root.runningMark, F_OK) != 0 }

  /// Leaves the write lock to the service for a while, when there is one.
  func makeRoom(after transaction: Duration) async throws {
    if isAlone { return try Task.checkCancellation() }
    try await DiskTurns.pause(for: pace.pause(after: transaction))
  }
}

extension PurgeReport.Messages {
  fileprivate mutating func add(_ message: ExpiredMessage) {
    messages += 1
    versions += message.versions
    bytes += message.bytes
  }
}

/// Giving back to the disk what is no longer used.
extension Purge {
  /// Gives back all free pages, a few at a time; a database of an older version, which cannot do that, is written anew.
  ///
  /// - Throws: `DataRootError.inUse` when that is needed and the service is running.
  public func vacuum() async throws -> PurgeReport.Vacuum {
    let before = try await archive.space()
    if isDryRun {
      return PurgeReport.Vacuum(before: before.bytes, after: before.bytes - before.freePages * before.pageSize)
    }
    if before.isIncremental {
      try await mergeSearchIndex()
      try await giveBack()
    } else {
      let lock = try InstanceLock(root)
      defer { withExtendedLifetime(lock) {} }
      try await mergeSearchIndex()
      try await archive.rebuild()
    }
    try await archive.checkpoint()
    return PurgeReport.Vacuum(before: before.bytes, after: try await archive.space().bytes)
  }

  /// Whether `vacuum` cannot be done while the service is running.
  public func vacuumNeedsLock() async throws -> Bool {
    if isDryRun { return false }
    return try await !archive.space().isIncremental
  }

  private func mergeSearchIndex() async throws {
    let clock = ContinuousClock()
    var isFirst = true
    while true {
      let start = clock.now
      guard try await archive.mergeSearchIndex(isFirst: isFirst, pages: 32) || isFirst else { return }
      isFirst = false
      try await makeRoom(after: clock.now - start)
    }
  }

  private func giveBack() async throws {
    let clock = ContinuousClock()
    var free = try await archive.space().freePages
    while free > 0 {
      let start = clock.now
      // Free pages at the end of the file cost nothing, but any page may be one that has to be moved.
      try await archive.giveBack(pages: 64)
      let took = clock.now - start
      let rest = try await archive.space().freePages
      // Somebody's snapshot may keep it from going on.
      if rest >= free { return }
      free = rest
      try await makeRoom(after: took)
    }
  }
}
