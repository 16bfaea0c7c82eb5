import Synchronization

/// How far the update pump is behind, for whoever watches it; times by the uptime clock of its source.
public final class UpdateBacklog: Sendable {
  private struct State {
    var since: Duration?
    var lastProgress: Duration = .zero
    var behind: Set<Int64>?
  }

  private let state = Mutex(State())

  public init() {}

  /// Since when there has been something that is not yet kept; nil when everything is.
  public var since: Duration? { state.withLock { $0.since } }

  /// When something was last fetched or kept; what waits for longer than that is stuck.
  public var lastProgress: Duration { state.withLock { $0.lastProgress } }

  /// Whether everything that happened in a channel (its bare id; nil for private chats and basic groups) up to a moment
  /// ago has been taken in; false before the start.
  public func isCurrent(channel: Int64?) -> Bool {
    state.withLock { state in state.behind.map { !$0.contains(channel ?? 0) } ?? false }
  }

  /// - Parameter sequences: those that are behind: bare ids of channels, 0 for private chats and basic groups.
  func note(isBehind: Bool, sequences: Set<Int64>, at uptime: Duration) {
    state.withLock { state in
      state.behind = sequences
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
