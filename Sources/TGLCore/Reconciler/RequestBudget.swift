/// Says when the next background request may be made: evenly spread, and not while the server asks to wait.
///
/// A value: the time goes in, in seconds of a clock that is never set.
struct RequestBudget: Sendable {
  private let spacing: Double
  private var next: Double = 0

  /// - Parameter requestsPerMinute: 1 or more.
  init(requestsPerMinute: Int) {
    spacing = 60 / Double(max(requestsPerMinute, 1))
  }

  /// Takes the next request; returns how long to wait before it is made.
  mutating func take(now: Int64) -> Duration {
    let now = Double(now)
    // A clock that was set back must not stop everything until it has caught up.
    let start = next - now > Self.longestWait ? now : max(next, now)
    next = start + spacing
    return .seconds(start - now)
  }

  /// The server asks to wait, or is in trouble.
  mutating func close(for wait: Duration, now: Int64) {
    next = max(next, Double(now) + min(wait / .seconds(1), Self.longestWait))
  }

  private static let longestWait: Double = 86_400
}
