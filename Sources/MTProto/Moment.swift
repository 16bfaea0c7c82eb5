/// One look at both clocks.
public struct Moment: Sendable, Hashable {
  /// Time that only goes forward, for deadlines; its zero is anywhere.
  public var uptime: Duration
  /// Wall-clock time since 1970, for message identifiers; it may jump.
  public var unixTime: Duration

  public init(uptime: Duration, unixTime: Duration) {
    self.uptime = uptime
    self.unixTime = unixTime
  }

  /// This moment plus `duration` on both clocks.
  public func advanced(by duration: Duration) -> Moment {
    Moment(uptime: uptime + duration, unixTime: unixTime + duration)
  }
}
