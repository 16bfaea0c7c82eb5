import Foundation
import GRDB
import MTProto
import NIOCore
import TL
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct ArchiveCommitTests {
  private let fixture: ArchiveFixture
  private let bob = Make.user(1002)
  private let state = UpdatesStateChange(
    account: UpdatesState(pts: 10, qts: 1, date: 5, seq: 2), channels: [600: 77, 700: 3])

  init() throws { fixture = try ArchiveFixture() }

  private struct Kept: Equatable {
    var media: Data?
    var mediaID: Int64?
    var layer: Int64?
  }

  // MARK: Invariant 1

  @Test func stateCommitsWithTheMessages() async throws {
    #expect(try await fixture.archive.updatesState() == nil)
    try await fixture.receive([Make.new(Make.message(1, in: bob, "hello"))], state: state)
    let expected = UpdatesState(pts: 10, qts: 1, date: 5, seq: 2, channels: [600: 77, 700: 3])
    #expect(try await fixture.archive.updatesState() == expected)
    try await fixture.receive([], state: UpdatesStateChange(channels: [600: 78, 700: nil]))
    #expect(try await fixture.archive.updatesState()?.channels == [600: 78])
  }

  @Test(arguments: ["update_state", "channel_state", "message", "outbox", "peer"])
  func failingTransactionLeavesNothingBehind(table: String) async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "first"))])
    try await fixture.archive.write { db in
      try db.execute(sql: "CREATE TRIGGER fail BEFORE INSERT ON \(table) BEGIN SELECT RAISE(ABORT, 'on purpose'); END")
    }
    let before = try await fixture.archive.counts()
    await #expect(throws: ArchiveError.failed(path: fixture.path, detail: "on purpose")) {
      try await fixture.receive(
        [Make.new(Make.message(2, in: bob, "second")), Make.delete([1])],
        users: [.user(API.User(id: 1077, accessHash: 1, firstName: "New"))], state: state)
    }
    #expect(try await fixture.archive.counts() == before)
    #expect(try await fixture.archive.updatesState() == nil)
    #expect(try await fixture.archive.message(chat: ArchiveFixture.bob, id: 1)?.deletedAt == nil)

    try await fixture.archive.write { try $0.execute(sql: "DROP TRIGGER fail") }
    try await fixture.receive(
      [Make.new(Make.message(2, in: bob, "second")), Make.delete([1])], state: state)
    #expect(try await fixture.archive.updatesState()?.pts == 10)
    #expect(try await fixture.notices().map(\.text.text) == ["first"])
  }

  @Test func cancelledTaskDoesNotTearATransaction() async throws {
    let fixture = self.fixture
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await fixture.receive([Make.new(Make.message(1, in: Make.user(1002), "hello"))])
    }
    #expect(try await task.value.added == 1)
    #expect(try await fixture.archive.counts().messages == 1)
  }

  // MARK: Invariant 3

  @Test func deletionWithoutChatNeverTouchesChannels() async throws {
    let chats: [(API.AnyPeer, Bool)] = [
      (Make.channel(600), true), (Make.channel(700), true), (Make.channel(1), true),
      (Make.channel(2_999_999_999_999), true),
    ]
    for (chat, _) in chats { try await fixture.receive([Make.newInChannel(Make.message(7, in: chat, "in a channel"))]) }
    try await fixture.receive([Make.new(Make.message(7, in: Make.group(500), "in the group"))])

    let report = try await fixture.receive([Make.delete([7])])
    #expect(report.deleted == 1)
    #expect(try await fixture.notices().map(\.text.text) == ["in the group"])
    for (chat, _) in chats {
      let id = PeerID(chat).require
      #expect(try await fixture.archive.message(chat: id, id: 7).require.deletedAt == nil, "\(id)")
    }
  }

  @Test func deletionInAChannelTouchesThatChannelAlone() async throws {
    for chat in [Make.channel(600), Make.channel(700)] {
      try await fixture.receive([Make.newInChannel(Make.message(7, in: chat, "post"))])
    }
    try await fixture.receive([Make.new(Make.message(7, in: bob, "private"))])
    try await fixture.receive([Make.delete([7], inChannel: 600)])
    #expect(try await fixture.notices().map(\.chat.name) == ["Team"])
    #expect(try await fixture.archive.counts().deleted == 1)
  }

  // MARK: Repetitions

  @Test func sameBatchAgainChangesNothingAndTellsNothing() async throws {
    let updates = [
      Make.new(Make.message(1, in: bob, "one")), Make.new(Make.message(2, in: bob, "two")),
      Make.edit(Make.message(1, in: bob, "one, edited", editDate: 1_900_000_050)), Make.delete([2]),
    ]
    try await fixture.receive(updates, state: state)
    let counts = try await fixture.archive.counts()
    let outbox = try await fixture.outbox()
    #expect(outbox.count == 2)
    let report = try await fixture.receive(updates, state: state)
    #expect(report.notices == 0)
    #expect(try await fixture.archive.counts() == counts)
    #expect(try await fixture.outbox() == outbox)
    #expect(try await fixture.archive.message(chat: ArchiveFixture.bob, id: 1)?.message.text.text == "one, edited")
  }

  @Test func lateMessageDoesNotComeBackFromTheDead() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "gone"))])
    try await fixture.receive([Make.delete([1])], now: 2_000_000_001)
    let report = try await fixture.receive([Make.new(Make.message(1, in: bob, "gone"))], now: 2_000_000_002)
    #expect(report.spokenOfAfterDeletion == 1)
    #expect(try await fixture.archive.message(chat: ArchiveFixture.bob, id: 1)?.deletedAt == 2_000_000_001)
    #expect(try await fixture.notices().count == 1)
  }

  @Test func deletionOfTheUnseenIsCountedNotTold() async throws {
    let report = try await fixture.receive([Make.delete([1, 2, 3]), Make.delete([4], inChannel: 600)])
    #expect(report.deletedUnseen == 4)
    #expect(report.notices == 0)
  }

  @Test func sameIdTwiceInOneDeletionIsToldOnce() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "gone"))])
    #expect(try await fixture.receive([Make.delete([1, 1, 1])]).notices == 1)
  }

  // MARK: Versions

  @Test func everyVersionIsKept() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "v1"))])
    for n in 2...6 {
      try await fixture.receive(
        [Make.edit(Make.message(1, in: bob, "v\(n)", editDate: 1_900_000_000 + Int32(n)))],
        policy: NoticePolicy(edited: false))
    }
    let versions = try await fixture.archive.earlierVersions(chat: ArchiveFixture.bob, id: 1)
    #expect(versions.map(\.text.text) == ["v1", "v2", "v3", "v4", "v5"])
    #expect(versions.map(\.version) == [1, 2, 3, 4, 5])
    #expect(versions.map(\.date) == [1_900_000_000, 1_900_000_002, 1_900_000_003, 1_900_000_004, 1_900_000_005])
    let now = try await fixture.archive.message(chat: ArchiveFixture.bob, id: 1).require
    #expect(now.message.text.text == "v6")
    #expect(now.version == 6)
    #expect(try await fixture.outbox().isEmpty)
  }

  @Test func editOfAnUnknownMessageIsItsFirstVersion() async throws {
    let report = try await fixture.receive([Make.edit(Make.message(1, in: bob, "late", editDate: 1_900_000_002))])
    #expect(report.added == 1)
    #expect(report.notices == 0)
  }

  @Test func formattingAloneIsAnEdit() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "word"))])
    let bold = API.AnyMessageEntity.messageEntityBold(.init(offset: 0, length: 4))
    try await fixture.receive([Make.edit(Make.message(1, in: bob, "word", entities: [bold], editDate: 1_900_000_002))])
    let notice = try #require(try await fixture.notices().first)
    #expect(notice.before == FormattedText("word"))
    #expect(notice.text == FormattedText("word", entities: [TextEntity(.bold, offset: 0, length: 4)]))
  }

  @Test func olderStateAfterANewerOneIsIgnored() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "new", editDate: 1_900_000_009))])
    let report = try await fixture.receive([Make.edit(Make.message(1, in: bob, "old", editDate: 1_900_000_004))])
    #expect(report.edited == 0)
    #expect(try await fixture.archive.message(chat: ArchiveFixture.bob, id: 1)?.message.text.text == "new")
  }

  @Test(arguments: [
    Make.message(1, in: Make.user(1002), "same", editDate: 1_900_000_009, editHide: true),
    Make.message(1, in: Make.user(1002), "same", editDate: 1_900_000_009, views: 17),
  ])
  func editOfNothingReadableIsNoEdit(message: API.AnyMessage) async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "same"))])
    let report = try await fixture.receive([Make.edit(message)])
    #expect(report.edited == 0)
    #expect(try await fixture.archive.counts().versions == 0)
  }

  @Test func renewedFileReferenceIsTakenOverWithoutAnEdit() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "", media: Make.photo(5, reference: "old")))])
    let renewed = Make.message(1, in: bob, "", editDate: 1_900_000_009, media: Make.photo(5, reference: "new"))
    #expect(try await fixture.receive([Make.edit(renewed)]).edited == 0)
    let media = try await fixture.archive.message(chat: ArchiveFixture.bob, id: 1).require.message.media
    #expect(media?.raw == Data(Make.photo(5, reference: "new").encoded().readableBytesView))
  }

  @Test func replacedMediaIsAnEditThatKeepsTheOldOne() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "", media: Make.photo(5)))])
    try await fixture.receive([Make.edit(Make.message(1, in: bob, "", editDate: 1_900_000_009, media: Make.photo(6)))])
    let kept = try await fixture.archive.read { db in
      try Row.fetchAll(db, sql: "SELECT media, media_id, layer FROM message_version").map { row in
        Kept(media: row["media"], mediaID: row["media_id"], layer: row["layer"])
      }
    }
    #expect(kept == [Kept(media: Data(Make.photo(5).encoded().readableBytesView), mediaID: 5, layer: 229)])
  }

  @Test func expiryOfSelfDestructMediaKeepsItsValueAndIsNoEditNotice() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "", media: Make.photo(5, ttl: 10)))])
    let expired = API.AnyMessageMedia.messageMediaPhoto(API.MessageMediaPhoto(ttlSeconds: 10))
    try await fixture.receive([Make.edit(Make.message(1, in: bob, "", editDate: 1_900_000_009, media: expired))])
    #expect(try await fixture.notices().map(\.event) == [.selfDestructed])
    #expect(try await fixture.archive.counts().versions == 1)
  }

  @Test func richMessageWithRenewedFileReferenceIsNoEdit() async throws {
    func message(_ reference: String) throws -> API.AnyMessage {
      guard case .message(var message) = Make.message(1, in: bob, "a", editDate: 1_900_000_100) else {
        preconditionFailure("a message is one")
      }
      message.richMessage = try Make.rich(photo: 5, reference: reference)
      return .message(message)
    }
    try await fixture.receive([Make.new(try message("one"))])
    for reference in ["two", "three", "four"] {
      var batch = RecorderBatch(receivedAt: 2_000_000_100)
      let stored = try await fixture.archive.storedMessages(in: .common, below: nil, limit: 1)
      batch.operations = [
        fixture.recorder.observe(try message(reference), version: stored.first.require.version).require
      ]
      _ = try await fixture.archive.commit(batch, policy: NoticePolicy(edited: true))
    }
    #expect(try await fixture.archive.counts().versions == 0)
    #expect(try await fixture.notices().isEmpty)
  }

  // MARK: Peers

  @Test func minPeersNeverReplaceWholeOnes() async throws {
    try await fixture.receive([])
    let min = API.AnyUser.user(API.User(min: true, id: 1002, accessHash: 999, firstName: "B"))
    try await fixture.receive([], users: [min], now: 2_100_000_000)
    let bob = try await fixture.archive.peer(ArchiveFixture.bob).require
    #expect(bob.accessHash == 22)
    #expect(bob.name == "Bob Builder")
    #expect(!bob.isMin)
  }

  @Test func wholePeersReplaceMinOnesAndTheirHash() async throws {
    let id = PeerID.user(4000).require
    try await fixture.receive([], users: [.user(API.User(min: true, id: 4000, accessHash: 999, firstName: "X"))])
    #expect(try await fixture.archive.references(toUsers: [4000], metIn: nil).isEmpty)
    try await fixture.receive([], users: [.user(API.User(id: 4000, firstName: "Xenia"))])
    #expect(try await fixture.archive.peer(id)?.accessHash == nil)
    try await fixture.receive([], users: [.user(API.User(id: 4000, accessHash: 5, firstName: "Xenia"))])
    #expect(try await fixture.archive.references(toUsers: [4000, 4001], metIn: nil) == [4000: .accessHash(5)])
  }

  @Test func userSeenOnlyInPassingIsNamedByAMessageThatIsStillThere() async throws {
    let min = API.AnyUser.user(API.User(min: true, id: 4000, accessHash: 999, firstName: "X"))
    let messages = (1...3).map { Make.message($0, in: Make.channel(600), from: 4000, "text \($0)") }
    try await fixture.receive(messages.map(Make.newInChannel), users: [min])
    try await fixture.receive([Make.delete([3], inChannel: 600)], users: [])
    let team = PeerID.channel(600).require
    let archive = fixture.archive
    #expect(try await archive.references(toUsers: [4000], metIn: team) == [4000: .seen(chat: team, message: 2)])
    #expect(try await archive.references(toUsers: [4000], metIn: PeerID.channel(700)) == [:])
    #expect(try await fixture.notices().first.map { NoticeRenderer().posts(for: $0).map(\.metIn) } == [team])
  }

  @Test func nameOfADeletedAccountStays() async throws {
    try await fixture.receive([])
    try await fixture.receive([], users: [.user(API.User(deleted: true, id: 1002, accessHash: 22))])
    #expect(try await fixture.archive.peer(ArchiveFixture.bob)?.name == "Bob Builder")
  }

  // MARK: Invariant 5

  @Test func whatHasNoTypeIsKeptAndTheRestOfTheBatchToo() async throws {
    // updateFavedStickers: in the schema's table, without typed Swift.
    var writer = TLWriter()
    writer.writeConstructor(0xe511_996d)
    let update = try API.AnyUpdate(decoding: writer.buffer)
    guard case .other = update else {
      Issue.record("the update has typed Swift now: take another")
      return
    }
    let report = try await fixture.receive([update, Make.new(Make.message(1, in: bob, "hello"))])
    #expect(report.keptRaw == 1)
    #expect(report.added == 1)
    try await fixture.archive.keep(undecodable: Data([0xDE, 0xAD]), at: 1)
    let kept = try await fixture.archive.read {
      try Data.fetchAll($0, sql: "SELECT raw FROM unknown_update ORDER BY id")
    }
    #expect(kept == [Data([0x6D, 0x99, 0x11, 0xE5]), Data([0xDE, 0xAD])])
  }

  @Test func whatIsKeptAsItCameDoesNotFillTheDisk() async throws {
    var batch = RecorderBatch(receivedAt: 1)
    batch.operations = (0..<10_050).map { .keep(raw: Data("\($0)".utf8), chat: nil) }
    _ = try await fixture.archive.commit(batch, policy: NoticePolicy())
    let oldest = try await fixture.archive.read { try Data.fetchOne($0, sql: "SELECT raw FROM unknown_update") }
    #expect(oldest == Data("50".utf8))
    #expect(try await fixture.archive.counts().unknownUpdates == 10_000)
  }

  @Test func updatesThatComeOftenAndSayNothingOfMessagesAreNotKept() async throws {
    // updateUserEmojiStatus#28373599 user_id:long emoji_status:EmojiStatus, with emojiStatusEmpty#2de11aae.
    var writer = TLWriter()
    writer.writeConstructor(0x2837_3599)
    writer.writeLong(1002)
    writer.writeConstructor(0x2de1_1aae)
    let report = try await fixture.receive([try API.AnyUpdate(decoding: writer.buffer)])
    #expect(report.keptRaw == 0)
  }
}
