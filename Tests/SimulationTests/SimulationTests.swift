import Foundation
import Synchronization
import Testing

/// The whole way of an update, from Telegram to the log chat, under everything that can go wrong.
@Suite struct SimulationTests {
  @Test func everyRunEndsWithNothingLostAndNothingDoubled() async throws {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["SEED"].flatMap(UInt64.init) {
      let run = try await Runner.run(seed, isVerbose: environment["TRACE"] != nil)
      print("seed \(seed): trace \(String(run.hash, radix: 16))")
      #expect(run.complaints.isEmpty, "\(run.complaints.joined(separator: "\n"))")
      return
    }
    let count = environment["SEEDS"].flatMap(UInt64.init) ?? 300
    let first = environment["TGL_SEED"].flatMap(UInt64.init) ?? 1
    let start = ContinuousClock.now
    let report = await Runner.runAll(first..<(first + count))
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    print(
      "\(count) seeds from \(first), \(Int(Double(count) / seconds)) a second, trace \(String(report.hash, radix: 16))")
    for (fault, number) in report.faults.sorted(by: { $0.key < $1.key }) { print("  \(fault): \(number)") }
    for failure in report.failures.prefix(10) {
      Issue.record("\(failure.complaints.joined(separator: "\n"))\nreplay: make simulate SEED=\(failure.seed)")
    }
    #expect(report.failures.count == 0)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func sameSeedGivesTheSameRun(seed: UInt64) async throws {
    let first = try await Runner.run(seed)
    let second = try await Runner.run(seed)
    #expect(first.hash == second.hash)
  }

  @Test(arguments: Sabotage.allCases)
  func brokenInvariantIsNoticed(sabotage: Sabotage) async throws {
    for seed in UInt64(1)...2_000 {
      let run = try await Runner.run(seed, sabotage: sabotage)
      // A program that stops is no invariant that is broken unnoticed.
      if let complaint = run.complaints.first, !["ended", "Stuck"].contains(where: complaint.contains) {
        print("\(sabotage): seed \(seed): \(complaint)")
        return
      }
    }
    Issue.record("\(sabotage) goes unnoticed")
  }
}

/// Runs simulations, each on a thread that is its own for as long as it takes.
enum Runner {
  struct Run: Sendable {
    var seed: UInt64
    var complaints: [String]
    var hash: UInt64
    var faults: [String: Int]
  }

  struct Report: Sendable {
    var failures: [Run] = []
    /// Of all runs; the same for the same seeds.
    var hash: UInt64 = 0
    var faults: [String: Int] = [:]
  }

  static func run(_ seed: UInt64, sabotage: Sabotage? = nil, isVerbose: Bool = false) async throws -> Run {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: runHere(seed, sabotage, isVerbose)) }
    }
  }

  private static func runHere(_ seed: UInt64, _ sabotage: Sabotage?, _ isVerbose: Bool) -> Run {
    do {
      let simulation = try Simulation(seed: seed, sabotage: sabotage, isVerbose: isVerbose)
      let complaints = try simulation.run()
      return Run(seed: seed, complaints: complaints, hash: simulation.hash, faults: simulation.faultsDone)
    } catch {
      return Run(seed: seed, complaints: ["\(error)"], hash: 0, faults: [:])
    }
  }

  /// What the threads share.
  private final class Progress: Sendable {
    private let next: Mutex<UInt64>
    private let end: UInt64
    let report = Mutex(Report())

    init(_ seeds: Range<UInt64>) {
      next = Mutex(seeds.lowerBound)
      end = seeds.upperBound
    }

    func take() -> UInt64? {
      next.withLock { next in
        guard next < end else { return nil }
        defer { next += 1 }
        return next
      }
    }

    func add(_ run: Run) {
      report.withLock { report in
        if !run.complaints.isEmpty { report.failures.append(run) }
        report.hash &+= run.hash
        report.faults.merge(run.faults, uniquingKeysWith: +)
      }
    }
  }

  /// As many at once as there are processors.
  static func runAll(_ seeds: Range<UInt64>) async -> Report {
    let progress = Progress(seeds)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<max(ProcessInfo.processInfo.activeProcessorCount, 1) {
        group.addTask {
          await withCheckedContinuation { continuation in
            Thread.detachNewThread {
              while let seed = progress.take() { progress.add(runHere(seed, nil, false)) }
              continuation.resume()
            }
          }
        }
      }
    }
    var report = progress.report.withLock { $0 }
    report.failures.sort { $0.seed < $1.seed }
    return report
  }
}
