import TL

/// The salts of an auth key: each valid for two periods, a new one beginning every period.
///
/// Source: "Mobile Protocol: Detailed Description", Server Salt.
struct SaltSchedule: Sendable {
  struct Entry: Sendable {
    /// Unix time.
    let since: Int32
    let until: Int32
    let value: Int64
  }

  /// Seconds.
  let period: Int32
  private var entries: [Entry]

  init(first: Int64, now: Int32, period: Int32) {
    self.period = max(period, 1)
    entries = [Entry(since: now - 1, until: now + 2 * self.period, value: first)]
  }

  /// Makes salts up to `count` past the current one and forgets the old.
  mutating func extend(now: Int32, count: Int, using generator: inout some RandomNumberGenerator) {
    // A clock that was set back knows none of the salts of the time before.
    if let first = entries.first, first.since > now { replaceAll(now: now, using: &generator) }
    while let last = entries.last, last.since + period <= now || entries.count(where: { $0.since > now }) < count {
      // After a long pause the schedule starts anew rather than filling in what nobody used.
      let since = max(last.since + period, now - period)
      entries.append(Entry(since: since, until: since + 2 * period, value: Int64(bitPattern: generator.next())))
    }
    entries.removeAll { $0.until <= now }
  }

  /// The salt to use now.
  func current(now: Int32) -> Int64 { entries.last { $0.since <= now }?.value ?? entries.first?.value ?? 0 }

  func isValid(_ salt: Int64, now: Int32) -> Bool {
    entries.contains { $0.value == salt && $0.since <= now && now < $0.until }
  }

  /// The salts from now on, `count` at most.
  func upcoming(now: Int32, count: Int) -> [Entry] { Array(entries.filter { $0.until > now }.prefix(count)) }

  /// Makes every salt handed out so far invalid.
  mutating func replaceAll(now: Int32, using generator: inout some RandomNumberGenerator) {
    self = SaltSchedule(first: Int64(bitPattern: generator.next()), now: now, period: period)
  }
}
