/// Lets a line that would be written again and again through once a minute, and counts the others: a value.
struct PacedLog: Sendable {
  private static let interval: Int64 = 60

  private var last: Int64?
  private var suppressed = 0

  /// Whether to write a line now.
  ///
  /// - Parameter now: in seconds, of a clock that may be set back.
  /// - Returns: how many lines were left out since the last one; nil to leave out this one.
  mutating func admit(at now: Int64) -> Int? {
    if let last, now >= last, now &- last < Self.interval {
      suppressed += 1
      return nil
    }
    defer { (last, suppressed) = (now, 0) }
    return suppressed
  }
}
