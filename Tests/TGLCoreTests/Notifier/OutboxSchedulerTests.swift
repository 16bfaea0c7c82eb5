import TelegramClient
import Testing

@testable import TGLCore

@Suite struct OutboxSchedulerTests {
  private func row(_ id: Int64, _ state: OutboxRow.State = .pending, notBefore: Int64 = 0, attempts: Int = 0)
    -> OutboxRow
  {
    let digest = DigestNotice(chat: nil, count: 1, toldSingly: 0, happenedAt: 1)
    var row = OutboxRow(id: id, payload: .digest(digest), randomID: id, createdAt: 1)
    row.state = state
    row.notBefore = notBefore
    row.attempts = attempts
    return row
  }

  @Test func emptyOutboxIsIdle() {
    #expect(OutboxScheduler().next(OutboxHeads(), now: 10) == .idle)
  }

  @Test func pendingGoesBeforeParkedAndParkedOnlyWhenDue() {
    let scheduler = OutboxScheduler()
    let pending = row(9)
    let parked = row(1, .parked, notBefore: 50)
    #expect(scheduler.next(OutboxHeads(pending: pending, parked: parked), now: 100) == .send(pending))
    #expect(scheduler.next(OutboxHeads(parked: parked), now: 49) == .wait(until: 50))
    #expect(scheduler.next(OutboxHeads(parked: parked), now: 50) == .send(parked))
  }

  @Test func laterRowsWaitForTheFirst() {
    // The archive only shows the oldest pending row: one that is not due holds the later ones back.
    let scheduler = OutboxScheduler()
    #expect(scheduler.next(OutboxHeads(pending: row(1, notBefore: 70)), now: 60) == .wait(until: 70))
  }

  @Test func floodWaitClosesTheWholeChat() {
    var scheduler = OutboxScheduler()
    let first = row(1)
    #expect(
      scheduler.failed(first, .floodWait(30), now: 100)
        == .postponed(.pending, until: 131, attempts: 0, error: "the server asks to wait 30 s"))
    let heads = OutboxHeads(pending: row(2), parked: row(3, .parked))
    #expect(scheduler.next(heads, now: 130) == .wait(until: 131))
    #expect(scheduler.next(heads, now: 131) == .send(row(2)))
  }

  @Test(arguments: [Int64.min, -1, 0, .max])
  func floodWaitNobodyCanMeanIsBounded(seconds: Int64) {
    var scheduler = OutboxScheduler()
    _ = scheduler.failed(row(1), .floodWait(seconds), now: 100)
    #expect((101...100 + 86_401).contains(scheduler.closedUntil))
  }

  @Test func unreachableServerIsTriedAtGrowingIntervals() {
    var scheduler = OutboxScheduler()
    let waits = (0..<9).map { _ in
      _ = scheduler.failed(row(1), .unavailable("down"), now: 0)
      return scheduler.closedUntil
    }
    #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60])
    scheduler.succeeded()
    #expect(
      scheduler.failed(row(1), .unavailable("down"), now: 0)
        == .postponed(.pending, until: 1, attempts: 0, error: "down"))
  }

  @Test func refusedPostIsParkedAndNeverGivenUp() {
    var scheduler = OutboxScheduler()
    let waits = (0..<14).map { attempts in
      guard
        case .postponed(.parked, let until, attempts + 1, "bad") = scheduler.failed(
          row(1, attempts: attempts), .postRefused("bad"), now: 0)
      else { return Int64(-1) }
      return until
    }
    #expect(waits.prefix(4) == [60, 120, 240, 480])
    #expect(waits.last == 86_400)
    #expect(scheduler.next(OutboxHeads(pending: row(2)), now: 0) == .send(row(2)))
  }

  /// The clock was a month ahead for a while; then it is right.
  @Test(arguments: [LogChatError.unavailable("down"), .chatRefused("no"), .floodWait(900), .postRefused("bad")])
  func clockSetBack(error: LogChatError) {
    let right: Int64 = 2_000_000_000
    for ahead in [3_700, 86_400, 30 * 86_400, 366 * 86_400] as [Int64] {
      var scheduler = OutboxScheduler()
      guard case .postponed(let state, let until, _, _) = scheduler.failed(row(1), error, now: right + ahead) else {
        Issue.record("not postponed")
        continue
      }
      #expect(until > right + ahead)
      // The row of another life of the program, in which nothing is known of a closed chat.
      let stored = ahead > 2 * 86_400 ? row(1, state, notBefore: until) : row(1)
      #expect(OutboxScheduler().next(OutboxHeads(pending: stored), now: right) == .send(stored))
      #expect(scheduler.next(OutboxHeads(pending: stored), now: right) == .send(stored))
    }
  }

  @Test func noDeadlineLiesFurtherAheadThanItsLongestDelay() {
    let now: Int64 = 2_000_000_000
    #expect(StoredDeadline.trusted(now - 5, now: now) == now - 5)
    #expect(StoredDeadline.trusted(now + 86_400, now: now) == now + 86_400)
    #expect(StoredDeadline.trusted(now + 86_401, now: now) == now)
    #expect(StoredDeadline.trusted(.max, now: now) == now)
    #expect(StoredDeadline.trusted(now + 61, now: now, longest: 60) == now)
    #expect(StoredDeadline.trusted(.max, now: .max) == .max)
    #expect(StoredDeadline.after(.max, now: now) == now + 86_400)
    #expect(StoredDeadline.after(-3, now: now) == now)
  }

  @Test func randomIDsOfPartsAreDistinctAndNeverZero() {
    var seen = Set<Int64>()
    for id in [Int64.min, -1, 1, 2, 3, .max] {
      var row = row(1)
      row.randomID = id
      for part in 0..<50 { #expect(seen.insert(row.randomID(part: part)).inserted) }
    }
    #expect(!seen.contains(0))
  }
}
