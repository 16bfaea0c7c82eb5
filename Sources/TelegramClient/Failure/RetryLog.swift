import Metrics

/// Keeps a loop that tries again from being silent, and from filling the log: each failure is counted, and a line is due
/// for the first and then once a minute.
public struct RetryLog: Sendable {
  /// The least time between two lines.
  public static let interval: Duration = .seconds(60)

  private let counter: Counter
  private var lastLine: Duration?
  private var failures = 0

  /// - Parameter work: what is tried, as `tgl_retries_total` names it.
  public init(work: String) { counter = Counter(label: "tgl_retries_total", dimensions: [("work", work)]) }

  /// Counts a failure.
  ///
  /// - Parameter now: any clock that only goes forward.
  /// - Returns: the failures since the last line when the next one is due, else nil.
  public mutating func failed(at now: Duration) -> Int? {
    counter.increment()
    failures += 1
    if let lastLine, now - lastLine < Self.interval { return nil }
    lastLine = now
    defer { failures = 0 }
    return failures
  }
}
