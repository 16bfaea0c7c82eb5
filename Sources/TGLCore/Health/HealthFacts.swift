import Foundation

/// What is known of the service at one moment, and what follows from it.
struct HealthFacts: Sendable {
  /// How long something may be so before it is an error.
  struct Limits: Sendable {
    var errorWindow: Duration
    var housekeeping: Duration
    /// The link to Telegram down, updates waiting, the log chat taking nothing.
    var stall: Duration
  }

  struct OutboxPause: Sendable, Equatable {
    var reason: String
    var lasted: Duration
  }

  /// Seconds since 1970.
  var now: Int64
  var startedAt: Int64
  var version: String
  var connection = "connected"
  var isReady = true
  /// How long calls have not been answered; nil while they are.
  var downFor: Duration?
  /// Since the path from Telegram to the archive was last seen to work.
  var sinceBeat = Duration.zero
  /// How long the oldest update that is not yet kept has been waiting.
  var backlogAge = Duration.zero
  /// Since anything was fetched or kept, while something waits.
  var sinceProgress = Duration.zero
  var lastHousekeepingAt: Int64?
  /// How long ago that was; nil to take it from the times.
  var housekeepingAge: Duration?
  var lastError: ServiceVitals.Failure?
  var canaryFailure: ServiceVitals.Failure?
  /// What keeps the archive from being written.
  var storageProblem: String?
  /// Bytes free on the disk, when they are fewer than downloads leave.
  var tooFewFreeBytes: Int64?
  /// The log chat takes nothing, other than for a flood wait.
  var outboxPause: OutboxPause?
  var backlog = ArchiveBacklog()
  /// What the service's parts report as not as it should be, a reason each.
  var impairments: [String] = []

  /// What is wrong now, each in a few words.
  func problems(_ limits: Limits) -> [String] {
    var problems: [String] = []
    if let storageProblem { problems.append(storageProblem) }
    if let downFor, downFor > limits.stall {
      problems.append("Telegram has not been reached for \(downFor.inWholeSeconds) s (\(connection))")
    } else if sinceBeat > limits.stall {
      problems.append("nothing has gone from Telegram to the archive for \(sinceBeat.inWholeSeconds) s")
    } else if backlogAge > limits.stall, sinceProgress > limits.stall {
      problems.append("updates have been waiting for \(backlogAge.inWholeSeconds) s")
    }
    if backlog.outboxParked > 0 {
      problems.append(
        "\(backlog.outboxParked) notices were refused by the log chat: \(backlog.outboxError ?? "it did not say why")")
    }
    if let outboxPause, outboxPause.lasted > limits.stall {
      problems.append(
        "the log chat has taken nothing for \(outboxPause.lasted.inWholeSeconds) s: \(outboxPause.reason)")
    }
    if let tooFewFreeBytes, backlog.mediaPending > 0 {
      problems.append(
        "\(backlog.mediaPending) files wait for room on the disk, where \(tooFewFreeBytes) bytes are free")
    }
    let housekeepingAge = housekeepingAge?.inWholeSeconds ?? now - (lastHousekeepingAt ?? startedAt)
    if housekeepingAge > limits.housekeeping.components.seconds {
      problems.append("housekeeping was last through \(housekeepingAge) s ago")
    }
    if let canaryFailure { problems.append(canaryFailure.message) }
    return problems
  }

  /// What was set aside, and what else is not as it should be while the service goes on.
  var degradations: [String] { impairments + backlog.setAside.reasons }

  /// The answer of the health endpoint.
  func report(_ limits: Limits) -> HealthReport {
    let problems = problems(limits)
    let recentError = lastError.flatMap { now - $0.at < limits.errorWindow.components.seconds ? $0 : nil }
    let degradations = degradations
    var report = HealthReport(
      status: !problems.isEmpty || recentError != nil ? .error : degradations.isEmpty ? .ok : .degraded)
    report.degraded = degradations
    report.startedAt = Self.iso8601(startedAt)
    report.lastHousekeepingAt = lastHousekeepingAt.map(Self.iso8601)
    // What is wrong now is worth more than what was logged last.
    let error = problems.isEmpty ? lastError : ServiceVitals.Failure(at: now, message: problems.joined(separator: "; "))
    report.lastErrorAt = error.map { Self.iso8601($0.at) }
    report.lastErrorMessage = error?.message
    report.version = version
    report.connection = connection
    report.updateLagSeconds = (backlogAge.inSeconds * 1_000).rounded() / 1_000
    report.outboxPending = backlog.outboxPending
    report.mediaPending = backlog.mediaPending
    report.gaps = backlog.gaps
    return report
  }

  private static func iso8601(_ seconds: Int64) -> String {
    Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
  }

  /// For `systemctl status`: one line.
  func summary(_ limits: Limits) -> String {
    let problems = problems(limits)
    if !problems.isEmpty { return problems.joined(separator: "; ") }
    guard downFor == nil else { return connection }
    var words = [isReady ? backlogAge > .seconds(10) ? "catching up" : "up to date" : "catching up"]
    if backlog.outboxPending > 0 { words.append("\(backlog.outboxPending) notices to post") }
    if backlog.mediaPending > 0 { words.append("\(backlog.mediaPending) files to fetch") }
    let degradations = degradations
    return words.joined(separator: ", ")
      + (degradations.isEmpty ? "" : "; degraded: \(degradations.joined(separator: "; "))")
  }
}

extension Duration {
  var inSeconds: Double { self / .seconds(1) }
  var inWholeSeconds: Int64 { components.seconds }
}
