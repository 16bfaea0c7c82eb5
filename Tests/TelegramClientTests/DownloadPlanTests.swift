import NIOCore
import TestSupport
import Testing

@testable import TelegramClient

@Suite struct DownloadPlanTests {
  private static let partSize = 16

  private func buffer(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 7, count: count) }

  @Test(arguments: [
    (size: 100, length: 0, point: 0), (100, 15, 0), (100, 16, 16), (100, 47, 32), (100, 99, 96), (100, 100, 100),
    // Longer than the file: it is another file.
    (100, 101, 0), (96, 96, 96),
    // Nobody knows where it ends.
    (0, 0, 0), (0, 47, 32), (0, 48, 48),
  ])
  func goesOnAtAWholePart(size: Int64, length: Int64, point: Int64) {
    #expect(DownloadPlan.resumePoint(size: size, length: length, partSize: Self.partSize) == point)
  }

  @Test func asksInOrderAndFirstForWhatFailed() {
    var plan = DownloadPlan(size: 70, resumingAt: 20, partSize: Self.partSize)
    let parts = (0..<3).compactMap { _ in plan.nextPart() }
    #expect(parts.map(\.offset) == [16, 32, 48])
    plan.failed(parts[2])
    plan.failed(parts[0])
    #expect(plan.failedParts == 2)
    #expect((0..<4).map { _ in plan.nextPart()?.offset } == [16, 48, 64, nil])
    #expect(!plan.hasNextPart)
  }

  @Test func handsOutInOrderWhateverComesFirst() throws {
    var plan = DownloadPlan(size: 40, partSize: Self.partSize)
    let parts = (0..<3).compactMap { _ in plan.nextPart() }
    #expect(try plan.received(buffer(8), for: parts[2]).isEmpty)
    #expect(try plan.received(buffer(16), for: parts[1]).isEmpty)
    #expect(plan.earlyParts == 2)
    #expect(try plan.received(buffer(16), for: parts[0]).map(\.readableBytes) == [16, 16, 8])
    #expect(plan.isComplete)
  }

  @Test(arguments: [(part: 0, count: 15), (0, 17), (2, 7), (2, 9), (1, 0)])
  func anAnnouncedSizeIsHeldTo(part: Int, count: Int) {
    var plan = DownloadPlan(size: 40, partSize: Self.partSize)
    let parts = (0..<3).compactMap { _ in plan.nextPart() }
    #expect(throws: DownloadPlan.Failure.sizeMismatch(expected: 40, actual: Int64(part * 16 + count))) {
      try plan.received(buffer(count), for: parts[part])
    }
  }

  @Test func aFileWhoseSizeNobodySaidEndsWithAShortPart() throws {
    var plan = DownloadPlan(size: 0, partSize: Self.partSize)
    let parts = (0..<4).compactMap { _ in plan.nextPart() }
    #expect(try plan.received(buffer(0), for: parts[3]).isEmpty)
    #expect(try plan.received(buffer(5), for: parts[1]).isEmpty)
    #expect(!plan.hasNextPart)
    #expect(try plan.received(buffer(16), for: parts[0]).map(\.readableBytes) == [16, 5])
    #expect(plan.isComplete)
  }

  @Test func bytesBehindAShortPartAreNoFile() throws {
    var plan = DownloadPlan(size: 0, partSize: Self.partSize)
    let parts = (0..<3).compactMap { _ in plan.nextPart() }
    _ = try plan.received(buffer(16), for: parts[2])
    #expect(throws: DownloadPlan.Failure.self) { try plan.received(buffer(3), for: parts[0]) }
  }

  /// Any size and order of answers, failures, and interruptions at any byte: every byte once, in order.
  @Test(arguments: 0..<300) func everyByteOnceAndInOrder(run: Int) throws {
    var random = SeededGenerator.run(run)
    let size = Int.random(in: 1...400, using: &random)
    let content = random.bytes(size)
    let isKnown = Bool.random(using: &random)
    var disk: [UInt8] = []
    for life in 0... {
      var plan = DownloadPlan(size: isKnown ? Int64(size) : 0, resumingAt: Int64(disk.count), partSize: Self.partSize)
      disk.removeLast(disk.count - Int(plan.written))
      var underWay: [DownloadPlan.Part] = []
      let steps = life > 20 ? Int.max : Int.random(in: 0...60, using: &random)
      for _ in 0..<steps where !plan.isComplete {
        if Int.random(in: 0..<3, using: &random) > 0, underWay.count < 8, let part = plan.nextPart() {
          underWay.append(part)
        } else if let index = underWay.indices.randomElement(using: &random) {
          let part = underWay.remove(at: index)
          if Int.random(in: 0..<5, using: &random) == 0 {
            plan.failed(part)
            continue
          }
          let start = min(Int(part.offset), size)
          let bytes = ByteBuffer(bytes: content[start..<min(start + Self.partSize, size)])
          for ready in try plan.received(bytes, for: part) { disk += Array(ready.readableBytesView) }
          #expect(Int64(disk.count) == plan.written)
        }
        if plan.isComplete { break }
      }
      if plan.isComplete { break }
      // The process ends; a power cut may have taken the last bytes, too.
      disk.removeLast(Int.random(in: 0...min(disk.count, 20), using: &random))
    }
    #expect(disk == content)
  }
}

