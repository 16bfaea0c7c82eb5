/// Where a connection's random bits come from: the system, or a seed in a simulation.
public struct RandomSource: RandomNumberGenerator, Sendable {
  private let generate: @Sendable () -> UInt64

  /// `generate` must be safe to call from any thread and, outside of tests, cryptographically secure.
  public init(_ generate: @escaping @Sendable () -> UInt64) { self.generate = generate }

  public func next() -> UInt64 { generate() }

  /// The operating system's generator.
  public static let system = RandomSource {
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }
}
