import Foundation
import GRDB
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct SetAsideTests {
  private static let team = PeerID.channel(600).require
  private let fixture: ArchiveFixture

  init() throws { fixture = try ArchiveFixture() }

  private func updates(_ reason: String = "MSG_ID_INVALID", now: Int64 = 1_000) -> SetAside {
    SetAside(kind: .updates, scope: .channel(Self.team), pts: nil, reason: reason, now: now, layer: 10)
  }

  private func object(_ pts: Int32, bytes: Int, now: Int64 = 1_000) -> SetAside {
    SetAside(
      kind: .object, scope: .common, chat: ArchiveFixture.bob, message: Int64(pts), pts: pts, reason: "unreadable",
      now: now, layer: 10, raw: Data(repeating: 7, count: bytes))
  }

  @Test func theSameTwiceIsOneRowThatCountsItsFailures() async throws {
    let archive = fixture.archive
    #expect(try await archive.setAside(updates()))
    #expect(try await !archive.setAside(updates("CHANNEL_PRIVATE", now: 5_000)))
    let all = try await archive.setAside(.updates)
    #expect(all.count == 1)
    #expect(all.first?.reason == "CHANNEL_PRIVATE" && all.first?.since == 1_000 && all.first?.attempts == 2)
    #expect(all.first?.lookAgainAt == 5_000 + SetAside.rest)
    try await archive.clearSetAside(.updates, in: .channel(Self.team))
    #expect(try await archive.setAside(.updates).isEmpty)
  }

  @Test func itIsLookedAtAgainAfterADayWithANewerLayerAndWhenTheClockWasWrong() async throws {
    let archive = fixture.archive
    try await archive.setAside(updates(now: 1_000_000))
    func due(at now: Int64, layer: Int64 = 10) async throws -> Int {
      try await archive.dueSetAside(.updates, now: now, layer: layer).count
    }
    #expect(try await due(at: 1_000_001) == 0)
    #expect(try await due(at: 1_000_000 + SetAside.rest) == 1)
    #expect(try await due(at: 1_000_001, layer: 11) == 1)
    // Written a month ahead.
    #expect(try await due(at: 1_000_000 - 30 * 86_400) == 1)
  }

  @Test func bytesComeBackAsTheyCameAndAreBoundedEach() async throws {
    let archive = fixture.archive
    try await archive.setAside(object(1, bytes: 100))
    try await archive.setAside(object(2, bytes: SetAside.maximumBytes + 1))
    let all = try await archive.setAside(.object)
    #expect(all.map(\.raw) == [Data(repeating: 7, count: 100), nil])
    // A failure without bytes takes none away.
    var again = object(1, bytes: 0)
    again.raw = nil
    try await archive.setAside(again)
    #expect(try await archive.setAside(.object).first?.raw?.count == 100)
  }

  @Test func bytesOfAllAreBoundedAndTheNewestStay() async throws {
    let archive = fixture.archive
    let count = Int(SetAside.maximumTotalBytes) / SetAside.maximumBytes + 3
    for pts in 1...count { try await archive.setAside(object(Int32(pts), bytes: SetAside.maximumBytes)) }
    let all = try await archive.setAside(.object)
    #expect(all.count == count)
    #expect(all.prefix { $0.raw == nil }.count == 3 && all.last?.raw != nil)
    let summary = try await archive.backlog().setAside
    #expect(summary.bytes <= SetAside.maximumTotalBytes && summary.counts == [.object: count])
  }

  @Test func rowsAreBoundedAndTheNewestStay() async throws {
    try await fixture.archive.write { db in
      for pts in 1...(SetAside.maximumRows + 2) {
        // Straight into the table, since that is faster.
        try db.execute(
          sql: """
            INSERT INTO set_aside (kind, pts, reason, since, look_again_at, layer) VALUES ('object', ?, 'x', 1, 1, 1)
            """, arguments: [pts])
      }
    }
    try await fixture.archive.setAside(object(1_000_000, bytes: 1))
    let counts = try await fixture.archive.backlog().setAside.counts
    #expect(counts == [.object: SetAside.maximumRows])
    #expect(try await fixture.archive.setAside(.object, limit: 1).first?.pts == 4)
  }

  @Test func theNewestAreNamedWithTheirChats() async throws {
    try await fixture.receive([])
    try await fixture.archive.setAside(updates())
    try await fixture.archive.setAside(object(5, bytes: 1))
    let unknown = SetAside(kind: .updates, scope: .common, reason: String(repeating: "é", count: 400), now: 1)
    try await fixture.archive.setAside(unknown)
    let reasons = try await fixture.archive.backlog().setAside.reasons
    #expect(reasons.count == 3)
    #expect(reasons[0].hasPrefix("set aside: updates of private chats and basic groups: éé") && reasons[0].count < 310)
    #expect(reasons[1] == "set aside: unreadable message of Bob Builder (1002): unreadable")
    #expect(reasons[2] == "set aside: updates of Team (-1000000000600): MSG_ID_INVALID")
  }

  @Test func aRowOfALaterVersionIsPassedOver() async throws {
    try await fixture.archive.write { db in
      try db.execute(
        sql: "INSERT INTO set_aside (kind, scope, reason, since, look_again_at, layer) VALUES ('x', 5, 'y', 1, 1, 1)")
      try db.execute(
        sql: "INSERT INTO set_aside (kind, scope, reason, since, look_again_at, layer) VALUES ('file', 5, 'y', 1, 1, 1)"
      )
    }
    #expect(try await fixture.archive.setAside(.file).isEmpty)
    #expect(try await fixture.archive.backlog().setAside.total == 1)
  }
}
