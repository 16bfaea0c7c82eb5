import Foundation

/// SplitMix64: the same numbers for the same seed, on every machine.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  public mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }

  /// The seed of this run: `TGL_SEED`, else a new one; printed once, so that a failure can be run again.
  public static let runSeed: UInt64 = {
    let given = ProcessInfo.processInfo.environment["TGL_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64(UInt32.max))
    print("TGL_SEED=\(seed)")
    return seed
  }()

  /// A generator for one part of a run.
  public static func run(_ part: Int) -> SeededGenerator {
    SeededGenerator(seed: runSeed &+ UInt64(part) &* 0x1_0000_0001)
  }
}
