import Foundation
import GRDB
import MTProto
import TL
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct DeletionNoticeTests {
  private let fixture: ArchiveFixture
  private let bob = Make.user(1002)

  init() throws { fixture = try ArchiveFixture() }

  @Test func noticeHoldsAllThatIsNeededToTellOfTheMessage() async throws {
    let bold = API.AnyMessageEntity.messageEntityBold(.init(offset: 0, length: 3))
    try await fixture.receive([
      Make.newInChannel(Make.message(9, in: Make.channel(600), "big news", entities: [bold]))
    ])
    try await fixture.receive([Make.delete([9], inChannel: 600)], users: [], chats: [], now: 2_000_000_007)
    let notice = try #require(try await fixture.notices().first)
    #expect(notice.event == .deleted)
    #expect(
      notice.chat
        == PeerSummary(id: PeerID.channel(600).require, type: .supergroup, name: "Team"))
    #expect(
      notice.sender == PeerSummary(id: ArchiveFixture.bob, type: .user, name: "Bob Builder", username: "bob_b"))
    #expect(notice.messageID == 9)
    #expect(notice.sentAt == 1_900_000_000)
    #expect(notice.happenedAt == 2_000_000_007)
    #expect(notice.text == FormattedText("big news", entities: [TextEntity(.bold, offset: 0, length: 3)]))
  }

  @Test(arguments: [0, 1, 5, 20])
  func firstAreToldSinglyTheRestInOneDigest(limit: Int) async throws {
    let ids = Array(Int32(1)...12)
    try await fixture.receive(ids.map { Make.new(Make.message($0, in: bob, "text \($0)")) })
    try await fixture.receive([Make.delete(ids.shuffled())], policy: NoticePolicy(singlesPerDeletion: limit))
    let singles = min(limit, 12)
    #expect(try await fixture.notices().map(\.messageID) == (1...12).prefix(singles).map { Int64($0) })
    let digests = try await fixture.outbox().compactMap { if case .digest(let digest) = $0 { digest } else { nil } }
    if singles == 12 {
      #expect(digests.isEmpty)
    } else {
      #expect(digests.count == 1)
      #expect(digests.first?.count == 12 - singles)
      #expect(digests.first?.toldSingly == singles)
      #expect(digests.first?.chat?.name == "Bob Builder")
      let row = try await fixture.archive.outboxRows().last.require.id
      let items = try await fixture.archive.digestItems(of: row, from: 0, limit: 100)
      #expect(items.map(\.notice.text.text) == (1...12).dropFirst(singles).map { "text \($0)" })
    }
  }

  /// A power cut takes a transaction whose notice is posted already: only the same `random_id` tells the repetition.
  @Test(arguments: [0, 5])
  func noticeWrittenAgainAfterAPowerCutHasTheSameRandomID(singles: Int) async throws {
    let policy = NoticePolicy(edited: true, singlesPerDeletion: singles)
    try await fixture.receive([1, 2].map { Make.new(Make.message($0, in: bob, "text \($0)")) })
    let copy = fixture.directory + "/copy.db"
    _ = try await fixture.archive.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    try FileManager.default.copyItem(atPath: fixture.path, toPath: copy)
    let events = [Make.edit(Make.message(1, in: bob, "edited", editDate: 1_900_000_009)), Make.delete([1, 2])]
    try await fixture.receive(events, policy: policy)
    let first = try await fixture.archive.outboxRows().map(\.randomID)

    let restored = try Archive.open(at: copy)
    var batch = UpdateBatch()
    batch.updates = events
    _ = try await restored.commit(fixture.recorder.record(batch, now: 2_000_009_999), policy: policy)
    #expect(try await restored.outboxRows().map(\.randomID) == first)
    #expect(Set(first).count == (singles == 0 ? 2 : 3))
    #expect(!first.contains(0))

    // Another archive is another story: it may not be refused for what this one has posted.
    let other = try ArchiveFixture()
    try await other.receive([1, 2].map { Make.new(Make.message($0, in: bob, "text \($0)")) })
    try await other.receive(events, policy: policy)
    #expect(Set(try await other.archive.outboxRows().map(\.randomID)).isDisjoint(with: first))
  }

  /// Telegram tells of it in pieces, from the newest on.
  @Test func clearedHistoryIsOneDigestInOrder() async throws {
    let ids = Array(Int32(1)...250)
    try await fixture.receive(
      ids.map { Make.new(Make.message($0, in: bob, "text \($0)", media: $0 % 5 == 0 ? Make.photo(Int64($0)) : nil)) })
    for piece in [151...250, 51...150, 1...50] { try await fixture.receive([Make.delete(piece.map { Int32($0) })]) }
    let digests = try await fixture.outbox().compactMap { if case .digest(let digest) = $0 { digest } else { nil } }
    let digest = try #require(digests.first)
    #expect(try await fixture.outbox().count == 1)
    #expect(digest.reason == .cleared && digest.toldSingly == 0 && digest.chat?.name == "Bob Builder")
    #expect(digest.count == 250 && digest.media == ["photo": 50])
    let row = try await fixture.archive.outboxRows().first.require
    let items = try await fixture.archive.digestItems(of: row.id, from: .min, limit: 1000)
    #expect(items.map(\.notice.messageID) == (1...250).map { Int64($0) })
    #expect(row.settlesAt == 2_000_000_003)
    let caption = NoticeRenderer(timeZone: .gmt).caption(for: digest).text
    #expect(caption.hasPrefix("🗑 250 deleted messages\n") && caption.contains("Media: 50 photos"))
  }

  @Test func digestOfSeveralChatsNamesNone() async throws {
    try await fixture.receive([
      Make.new(Make.message(1, in: bob, "a")), Make.new(Make.message(2, in: Make.group(500), "b")),
    ])
    try await fixture.receive([Make.delete([1, 2])], policy: NoticePolicy(singlesPerDeletion: 0))
    guard case .digest(let digest) = try await fixture.outbox().first else {
      Issue.record("no digest")
      return
    }
    #expect(digest.chat == nil)
    #expect(digest.count == 2)
  }

  @Test(arguments: [
    (NoticePolicy(deletedInPrivateChats: false), ["group", "news", "team"]),
    (NoticePolicy(deletedInGroups: false), ["bot", "news", "private"]),
    (NoticePolicy(deletedInChannels: false), ["bot", "group", "private", "team"]),
  ])
  func settingsChooseByTypeOfChat(policy: NoticePolicy, told: [String]) async throws {
    try await fixture.receive([
      Make.new(Make.message(1, in: bob, "private")), Make.new(Make.message(2, in: Make.user(1003), "bot")),
      Make.new(Make.message(3, in: Make.group(500), "group")),
      Make.newInChannel(Make.message(4, in: Make.channel(600), "team")),
      Make.newInChannel(Make.message(5, in: Make.channel(700), from: nil, "news", post: true)),
    ])
    let report = try await fixture.receive(
      [Make.delete([1, 2, 3]), Make.delete([4], inChannel: 600), Make.delete([5], inChannel: 700)], policy: policy)
    #expect(report.deleted == 5)
    #expect(try await fixture.notices().map(\.text.text).sorted() == told)
  }

  @Test func postOfAChannelNeverSeenCountsAsAChannels() async throws {
    try await fixture.receive(
      [Make.newInChannel(Make.message(5, in: Make.channel(888), from: nil, "post", post: true))], chats: [])
    try await fixture.receive(
      [Make.delete([5], inChannel: 888)], chats: [], policy: NoticePolicy(deletedInChannels: false))
    #expect(try await fixture.outbox().isEmpty)
  }

  @Test func ownMessagesAreToldOfToo() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, from: nil, "mine", out: true))])
    try await fixture.receive([Make.delete([1])])
    let notice = try #require(try await fixture.notices().first)
    #expect(notice.isOutgoing)
    #expect(notice.sender?.id == ArchiveFixture.alice)
  }

  @Test(arguments: [
    (Int64(1002), Int64(1002), "Service message: left"), (1001, 1002, "Service message: removed Bob Builder"),
    (1001, 4711, "Service message: removed user 4711"),
  ])
  func membersAreNamed(sender: Int64, member: Int64, sentence: String) async throws {
    let removal = API.AnyMessage.messageService(
      API.MessageService(
        id: 3, fromId: Make.user(sender), peerId: Make.group(500), date: 1,
        action: .messageActionChatDeleteUser(.init(userId: member))))
    try await fixture.receive([Make.new(removal), Make.delete([3])])
    #expect(try await fixture.notices().first?.details?.text == sentence)
  }

  @Test func savedMessagesAreNamedSo() async throws {
    try await fixture.archive.claim(account: ArchiveFixture.alice)
    try await fixture.receive([Make.new(Make.message(1, in: Make.user(1001), from: nil, "a note", out: true))])
    try await fixture.receive([Make.delete([1])])
    let notice = try #require(try await fixture.notices().first)
    let text = NoticeRenderer(timeZone: .gmt).posts(for: notice)[0].content.text
    #expect(text.contains("Chat: Saved Messages\n"))
    #expect(NoticeRenderer(timeZone: .gmt).fileEntry(for: notice, number: 1).contains("Chat: Saved Messages ["))
  }

  @Test func albumIsDescribedByAllItsItems() async throws {
    let media = [Make.photo(1), Make.photo(2), Make.document(3, name: "c.pdf")]
    try await fixture.receive(Make.album(1...3, in: bob, media, "an album"))
    try await fixture.receive([Make.delete([1, 2, 3])])
    let notice = try #require(try await fixture.notices().first)
    let text = NoticeRenderer(timeZone: .gmt).posts(for: notice)[0].content.text
    #expect(text.contains("Media: 2 photos, 1 document"))
    #expect(text.contains("c.pdf"))
  }

  @Test func serviceMessagesAreToldInWords() async throws {
    let joined = API.AnyMessage.messageService(
      API.MessageService(
        id: 3, fromId: bob, peerId: Make.group(500), date: 1,
        action: .messageActionChatEditTitle(.init(title: "New title"))))
    try await fixture.receive([Make.new(joined)])
    let report = try await fixture.receive([Make.delete([3])])
    #expect(report.deleted == 1)
    #expect(report.notices == 1)
    #expect(try await fixture.notices().first?.details?.text == "Service message: changed the name to “New title”")
    let message = try await fixture.archive.message(chat: PeerID.basicGroup(500).require, id: 3).require
    #expect(message.message.action?.kind == "chatEditTitle")
  }
}

extension Archive {
  func outboxRows() async throws -> [OutboxRow] {
    try await read { db in
      var rows: [OutboxRow] = []
      try db.makeStatement(sql: "\(OutboxTable.selection) ORDER BY id").forEach { rows.append(OutboxTable.row($0)) }
      return rows
    }
  }
}