@Suite struct TransferWindowTests {
  /// A link of `rate` bytes a second and `delay` seconds that serves what is under way one after another.
  private func settledSize(rate: Double, delay: Double, maximum: Int = 32, parts: Int = 400) -> (Int, Double) {
    let partSize = 524_288
    var window = TransferWindow(partSize: partSize, maximum: maximum)
    var underWay: [(done: Double, ticket: TransferWindow.Ticket)] = []
    var now = 0.0
    var busyUntil = 0.0
    for _ in 0..<parts {
      while underWay.count < window.size {
        busyUntil = max(busyUntil, now + delay / 2) + Double(partSize) / rate
        underWay.append((busyUntil + delay / 2, window.sent(at: .seconds(now))))
      }
      let first = underWay.removeFirst()
      now = first.done
      window.answered(first.ticket, bytes: partSize, at: .seconds(now))
    }
    return (window.size, Double(parts * partSize) / now / rate)
  }

  @Test(arguments: [
    // 1 Mbit/s: no queue of minutes; 100 Mbit/s at 50 ms; 1 Gbit/s at 100 ms: all there is; and a link next door.
    (rate: 125e3, delay: 0.1, sizes: 2...4), (12.5e6, 0.05, 3...6), (125e6, 0.1, 28...32), (1e9, 0.0002, 2...4),
  ])
  func followsTheBandwidthDelayProduct(rate: Double, delay: Double, sizes: ClosedRange<Int>) {
    let (size, use) = settledSize(rate: rate, delay: delay)
    #expect(sizes.contains(size))
    // The window is large enough to keep the link busy, unless its limit forbids.
    if size < 32 { #expect(use > 0.9) }
  }

  @Test(arguments: [1, 2, 5]) func neverExceedsItsLimit(maximum: Int) {
    #expect(settledSize(rate: 125e6, delay: 1, maximum: maximum).0 == maximum)
  }

  @Test func isHalvedWhenAskedForPatienceAndComesBack() {
    var window = TransferWindow(partSize: 1000, maximum: 16)
    var now = Duration.zero
    func answer(_ count: Int) {
      for _ in 0..<count {
        let tickets = (0..<window.size).map { _ in window.sent(at: now) }
        now += .milliseconds(100)
        for ticket in tickets { window.answered(ticket, bytes: 1000, at: now) }
      }
    }
    answer(10)
    #expect(window.size == 16)
    window.slowDown()
    #expect(window.size == 8)
    for _ in 0..<5 { window.slowDown() }
    #expect(window.size == 1)
    answer(20)
    #expect(window.size == 16)
  }
}

@Suite struct TransferBudgetTests {
  @Test func isServedInOrderAndNeverExceeded() async {
    let budget = TransferBudget(capacity: 10)
    #expect(budget.tryAcquire(6))
    #expect(!budget.tryAcquire(5))
    async let first = budget.acquire(5)
    while budget.tryAcquire(0) { await Task.yield() }
    // Somebody waits: nobody overtakes, though there were room.
    #expect(!budget.tryAcquire(4))
    budget.release(6)
    #expect(await first)
    #expect(budget.tryAcquire(5))
    #expect(budget.used == 10)
    #expect(budget.highest == 10)
  }

  @Test func aCancelledWaiterTakesNothingAndLetsOthersPass() async {
    let budget = TransferBudget(capacity: 10)
    #expect(budget.tryAcquire(10))
    let waiter = Task { await budget.acquire(10) }
    while budget.tryAcquire(0) { await Task.yield() }
    waiter.cancel()
    #expect(await !waiter.value)
    budget.release(10)
    #expect(budget.used == 0)
    #expect(budget.tryAcquire(1))
  }
}
