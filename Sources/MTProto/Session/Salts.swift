import TL

/// The server salts: which one counts now, and which come after it.
///
/// Source: core.telegram.org/mtproto/description, "Server Salt", and service_messages, "Request for several future salts".
struct Salts: Sendable {
  /// Ask for more when the last known salt ends within this time.
  private static let margin: Duration = .seconds(30 * 60)
  /// At most one question in this time, for servers that have no more to give.
  private static let interval: Duration = .seconds(10 * 60)

  private(set) var current: Int64
  private var upcoming: [MT.FutureSalt] = []
  private var askedAt: Duration?

  init(current: Int64) { self.current = current }

  /// The server named the salt that counts.
  mutating func replace(_ salt: Int64) {
    current = salt
    // What was promised before did not come true.
    upcoming.removeAll()
    askedAt = nil
  }

  mutating func add(_ salts: [MT.FutureSalt]) {
    upcoming = salts.sorted { $0.validSince < $1.validSince }
  }

  /// Moves on to the salt valid at `serverTime`; returns it when it is another one.
  mutating func advance(serverTime: Duration) -> Int64? {
    let time = serverTime.components.seconds
    upcoming.removeAll { Int64($0.validUntil) <= time }
    guard let valid = upcoming.first, Int64(valid.validSince) <= time, valid.salt != current else { return nil }
    current = valid.salt
    return current
  }

  /// Whether it is time for `get_future_salts`; notes the question when it is.
  mutating func shouldAsk(now: Moment, serverTime: Duration) -> Bool {
    let known = upcoming.last.map { Duration.seconds(Int64($0.validUntil)) } ?? .zero
    guard known < serverTime + Self.margin, askedAt.map({ now.uptime - $0 > Self.interval }) ?? true else {
      return false
    }
    askedAt = now.uptime
    return true
  }

  /// When to look again (uptime).
  var nextDeadline: Duration? { askedAt.map { $0 + Self.interval } }
}
