import Foundation
import Synchronization
import TelegramClient

/// What the service's parts note of themselves, for whoever asks how it is.
///
/// Spans are measured with a clock that no one sets; only what is shown to people is wall-clock time.
public final class ServiceVitals: Sendable {
  /// Something that went wrong, and when (seconds since 1970).
  struct Failure: Sendable, Equatable {
    var at: Int64
    var message: String
  }

  struct State: Sendable {
    var connection = ConnectionState.idle
    /// Since when calls have not been answered; nil while they are.
    var downSince: ContinuousClock.Instant?
    /// When the path from Telegram to the archive was last seen to work.
    var lastBeat: ContinuousClock.Instant
    /// Whether what Telegram had to tell at the start has been recorded.
    var isReady = false
    var lastError: Failure?
    var canaryFailure: Failure?
    /// Reasons for `degraded`, each under the name of the part that reports it.
    var impairments: [String: String] = [:]
  }

  /// Seconds since 1970.
  let startedAt: Int64
  private let state: Mutex<State>
  private let now: @Sendable () -> ContinuousClock.Instant
  private let wallClock: @Sendable () -> Int64

  public convenience init() {
    self.init(now: { ContinuousClock.now }, wallClock: { Int64(Date().timeIntervalSince1970) })
  }

  init(now: @escaping @Sendable () -> ContinuousClock.Instant, wallClock: @escaping @Sendable () -> Int64) {
    self.now = now
    self.wallClock = wallClock
    startedAt = wallClock()
    state = Mutex(State(downSince: now(), lastBeat: now()))
  }

  var current: State { state.withLock { $0 } }

  /// How long ago something was.
  func age(of instant: ContinuousClock.Instant) -> Duration { max(now() - instant, .zero) }

  var wallTime: Int64 { wallClock() }

  func note(_ connection: ConnectionState) {
    let now = now()
    state.withLock { state in
      state.connection = connection
      state.downSince = connection == .connected ? nil : state.downSince ?? now
    }
  }

  /// The path from Telegram to the archive works.
  func beat() {
    let now = now()
    state.withLock { $0.lastBeat = now }
  }

  func ready() { state.withLock { $0.isReady = true } }

  func note(error message: String) {
    let failure = Failure(at: wallClock(), message: message)
    state.withLock { $0.lastError = failure }
  }

  /// Reports that a part of the service is not as it should be while everything else goes on; nil when it is again.
  ///
  /// - Parameter part: names the reason, so that a later one takes its place.
  func noteImpairment(of part: String, _ reason: String?) {
    state.withLock { $0.impairments[part] = reason }
  }

  func noteCanary(failure message: String?) {
    let failure = message.map { Failure(at: wallClock(), message: $0) }
    state.withLock { $0.canaryFailure = failure }
  }
}
