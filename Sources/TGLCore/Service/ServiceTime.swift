import Foundation

/// The clocks of the service, and how to wait; a test gives its own.
public struct ServiceTime: Sendable {
  /// When something happens, in seconds since 1970.
  public var now: @Sendable () -> Int64
  /// The monotonic clock, by which durations inside one process are measured.
  public var uptime: @Sendable () -> Duration
  public var sleep: @Sendable (Duration) async throws -> Void

  public init(
    now: @escaping @Sendable () -> Int64, uptime: @escaping @Sendable () -> Duration,
    sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.now = now
    self.uptime = uptime
    self.sleep = sleep
  }

  /// - Parameter now: measures durations too, when it is given.
  public init(
    now: (@Sendable () -> Int64)? = nil,
    sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    if let now {
      self.init(now: now, uptime: { .seconds(now()) }, sleep: sleep)
    } else {
      self.init(now: { Int64(Date().timeIntervalSince1970) }, uptime: Self.monotonic, sleep: sleep)
    }
  }

  private static let start = ContinuousClock.now
  private static let monotonic: @Sendable () -> Duration = { ContinuousClock.now - start }
}
