import Foundation
import Logging
import TelegramClient

/// Puts together what is known of the service when somebody asks, at most once a second.
actor HealthMonitor {
  /// What there is to be watched once the service has got so far; before that, there is less to tell.
  struct Parts: Sendable {
    var archive: Archive
    var store: MediaStore
    var housekeeping: Housekeeping
    var notifier: Notifier
    /// How far behind the updates are: since when something waits, and when anything last went on.
    var updates: @Sendable () -> (age: Duration, sinceProgress: Duration)
  }

  struct Snapshot: Sendable {
    var facts: HealthFacts
    var report: HealthReport
  }

  /// How old an answer may be: a thousand questions a second are one to the archive.
  private static let freshness = Duration.seconds(1)

  private let vitals: ServiceVitals
  private let storage: StorageHealth
  private let limits: HealthFacts.Limits
  private let version: String
  private var parts: Parts?
  private var last: (at: ContinuousClock.Instant, task: Task<Snapshot, Never>)?

  init(vitals: ServiceVitals, storage: StorageHealth, limits: HealthFacts.Limits, version: String) {
    self.vitals = vitals
    self.storage = storage
    self.limits = limits
    self.version = version
  }

  func watch(_ parts: Parts) {
    self.parts = parts
    last = nil
  }

  func snapshot() async -> Snapshot {
    let now = ContinuousClock.now
    if let last, now - last.at < Self.freshness { return await last.task.value }
    let task = Task { [vitals, storage, limits, version, parts] in
      var facts = await Self.facts(vitals, version, parts)
      // What cannot be written is worse than what cannot be read.
      facts.storageProblem = storage.current.first?.reason ?? facts.storageProblem
      return Snapshot(facts: facts, report: facts.report(limits))
    }
    last = (now, task)
    return await task.value
  }

  func summary() async -> String { await snapshot().facts.summary(limits) }

  private static func facts(_ vitals: ServiceVitals, _ version: String, _ parts: Parts?) async -> HealthFacts {
    let state = vitals.current
    var facts = HealthFacts(now: vitals.wallTime, startedAt: vitals.startedAt, version: version)
    facts.connection = describe(state.connection)
    facts.isReady = state.isReady
    facts.downFor = state.downSince.map(vitals.age)
    facts.sinceBeat = vitals.age(of: state.lastBeat)
    facts.lastError = state.lastError
    facts.canaryFailure = state.canaryFailure
    facts.impairments = state.impairments.sorted { $0.key < $1.key }.map(\.value)
    guard let parts else { return facts }
    let updates = parts.updates()
    facts.backlogAge = updates.age
    facts.sinceProgress = updates.sinceProgress
    let housekeeping = parts.housekeeping.state
    facts.lastHousekeepingAt = housekeeping.lastDone
    facts.housekeepingAge = parts.housekeeping.age
    facts.outboxPause = parts.notifier.pause
    if !parts.store.hasRoom(for: 0) { facts.tooFewFreeBytes = parts.store.freeBytes }
    do throws(ArchiveError) {
      facts.backlog = try await parts.archive.backlog()
    } catch {
      facts.storageProblem = "\(error)"
    }
    return facts
  }

  private static func describe(_ state: ConnectionState) -> String {
    switch state {
    case .idle: "starting"
    case .connecting: "connecting"
    case .connected: "connected"
    case .waiting(let wait, let reason):
      "not connected: \(reason); trying again within \(wait.components.seconds + 1) s"
    }
  }
}
