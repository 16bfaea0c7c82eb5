import Foundation
import GRDB
import TL
import Testing

@testable import TGLCore

@Suite("Order and identity of edits") struct EditOrderTests {
  private let fixture: ArchiveFixture
  private let bob = Make.user(1002)

  init() throws { fixture = try ArchiveFixture() }

  private func randomIDs() async throws -> [Int64] {
    try await fixture.archive.read { db in try Int64.fetchAll(db, sql: "SELECT random_id FROM outbox ORDER BY id") }
  }

  @Test func editsThereAndBackWithinASecondAreVersionsAndNoticesOfTheirOwn() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "A"))])
    for text in ["B", "A", "B"] {
      try await fixture.receive([Make.edit(Make.message(1, in: bob, text, editDate: 1_900_000_100))])
    }
    let stored = try await fixture.archive.message(chat: ArchiveFixture.bob, id: 1)
    #expect(stored?.message.text.text == "B")
    #expect(try await fixture.archive.counts().versions == 3)
    let notices = try await fixture.notices()
    #expect(notices.map { $0.before?.text } == ["A", "B", "A"])
    #expect(notices.map(\.text.text) == ["B", "A", "B"])
    #expect(Set(try await randomIDs()).count == 3)
  }

  @Test func editAfterADatelessChangeIsApplied() async throws {
    try await fixture.receive(
      [Make.new(Make.message(1, in: bob, "a", media: Make.photo(5, ttl: 10)))], now: 1_900_000_600)
    // The photo expires, which has no date; our clock is ten minutes ahead of Telegram's.
    let expired = API.AnyMessageMedia.messageMediaPhoto(API.MessageMediaPhoto(photo: nil, ttlSeconds: 10))
    try await fixture.receive([Make.edit(Make.message(1, in: bob, "a", media: expired))], now: 1_900_000_700)
    try await fixture.receive(
      [Make.edit(Make.message(1, in: bob, "b", editDate: 1_900_000_220, media: expired))], now: 1_900_000_820)
    let stored = try await fixture.archive.message(chat: ArchiveFixture.bob, id: 1)
    #expect(stored?.message.text.text == "b")
  }

  @Test func noticesThatDifferAreNeverTakenForOne() async throws {
    try await fixture.archive.write { db in
      let identity = try NoticeIdentity(db)
      let chat = PeerSummary(id: ArchiveFixture.bob, type: .user)
      func edit(_ before: String, _ after: String, version: Int64 = 2, date: Int64? = 1_900_000_100) -> Int64 {
        var notice = Notice(
          event: .edited, chat: chat, sender: nil, messageID: 1, sentAt: 0, happenedAt: 0, text: FormattedText(after),
          before: FormattedText(before))
        notice.edits = EditSpan(from: version - 1, to: version, editedAt: date)
        return identity.randomID(of: notice)
      }
      func deletion(_ ids: [Int64]?) -> Int64 {
        identity.randomID(
          of: Notice(
            event: .deleted, chat: chat, sender: nil, messageID: 1, sentAt: 0, happenedAt: 0, text: FormattedText(""),
            album: ids))
      }
      let edits = [
        edit("A", "B"), edit("B", "A"), edit("A", "B", version: 4), edit("A", "B", date: nil), edit("", "AB"),
        edit("AB", ""), edit("A", "B 1"), edit("A B", "1"),
      ]
      let deletions = [deletion(nil), deletion([1, 2]), deletion([1, 2, 3]), deletion([1, 23])]
      #expect(Set(edits + deletions).count == edits.count + deletions.count)
      // Written down again after a power cut, a notice is the same.
      #expect(edit("A", "B") == edits[0] && deletion([1, 2]) == deletions[1])
    }
  }
}
