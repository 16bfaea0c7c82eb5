/// Times that are stored, before which something is not tried again; in seconds since 1970.
///
/// Such a time may have been written while the clock was wrong. It never counts for more than its longest delay.
enum StoredDeadline {
  /// Seconds that anything is put off at most: whatever was wrong may be right by then.
  static let longest: Int64 = 86_400

  /// When to try again after a delay in seconds, of which any number may come from a server.
  static func after(_ delay: Int64, now: Int64) -> Int64 { now &+ min(max(delay, 0), longest) }

  /// The latest that a deadline can have been put off to by a clock that was right.
  static func latest(now: Int64, longest: Int64 = longest) -> Int64 {
    let (latest, overflow) = now.addingReportingOverflow(longest)
    return overflow ? .max : latest
  }

  /// The deadline as it counts now: one further ahead than its longest delay is due.
  static func trusted(_ deadline: Int64, now: Int64, longest: Int64 = longest) -> Int64 {
    deadline > latest(now: now, longest: longest) ? now : deadline
  }
}
