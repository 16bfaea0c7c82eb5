import Foundation
public import Logging
import MTProto
import Metrics
import Synchronization
import TL
public import TelegramClient

/// Looks at Telegram's messages again, in the background and within a budget of requests.
///
/// Telegram does not tell of every deletion, and after a long absence not even of every message. So stored recent
/// messages are asked for by their ids, at intervals and after a window that was not seen; what is gone is recorded as
/// deleted, what changed as edited. Messages of such a window, and earlier ones that are asked for, are fetched.
public actor Reconciler {
  /// What to do, and how much of it.
  public struct Policy: Sendable {
    public var reconciliation: Settings.Reconciliation
    public var backfill: Settings.Backfill
    /// Nothing of the log chat, and of the chats of IGNORED_IDS, is fetched.
    public var excluded: Set<PeerID>

    public init(
      reconciliation: Settings.Reconciliation, backfill: Settings.Backfill, excluded: Set<PeerID> = []
    ) {
      self.reconciliation = reconciliation
      self.backfill = backfill
      self.excluded = excluded
    }

    /// Requests a minute for fetching history when nothing is compared.
    static let backfillRequestsPerMinute = 20

    var plan: ComparisonPlan {
      ComparisonPlan(
        interval: reconciliation.interval.components.seconds, window: reconciliation.window.components.seconds)
    }
  }

  /// Messages asked for at once.
  ///
  /// Source: core.telegram.org/method/messages.getMessages.
  static let pageSize = 100

  let source: any MessageSource
  let archive: Archive
  let recorder: Recorder
  let notices: NoticePolicy
  let policy: Policy
  private let recorded: @Sendable (CommitReport) -> Void
  let time: ServiceTime
  let logger: Logger
  private let alarm = Alarm()
  private let current = Alarm()
  /// Channels with windows that wait until the channel can be read again, by bare id.
  let awaited = Mutex<Set<Int64>>([])
  private var budget: RequestBudget
  var refused = Refused()
  /// Scopes whose windows are being looked through.
  var underWay: Set<MessageScope> = []

  /// What was refused is not tried again before the next round.
  struct Refused {
    var gaps: Set<MessageScope> = []
    var jobs: Set<HistoryJob.ID> = []
  }

  /// - Parameter recorded: called after something was recorded, with what it came to.
  public init(
    source: any MessageSource, archive: Archive, recorder: Recorder, notices: NoticePolicy, policy: Policy,
    recorded: @escaping @Sendable (CommitReport) -> Void, time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    self.source = source
    self.archive = archive
    self.recorder = recorder
    self.notices = notices
    self.policy = policy
    self.recorded = recorded
    self.time = time
    self.logger = logger
    budget = RequestBudget(
      requestsPerMinute: policy.reconciliation.isOn
        ? policy.reconciliation.requestsPerMinute : Policy.backfillRequestsPerMinute)
  }

  /// Says that everything up to now has been received: what is missing from here on is missing.
  public nonisolated func caughtUp() { current.ring() }

  /// Says that there is a window that was not seen.
  public nonisolated func gapNoticed() { alarm.ring() }

  /// Says which channels are followed, by bare id: a window of one that could not be read may be looked through now.
  public nonisolated func followed(_ channels: some Sequence<Int64>) {
    if awaited.withLock({ awaited in channels.contains { awaited.contains($0) } }) { alarm.ring() }
  }

  /// Runs until the task is cancelled.
  ///
  /// - Throws: what the archive reports, and what makes the session useless.
  public func run() async throws {
    await current.untilRung()
    if policy.backfill.messagesPerChat > 0 { try await unlessRefused("listing chats") { try await addBackfill() } }
    let isOn = policy.reconciliation.isOn
    var nextRound = time.uptime()
    while !Task.isCancelled {
      let gaps = isOn ? try await closeGaps() : nil
      if isOn, time.uptime() >= nextRound {
        nextRound = time.uptime() + .seconds(policy.plan.interval)
        refused = Refused()
        try await compareRecent()
      } else if gaps != 0, try await !fetchSome() {
        var wait = isOn ? max(nextRound - time.uptime(), .seconds(1)) : .seconds(86_400)
        if let gaps { wait = min(wait, .seconds(gaps)) }
        let time = time
        await alarm.sleep { [wait] in try? await time.sleep(wait) }
      }
    }
    try Task.checkCancellation()
  }

  // MARK: Asking and recording

  /// Failures of the server's own are borne this often in a row; then what was asked for is set aside.
  private static let patience = Patience(first: .seconds(30), longest: .seconds(300), attempts: 10)

  /// Asks when the budget allows, and again while the server asks to wait or cannot be reached.
  func ask<T: Sendable>(
    _ call: @Sendable () async throws(TelegramError) -> T
  ) async throws -> T {
    var retries = Retries(Self.patience)
    while true {
      let wait = budget.take(now: time.uptime().components.seconds)
      if wait > .zero { try await time.sleep(wait) }
      try Task.checkCancellation()
      do throws(TelegramError) {
        return try await call()
      } catch {
        guard let pause = pause(after: error, &retries) else { throw error }
        logger.notice(
          "looking again has to wait", metadata: ["error": "\(error)", "seconds": "\(pause.components.seconds)"])
        Counter(label: "tgl_reconciler_retries_total").increment()
        budget.close(for: pause, now: time.uptime().components.seconds)
      }
    }
  }

  /// How long to wait before asking again; nil for an answer that will stay the same.
  private func pause(after error: TelegramError, _ retries: inout Retries) -> Duration? {
    switch error.verdict {
    case .retry(let asked?): asked + .seconds(1)
    case .retry(nil), .renew(.outcome):
      // An outage of ours ends when it ends; a server that fails is not asked without end.
      if case .rpc = error { retries.failed() } else { Self.patience.first }
    case .renew, .setAside, .alreadyDone, .signIn, .stop, .cancelled: nil
    }
  }

  /// Goes on after a failure that concerns only what was asked for: that is set aside until the next round.
  func unlessRefused(
    _ what: String, _ scope: MessageScope? = nil, chat: PeerID? = nil, _ body: () async throws -> Void
  ) async throws {
    do {
      try await body()
    } catch let error as TelegramError {
      switch error.verdict {
      case .setAside, .renew, .retry, .alreadyDone:
        logger.notice(
          "\(what) failed; set aside until the next round",
          metadata: ["error": "\(error)", "where": "\(chat.map { "\($0)" } ?? scope.map { "\($0)" } ?? "dialogs")"])
      case .signIn, .stop, .cancelled: throw error
      }
    }
  }

  /// Commits, and waits for as long as the archive is locked or its disk is full.
  @discardableResult
  func commit(_ batch: RecorderBatch) async throws -> CommitReport {
    while true {
      do throws(ArchiveError) {
        let report = try await archive.commit(batch, policy: notices)
        recorded(report)
        return report
      } catch {
        guard error.isTransient else { throw error }
        logger.warning("looking again has to wait", metadata: ["error": "\(error)"])
        try await time.sleep(.seconds(5))
      }
    }
  }
}

extension MessageScope: CustomStringConvertible {
  public var description: String {
    switch self {
    case .common: "private chats and basic groups"
    case .channel(let id): "\(id)"
    }
  }
}
