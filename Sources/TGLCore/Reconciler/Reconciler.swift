import Foundation
public import Logging
import MTProto
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
    var nextRound = time.now()
    while !Task.isCancelled {
      if isOn { try await closeGaps() }
      if isOn, time.now() >= nextRound {
        nextRound = time.now() + policy.plan.interval
        refused = Refused()
        try await compareRecent()
      } else if try await !fetchSome() {
        // Never longer than an interval, even when the clock was set back.
        let wait = isOn ? min(max(nextRound - time.now(), 1), policy.plan.interval) : 86_400
        await alarm.sleep { [time] in try? await time.sleep(.seconds(wait)) }
      }
    }
    try Task.checkCancellation()
  }

  // MARK: Asking and recording

  /// Asks when the budget allows, and again while the server asks to wait or cannot be reached.
  func ask<T: Sendable>(
    _ call: @Sendable () async throws(TelegramError) -> T
  ) async throws -> T {
    var failures = 0
    while true {
      let wait = budget.take(now: time.now())
      if wait > .zero { try await time.sleep(wait) }
      try Task.checkCancellation()
      do throws(TelegramError) {
        return try await call()
      } catch {
        failures += 1
        guard let pause = error.pauseBeforeRepeating(failures: failures) else { throw error }
        logger.notice(
          "looking again has to wait", metadata: ["error": "\(error)", "seconds": "\(pause.components.seconds)"])
        budget.close(for: pause, now: time.now())
      }
    }
  }

  /// Goes on after a refusal that concerns only what was asked for.
  func unlessRefused(
    _ what: String, _ scope: MessageScope? = nil, chat: PeerID? = nil, _ body: () async throws -> Void
  ) async throws {
    do {
      try await body()
    } catch let error as TelegramError {
      switch error {
      case .rpc, .unknownPeer, .decoding, .unknownUsername:
        logger.notice(
          "\(what) was refused",
          metadata: ["error": "\(error)", "where": "\(chat.map { "\($0)" } ?? scope.map { "\($0)" } ?? "dialogs")"])
      default: throw error
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

extension TelegramError {
  /// How long to wait before asking again; nil for an answer that will stay the same.
  fileprivate func pauseBeforeRepeating(failures: Int) -> Duration? {
    switch self {
    case .floodWait(let wait, _): wait + .seconds(1)
    case .unreachable, .timeout, .keyExchange, .store: .seconds(30)
    case .rpc(let error, _):
      switch error.kind {
      case .floodWait(let wait), .slowModeWait(let wait): wait + .seconds(1)
      case .serverFailure, .outcomeUnknown: failures < 10 ? .seconds(30) : nil
      default: nil
      }
    case .unauthorized, .authKeyLost, .decoding, .unknownPeer, .unknownUsername, .file, .cancelled, .closed: nil
    }
  }
}
