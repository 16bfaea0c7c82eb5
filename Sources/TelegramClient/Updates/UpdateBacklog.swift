import Synchronization

/// How far the update pump is behind, for whoever watches it; times by the uptime clock of its source.
public final class UpdateBacklog: Sendable {
  private struct State {
    var since: Duration?
    var lastProgress: Duration = .zero
  }

  private let state = Mutex(State())

  public init() {}

  /// Since when there has been something that is not yet kept; nil when everything is.
  public var since: Duration? { state.withLock { $0.since } }

  /// When something was last fetched or kept; what waits for longer than that is stuck.
  public var lastProgress: Duration { state.withLock { $0.lastProgress } }

  func note(isBehind: Bool, at uptime: Duration) {
    state.withLock { state in
      if !isBehind {
        state.since = nil
      } else if state.since == nil {
        state.since = uptime
        state.lastProgress = uptime
      }
    }
  }

  func noteProgress(at uptime: Duration) { state.withLock { $0.lastProgress = uptime } }
}
