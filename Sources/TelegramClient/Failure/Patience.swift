/// How long and how often a failure is borne: pauses that double from `first` to `longest`, and an end.
public struct Patience: Sendable, Hashable {
  /// The longest delay of a server's that is obeyed in one piece; after it the call is made again, whatever it was told.
  public static let longestAsked: Duration = .seconds(24 * 3600)

  /// The pause after the first failure.
  public let first: Duration
  /// The longest pause.
  public let longest: Duration
  /// Failures in a row after which the work is set aside; nil for work that can only wait, such as the whole stream of updates.
  public let attempts: Int?

  /// `first` and `longest` are taken as at least a millisecond: no failure is followed by a try without a pause.
  public init(first: Duration, longest: Duration, attempts: Int?) {
    self.first = max(first, .milliseconds(1))
    self.longest = max(longest, self.first)
    self.attempts = attempts
  }

  /// The pause before the next try, or nil when there is to be none.
  ///
  /// - Parameters:
  ///   - failures: failures in a row, the last one included; at least 1.
  ///   - asked: the server's own delay, which is kept to when it is the longer one.
  public func pause(afterFailures failures: Int, asked: Duration? = nil) -> Duration? {
    if let attempts, failures >= attempts { return nil }
    var pause = first
    var doublings = max(failures, 1) - 1
    while doublings > 0, pause < longest {
      pause *= 2
      doublings -= 1
    }
    return max(min(pause, longest), Self.bounded(asked ?? .zero))
  }

  /// A server's delay, within what is obeyed.
  public static func bounded(_ asked: Duration) -> Duration { min(max(asked, .zero), longestAsked) }
}

/// A `Patience` at work: counts the failures of one thing.
public struct Retries: Sendable, Hashable {
  public let patience: Patience
  /// Failures in a row.
  public private(set) var failures = 0

  public init(_ patience: Patience) { self.patience = patience }

  /// Counts a failure; returns the pause before the next try, or nil when the work is to be set aside.
  public mutating func failed(asked: Duration? = nil) -> Duration? {
    failures += 1
    return patience.pause(afterFailures: failures, asked: asked)
  }

  public mutating func succeeded() { failures = 0 }
}
