import Foundation
import Logging
import Synchronization

/// Removes what has been kept long enough, for as long as the service runs.
struct Housekeeping: Sendable {
  /// What the health endpoint tells of it; times in seconds since 1970.
  struct State: Sendable, Hashable {
    struct Failure: Sendable, Hashable {
      var at: Int64
      var message: String
    }

    /// When it was last through.
    var lastDone: Int64?
    /// The same by the monotonic clock.
    var lastDoneUptime: Duration?
    var lastError: Failure?
    /// Whether everything Telegram had to tell at the start has been recorded.
    fileprivate var isCurrent = false
    /// Whether Telegram could be reached a round ago, too.
    fileprivate var wasConnected = true
    fileprivate var rounds = 0
  }

  static let interval = Duration.seconds(300)
  /// Every so many rounds the folders are compared with the entries.
  private static let roundsPerComparison = 12

  private let archive: Archive
  private let root: DataRoot
  private let settings: RetentionSettings
  private let isConnected: @Sendable () -> Bool
  private let clockOffset: @Sendable () -> Duration?
  private let isCurrent: @Sendable (MessageScope) -> Bool
  private let interval: Duration
  private let time: ServiceTime
  private let logger: Logger
  private let box = Box()

  private final class Box: Sendable { let state = Mutex(State()) }

  /// - Parameters:
  ///   - isConnected: whether Telegram can be reached now: what is deleted while it cannot is still to be told of.
  ///   - clockOffset: how far this machine's clock is ahead of Telegram's, which `time` tells; nil while that is not
  ///     known, and ages would be those of a clock that may be wrong: then nothing is removed.
  ///   - isCurrent: whether what happened in a scope has been told; of one that is behind nothing is removed.
  init(
    archive: Archive, root: DataRoot, settings: RetentionSettings,
    isConnected: @escaping @Sendable () -> Bool = { true },
    clockOffset: @escaping @Sendable () -> Duration? = { .zero },
    isCurrent: @escaping @Sendable (MessageScope) -> Bool = { _ in true }, interval: Duration = Housekeeping.interval,
    time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    self.interval = interval
    self.isConnected = isConnected
    self.clockOffset = clockOffset
    self.isCurrent = isCurrent
    self.archive = archive
    self.root = root
    self.settings = settings
    self.time = time
    self.logger = logger
  }

  var state: State { box.state.withLock { $0 } }

  /// How long ago it was last through; nil before the first time.
  var age: Duration? { state.lastDoneUptime.map { time.uptime() - $0 } }

  /// Says that all is recorded that happened while the service was not running.
  ///
  /// Until then nothing is removed: messages that were deleted meanwhile are still to be told of, however old they are.
  func caughtUp() { box.state.withLock { $0.isCurrent = true } }

  /// Runs until the task is cancelled.
  ///
  /// What goes wrong is noted and tried again.
  func run() async throws {
    // The index of a large archive takes longer than a round.
    async let indexing: Void = noting { try await SearchBacklog(archive: archive, logger: logger).run() }
    while !Task.isCancelled {
      try await time.sleep(interval)
      await once()
    }
    await indexing
  }

  /// One round.
  func once() async {
    let isConnected = isConnected()
    let round = box.state.withLock { state in
      defer {
        state.rounds += 1
        state.wasConnected = isConnected
      }
      return state
    }
    await noting {
      // A round after the connection is back, what happened meanwhile has been recorded.
      if round.isCurrent, isConnected, round.wasConnected, let offset = clockOffset() {
        var purge = Purge(
          archive: archive, root: root,
          plan: RetentionPlan(settings, now: time.now(), clockOffset: offset.components.seconds),
          comparesFiles: round.rounds.isMultiple(of: Self.roundsPerComparison))
        purge.isCurrent = isCurrent
        tell(try await purge.run())
      }
      try await archive.trimLog()
      box.state.withLock { state in
        state.lastDone = time.now()
        state.lastDoneUptime = time.uptime()
      }
    }
  }

  private func noting(_ work: () async throws -> Void) async {
    do { try await work() } catch {
      if Task.isCancelled { return }
      logger.error("housekeeping failed; trying again later", metadata: ["error": "\(error)"])
      box.state.withLock { $0.lastError = State.Failure(at: time.now(), message: "housekeeping: \(error)") }
    }
  }

  private func tell(_ report: PurgeReport) {
    let files = report.buffer?.files ?? 0
    guard report.messageCount + files > 0 else { return }
    logger.info(
      "removed what was kept long enough", metadata: ["messages": "\(report.messageCount)", "files": "\(files)"])
  }
}
