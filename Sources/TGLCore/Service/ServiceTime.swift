public import Foundation

/// The wall clock, and how to wait; a test gives its own.
public struct ServiceTime: Sendable {
  /// Seconds since 1970.
  public var now: @Sendable () -> Int64
  public var sleep: @Sendable (Duration) async throws -> Void

  public init(
    now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) },
    sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.now = now
    self.sleep = sleep
  }
}
