import MTProto
import NIOCore
import TestSupport
import Testing

@testable import TelegramClient

/// Sleeps no time at all, and remembers for how long it should have.
private final class SleeplessClock: Clock, Sendable {
  let naps = Locked<[Duration]>([])

  var now: ManualClock.Instant { ManualClock.Instant() }
  var minimumResolution: Duration { .zero }

  func sleep(until deadline: ManualClock.Instant, tolerance: Duration?) async throws {
    naps.withValue { $0.append(deadline.offset) }
    try Task.checkCancellation()
  }
}

/// What becomes of parts that fail.
@Suite struct TransferLoopTests {
  private struct Job: TransferJob {
    let partSize = 10
    let partCost = 10
    var left: [Int]
    var failedParts = 0
    var arrived: [Int] = []
    var underWay = 0
    let answer: @Sendable (Int) -> Result<Int, DownloadError>

    var isComplete: Bool { left.isEmpty && underWay == 0 }
    var earlyParts: Int { 0 }
    var hasNextPart: Bool { !left.isEmpty }

    mutating func nextPart() -> Int? {
      underWay += 1
      failedParts = max(failedParts - 1, 0)
      return left.removeFirst()
    }

    func exchange(_ part: Int) -> Exchange { { [answer] in answer(part) } }

    mutating func received(_ answer: Int, for part: Int) async throws(DownloadError) -> Int {
      underWay -= 1
      arrived.append(part)
      return answer
    }

    mutating func failed(_ part: Int) {
      underWay -= 1
      failedParts += 1
      left.insert(part, at: 0)
    }
  }

  private func run(
    _ parts: Int, floodSleepThreshold: Duration = .seconds(60),
    _ answer: @escaping @Sendable (Int) -> Result<Int, DownloadError>
  ) async -> (Result<[Int], DownloadError>, naps: [Duration], leftOver: Int) {
    let clock = SleeplessClock()
    let budget = TransferBudget(capacity: 50)
    let loop = TransferLoop(budget: budget, clock: clock, floodSleepThreshold: floodSleepThreshold)
    var job = Job(left: Array(0..<parts), answer: answer)
    do throws(DownloadError) {
      try await loop.run(&job)
      return (.success(job.arrived.sorted()), clock.naps.current, budget.used)
    } catch {
      return (.failure(error), clock.naps.current, budget.used)
    }
  }

  @Test func aServerThatNeverAnswersIsGivenUp() async {
    let (result, naps, leftOver) = await run(20) { _ in .failure(.telegram(.timeout(method: "upload.getFile"))) }
    guard case .failure(.telegram(.timeout)) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(naps.count == TransferLoop.patience)
    #expect(leftOver == 0)
  }

  @Test(arguments: [
    TelegramError.timeout(method: "m"), .unreachable(dc: 2, reason: "r"), .rpc(.outcomeUnknown, method: "m"),
    .rpc(RPCError(code: 500, message: "INTERNAL"), method: "m"), .floodWait(.seconds(60), method: "m"),
  ])
  func failuresWithProgressBetweenThemAreOutlived(error: TelegramError) async {
    let failures = Locked(0)
    let (result, _, leftOver) = await run(100) { part in
      // Every other answer is a failure: many more than would be borne in a row.
      let isFailure = failures.withValue { count in
        count += 1
        return count.isMultiple(of: 2)
      }
      return isFailure ? .failure(DownloadError(error)) : .success(10)
    }
    guard case .success(let parts) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(parts == Array(0..<100))
    #expect(leftOver == 0)
  }

  @Test(arguments: [
    DownloadError.referenceExpired, .gone("FILE_ID_INVALID"), .floodWait(.seconds(61)), .diskFull(path: "/"),
    .telegram(.unauthorized("SESSION_REVOKED")),
    .telegram(.rpc(RPCError(code: 400, message: "LIMIT_INVALID"), method: "m")),
  ])
  func whatWaitingCannotHelpIsSaidAtOnce(error: DownloadError) async {
    let (result, naps, leftOver) = await run(5) { _ in .failure(error) }
    guard case .failure(let said) = result, "\(said)" == "\(error)" else {
      Issue.record("\(result)")
      return
    }
    #expect(naps.isEmpty)
    #expect(leftOver == 0)
  }

  @Test func aFloodWaitIsSleptOnOnceForAllParts() async {
    let flooded = Locked(2)
    let (result, naps, _) = await run(10) { _ in
      let isFlooded = flooded.withValue { left in
        left -= 1
        return left >= 0
      }
      return isFlooded ? .failure(.floodWait(.seconds(7))) : .success(10)
    }
    guard case .success = result else {
      Issue.record("\(result)")
      return
    }
    #expect((1...2).contains(naps.count))
    #expect(naps.allSatisfy { $0 == .seconds(7) })
  }
}
