/// Makes message identifiers: Unix time times 2^32, divisible by four, each larger than the one before.
///
/// Source: core.telegram.org/mtproto/description, "Message Identifier (msg_id)".
struct MessageIDGenerator: Sendable {
  /// The last one made.
  private(set) var latest: Int64 = 0

  /// The next identifier for a message sent at `unixTime` of the server's clock.
  mutating func next(unixTime: Duration) -> Int64 {
    latest = max(latest + 4, Self.identifier(unixTime: unixTime))
    return latest
  }

  /// Forgets identifiers made by a clock that was ahead of `unixTime`; those made by the right one are not made again.
  mutating func goBack(to unixTime: Duration) {
    if latest > Self.identifier(unixTime: unixTime + .seconds(1)) { latest = 0 }
  }

  /// The identifier that stands for a time, divisible by four.
  static func identifier(unixTime: Duration) -> Int64 {
    let (seconds, attoseconds) = unixTime.components
    let fraction = attoseconds / 1_000_000_000 * 4_294_967_296 / 1_000_000_000
    return ((seconds & 0x7FFF_FFFF) << 32 | fraction) & ~3
  }

  /// The time an identifier stands for.
  static func unixTime(of id: Int64) -> Duration {
    .seconds(id >> 32) + .nanoseconds((id & 0xFFFF_FFFF) * 1_000_000_000 >> 32)
  }
}
