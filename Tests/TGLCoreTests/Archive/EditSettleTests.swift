import Foundation
import GRDB
import MTProto
import TL
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct EditSettleTests {
  private let fixture: ArchiveFixture
  private let bob = Make.user(1002)
  private let policy = NoticePolicy(edited: true, editSettle: 10)
  private static let start: Int64 = 2_000_000_000

  init() throws { fixture = try ArchiveFixture() }

  private func edit(_ text: String, at now: Int64, policy: NoticePolicy? = nil) async throws {
    try await fixture.receive(
      [Make.edit(Make.message(1, in: bob, text, editDate: Int32(1_900_000_000 + now)))], now: Self.start + now,
      policy: policy ?? self.policy)
  }

  private func start(_ text: String = "A") async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, text))], now: Self.start)
  }

  @Test func editsOfAMessageAreOneNotice() async throws {
    try await start()
    for (index, text) in ["B", "C", "D"].enumerated() { try await edit(text, at: Int64(index) * 5) }
    let row = try #require(try await fixture.archive.outboxRows().first)
    #expect(try await fixture.archive.outboxRows().count == 1)
    #expect(row.settlesAt == Self.start + 20)
    guard case .message(let notice) = row.payload else {
      Issue.record("no notice")
      return
    }
    #expect(notice.before?.text == "A" && notice.text.text == "D")
    #expect(notice.edits == EditSpan(from: 1, to: 4, editedAt: 1_900_000_010))
    let post = NoticeRenderer(timeZone: .gmt).posts(for: notice)[0].content.text
    #expect(post.contains("Edits: 3; 2 versions in between are in the archive"))
    #expect(try await fixture.archive.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM message_version") } == 3)
  }

  @Test func editsThatGoOnAreToldAtMostSixTimesTheTimeAfterTheFirst() async throws {
    try await start()
    for second in stride(from: Int64(0), through: 120, by: 5) { try await edit("at \(second)", at: second) }
    #expect(try await fixture.archive.outboxRows().map(\.settlesAt) == [Self.start + 60])
  }

  @Test func zeroTellsEachEdit() async throws {
    try await start()
    for (index, text) in ["B", "A", "B"].enumerated() {
      try await edit(text, at: Int64(index), policy: NoticePolicy(edited: true))
    }
    let notices = try await fixture.notices()
    #expect(notices.map(\.before?.text) == ["A", "B", "A"])
    #expect(notices.map(\.text.text) == ["B", "A", "B"])
    #expect(Set(try await fixture.archive.outboxRows().map(\.randomID)).count == 3)
  }

  @Test func editBackToTheFirstTextSaysSo() async throws {
    try await start()
    try await edit("B", at: 0)
    try await edit("A", at: 1)
    let notice = try #require(try await fixture.notices().first)
    let post = NoticeRenderer(timeZone: .gmt).posts(for: notice)[0].content.text
    #expect(post.contains("Edits: 2") && post.contains("the same as before the edits"))
    #expect(!post.contains("Before:"))
  }

  @Test func noticeThatMayHaveBeenPostedIsNeverChanged() async throws {
    try await start()
    try await edit("B", at: 0)
    let times = OutboxTimes(now: Self.start + 10, longestSettling: 60)
    let begun = try await fixture.archive.nextOutboxRows(limit: 1, times).pending.first
    try await edit("C", at: 11)
    let rows = try await fixture.archive.outboxRows()
    #expect(rows.count == 2)
    #expect(rows.first?.payload == begun?.payload && rows.first?.randomID == begun?.randomID)
    #expect(try await fixture.notices().map(\.before?.text) == ["A", "B"])
  }

  @Test func deletionTellsOfTheEditsThatSettle() async throws {
    try await start()
    try await edit("B", at: 0)
    try await edit("C", at: 1)
    try await fixture.receive([Make.delete([1])], now: Self.start + 2, policy: policy)
    let notices = try await fixture.notices()
    #expect(notices.map(\.event) == [.deleted])
    let post = NoticeRenderer(timeZone: .gmt).posts(for: notices[0])[0].content.text
    #expect(post.hasPrefix("🗑 Deleted message\n"))
    #expect(post.contains("Edits: 2; 1 version in between is in the archive"))
    #expect(post.contains("Before:\nA") && post.contains("After:\nC"))
    let entry = NoticeRenderer(timeZone: .gmt).fileEntry(for: notices[0], number: 1)
    #expect(entry.contains("Before:\n| A\nAfter:\n| C"))
  }

  @Test func deletionOfWhatMayHaveBeenPostedAsEditedIsItsOwn() async throws {
    try await start()
    try await edit("B", at: 0)
    _ = try await fixture.archive.nextOutboxRows(limit: 1, OutboxTimes(now: Self.start + 10, longestSettling: 60))
    try await fixture.receive([Make.delete([1])], now: Self.start + 11, policy: policy)
    #expect(try await fixture.notices().map(\.event) == [.edited, .deleted])
    #expect(try await fixture.notices().last?.edits == nil)
  }

  @Test func filesOfReplacedMediaWaitWithTheDeletion() async throws {
    let buffering = NoticePolicy(edited: true, editSettle: 10, media: MediaPolicy(buffersAll: true))
    try await fixture.receive(
      [Make.new(Make.message(1, in: bob, "A", media: Make.photo(5)))], now: Self.start, policy: buffering)
    try await fixture.receive(
      [Make.edit(Make.message(1, in: bob, "A", editDate: 1_900_000_001, media: Make.photo(6)))], now: Self.start,
      policy: buffering)
    try await fixture.receive([Make.delete([1])], now: Self.start + 1, policy: buffering)
    let notice = try #require(try await fixture.notices().first)
    #expect(notice.files?.count == 2)
    #expect(try await fixture.archive.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM outbox_wait") } == 2)
  }

  /// Telegram shows the last version alone after a power cut: the notice is the same all the same.
  @Test func noticeRecordedAgainAfterAPowerCutHasTheSameRandomID() async throws {
    try await start()
    let copy = fixture.directory + "/copy.db"
    _ = try await fixture.archive.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    try FileManager.default.copyItem(atPath: fixture.path, toPath: copy)
    try await edit("B", at: 0)
    try await edit("C", at: 1)
    let first = try await fixture.archive.outboxRows().map(\.randomID)

    let restored = try Archive.open(at: copy)
    var batch = UpdateBatch()
    batch.updates = [Make.edit(Make.message(1, in: bob, "C", editDate: 1_900_000_001))]
    _ = try await restored.commit(fixture.recorder.record(batch, now: Self.start + 99), policy: policy)
    #expect(try await restored.outboxRows().map(\.randomID) == first)
  }

  @Test func deletionWithEditsHasTheRandomIDOfTheDeletionAlone() async throws {
    try await start()
    let copy = fixture.directory + "/copy.db"
    _ = try await fixture.archive.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    try FileManager.default.copyItem(atPath: fixture.path, toPath: copy)
    try await edit("B", at: 0)
    try await fixture.receive([Make.delete([1])], now: Self.start + 2, policy: policy)
    let first = try await fixture.archive.outboxRows().map(\.randomID)

    let restored = try Archive.open(at: copy)
    var batch = UpdateBatch()
    batch.updates = [Make.delete([1])]
    _ = try await restored.commit(fixture.recorder.record(batch, now: Self.start + 99), policy: policy)
    #expect(try await restored.outboxRows().map(\.randomID) == first)
  }

  @Test func clockThatWasSetBackPostsRatherThanWaits() async throws {
    try await start()
    try await edit("B", at: 2_592_000)
    try await edit("C", at: 2_592_000 - 86_400 * 20)
    let row = try #require(try await fixture.archive.outboxRows().first)
    let now = Self.start + 2_592_000 - 86_400 * 20
    // The older date changes nothing, or the notice is due: either way nothing waits for weeks.
    let page = try await fixture.archive.peekOutbox(limit: 1, OutboxTimes(now: now, longestSettling: 60))
    #expect(page.pending.map(\.id) == [row.id])
  }
}
