import GRDB
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct OutboxOrderTests {
  private let fixture: ArchiveFixture

  init() throws { fixture = try ArchiveFixture() }

  private struct Row {
    var event: Notice.Event
    var chat: Int64
    var settlesAt: Int64?
  }

  private static let start: Int64 = 2_000_000_000

  /// The message ids of what is next; rows are numbered from 1.
  private func order(
    _ rows: [Row], now: Int64 = start, limit: Int = 100, settling: Int64 = 60, begin: [Int64] = []
  ) async throws -> [Int64] {
    try await fixture.archive.write { db in
      for (index, row) in rows.enumerated() {
        let notice = Notice(
          event: row.event, chat: PeerSummary(id: PeerID(rawValue: row.chat).require, type: .user), sender: nil,
          messageID: Int64(index + 1), sentAt: 0, happenedAt: 0, text: FormattedText("x"))
        try OutboxTable.add(
          .message(notice), randomID: Int64(index + 1), settlesAt: row.settlesAt, now: Self.start, db)
      }
    }
    let times = OutboxTimes(now: now, longestSettling: settling)
    return try await fixture.archive.peekOutbox(limit: limit, times).pending.compactMap(\.payload.messageID)
  }

  @Test func deletionsAndOpenedMediaGoBeforeEditsOfOtherChats() async throws {
    let rows = [
      Row(event: .edited, chat: 1), Row(event: .edited, chat: 1), Row(event: .selfDestructed, chat: 2),
      Row(event: .deleted, chat: 3),
    ]
    #expect(try await order(rows) == [3, 4, 1, 2])
  }

  @Test func orderInsideAChatIsKept() async throws {
    let rows = [
      Row(event: .edited, chat: 1), Row(event: .edited, chat: 2), Row(event: .deleted, chat: 2),
      Row(event: .edited, chat: 2), Row(event: .deleted, chat: 2),
    ]
    #expect(try await order(rows) == [2, 3, 4, 5, 1])
  }

  /// Three hundred edits and a deletion elsewhere.
  @Test func deletionIsNextHoweverManyEditsWait() async throws {
    let rows = Array(repeating: Row(event: .edited, chat: 1), count: 300) + [Row(event: .deleted, chat: 2)]
    let expected: [Int64] = [301] + Array(Int64(1)...15)
    #expect(try await order(rows, limit: 16) == expected)
  }

  @Test func whatSettlesHoldsUpNothing() async throws {
    let rows = [Row(event: .edited, chat: 1, settlesAt: Self.start + 9), Row(event: .deleted, chat: 1)]
    #expect(try await order(rows) == [2])
    let later = OutboxTimes(now: Self.start + 9, longestSettling: 60)
    let next = try await fixture.archive.peekOutbox(limit: 1, later).pending.first
    #expect(next?.payload.messageID == 1)
  }

  @Test func whatIsNotReadyIsLookedAtAgainInTime() async throws {
    _ = try await order([Row(event: .edited, chat: 1, settlesAt: Self.start + 9)])
    let page = try await fixture.archive.peekOutbox(limit: 1, OutboxTimes(now: Self.start, longestSettling: 60))
    #expect(page.pending.isEmpty && page.nextReady == Self.start + 9)
    #expect(
      OutboxScheduler().next(OutboxHeads(nextReady: page.nextReady), now: Self.start) == .wait(until: Self.start + 9))
  }

  /// A clock that was a month ahead wrote the deadline.
  @Test func deadlineFurtherAheadThanEditsSettleCountsAsPast() async throws {
    #expect(try await order([Row(event: .edited, chat: 1, settlesAt: Self.start + 2_592_000)]) == [1])
  }

  @Test func nothingIsAddedToARowThatMayHaveBeenPosted() async throws {
    _ = try await order([Row(event: .edited, chat: 1), Row(event: .edited, chat: 2)])
    let times = OutboxTimes(now: Self.start)
    _ = try await fixture.archive.nextOutboxRows(limit: 1, times)
    let open = try await fixture.archive.read { db in
      try [1, 2].map { try OutboxTable.openEdit(chat: PeerID(rawValue: $0).require, message: $0, db)?.id }
    }
    #expect(open == [nil, 2])
  }

  @Test func moreThanCanBePostedSoonIsJoinedByChatAndToldOnce() async throws {
    var rows: [Row] = []
    for index in 0..<90 {
      let event: Notice.Event = index % 3 == 0 ? .edited : .deleted
      rows.append(Row(event: event, chat: Int64(index % 2 + 1)))
    }
    rows.append(Row(event: .deleted, chat: 3))
    rows.append(Row(event: .selfDestructed, chat: 1))
    let first = try await order(rows, limit: 1)
    let times = OutboxTimes(now: Self.start)
    _ = try await fixture.archive.nextOutboxRows(limit: 1, times)
    #expect(try await fixture.archive.joinOutbox(beyond: 100, times) == 0)
    #expect(try await fixture.archive.joinOutbox(beyond: 50, times) == 89)
    let page = try await fixture.archive.peekOutbox(limit: 100, times).pending
    var singles: [Int64] = []
    var joined: [Int64] = []
    var announced = 0
    for row in page {
      switch row.payload {
      case .message(let notice): singles.append(notice.messageID)
      case .note: Issue.record("a note")
      case .digest(let digest):
        let items = try await fixture.archive.digestItems(of: row.id, from: .min, limit: 1000).map(\.notice)
        #expect(items.count == digest.count && digest.reason == .backlog)
        let edited = items.count { $0.event == .edited }
        #expect(edited == digest.edited ?? 0)
        let ids: [Int64] = items.map(\.messageID)
        #expect(ids == ids.sorted())
        announced += digest.waiting == nil ? 0 : 1
        joined += items.map(\.messageID)
      case .unreadable: Issue.record("unreadable")
      }
    }
    // The one that has begun stays, and so does what is alone in its chat, or was opened.
    #expect(Set(singles) == Set(first).union([91, 92]))
    #expect(announced == 1)
    let all: [Int64] = singles + joined
    #expect(all.sorted() == Array(Int64(1)...92))

    // More of a chat goes into the digest that waits, and nothing is told again.
    let more = Array(repeating: Row(event: .deleted, chat: 1), count: 60)
    try await fixture.archive.write { db in
      for (index, row) in more.enumerated() {
        let notice = Notice(
          event: row.event, chat: PeerSummary(id: PeerID(rawValue: row.chat).require, type: .user), sender: nil,
          messageID: Int64(index + 1000), sentAt: 0, happenedAt: 0, text: FormattedText("x"))
        try OutboxTable.add(.message(notice), randomID: Int64(index + 1000), now: Self.start, db)
      }
    }
    let before = page.filter { $0.payload.kind == "digest" }
    #expect(try await fixture.archive.joinOutbox(beyond: 50, times) == 60)
    let after = try await fixture.archive.peekOutbox(limit: 100, times).pending
    let telling = after.filter { if case .digest(let digest) = $0.payload { digest.waiting != nil } else { false } }
    #expect(telling.count == 1)
    let digests = after.filter { $0.payload.kind == "digest" }
    #expect(digests.map(\.id) == before.map(\.id))
    #expect(Set(digests.map(\.randomID)).subtracting(before.map(\.randomID)).count == 1)
  }
}
