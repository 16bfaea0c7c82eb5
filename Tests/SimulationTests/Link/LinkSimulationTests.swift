import Foundation
import TestSupport
import Testing

/// The link and its session against a server, in hundreds of short lives full of faults.
///
/// `SEED=k` replays one life and prints what happened; `SEEDS=n` sets how many there are.
@Suite struct LinkSimulationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seeds: Range<UInt64> = {
    if let seed = environment["SEED"].flatMap({ UInt64($0) }) { return seed..<seed + 1 }
    // A life here takes as long as some of the whole program.
    return 0..<(environment["SEEDS"].flatMap { UInt64($0) }.map { max($0 / 4, 1) } ?? 150)
  }()

  /// Lives that share the processor's cores.
  private static let lanes = 4

  @Test func everyLifeKeepsThePromises() async {
    let began = ContinuousClock.now
    var faults: [String: Int] = [:]
    await withTaskGroup(of: [String: Int].self) { group in
      for lane in 0..<Self.lanes {
        group.addTask {
          var faults: [String: Int] = [:]
          for seed in Self.seeds where Int(seed) % Self.lanes == lane {
            faults.merge(Self.live(seed), uniquingKeysWith: +)
          }
          return faults
        }
      }
      for await some in group { faults.merge(some, uniquingKeysWith: +) }
    }
    let rate = Double(Self.seeds.count) / ((ContinuousClock.now - began) / .seconds(1))
    let list = faults.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    print("link: \(Self.seeds.count) seeds, \(Int(rate)) a second; faults: \(list)")
  }

  /// One life; returns the faults it met.
  private static func live(_ seed: UInt64) -> [String: Int] {
    var life = LinkSimulation(seed: seed, keepsTrace: seeds.count == 1)
    life.run()
    if seeds.count == 1 { print(life.trace.lines.joined(separator: "\n")) }
    if !life.violations.isEmpty {
      let found = life.violations.prefix(5).joined(separator: "; ")
      Issue.record("seed \(seed): \(found). To replay it: SEED=\(seed) make simulate")
    }
    return life.faults
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func theSameSeedIsTheSameLife(seed: UInt64) {
    var (first, second) = (LinkSimulation(seed: seed), LinkSimulation(seed: seed))
    first.run()
    second.run()
    #expect(first.trace.hash == second.trace.hash)
  }

  /// Each check can fail: a link broken on purpose does not come through.
  @Test(arguments: Sabotage.allCases)
  func aBrokenLinkIsFound(sabotage: Sabotage) {
    let isFound = (0..<200 as Range<UInt64>).contains { seed in
      var life = LinkSimulation(seed: seed, sabotage: sabotage)
      life.run()
      return !life.violations.isEmpty
    }
    #expect(isFound)
  }
}
