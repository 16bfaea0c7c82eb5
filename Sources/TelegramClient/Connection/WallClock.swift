import Glibc
import MTProto
import NIOCore

/// Tells the time of day; message identifiers are made of it.
public struct WallClock: Sendable {
  private let read: @Sendable (_ uptime: Duration) -> Duration

  /// `read` returns the time since 1970-01-01 UTC at the moment whose event-loop time is `uptime`.
  public init(_ read: @escaping @Sendable (_ uptime: Duration) -> Duration) { self.read = read }

  /// The system's clock.
  public static let system = WallClock { _ in
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  func moment(_ deadline: NIODeadline) -> Moment {
    let uptime = Duration.nanoseconds(Int64(clamping: deadline.uptimeNanoseconds))
    return Moment(uptime: uptime, unixTime: read(uptime))
  }
}

extension NIODeadline {
  /// The event-loop time `uptime` after the loop's zero.
  static func uptime(_ uptime: Duration) -> NIODeadline { .uptimeNanoseconds(0) + TimeAmount(max(uptime, .zero)) }
}

extension WallClock {
  /// The time of day, for what is stored.
  var secondsSince1970: Int64 { moment(.now()).unixTime.components.seconds }
}
