import Foundation
import Logging
import NIOCore
import Synchronization
import TL
import TelegramClient
import Testing

@testable import TGLCore

/// Answers that an earlier version could not read.
@Suite struct UnreadableObjectsTests {
  private let fixture: ArchiveFixture
  private let now: Int64 = 2_000_000_000

  init() throws { fixture = try ArchiveFixture() }

  private func keep(_ raw: Data?, scope: MessageScope, pts: Int32, layer: Int64 = SetAside.knownLayer - 1) async throws
  {
    try await fixture.archive.setAside(
      SetAside(kind: .object, scope: scope, pts: pts, reason: "unknown constructor", now: now, layer: layer, raw: raw))
  }

  private func readAgain() async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let time = ServiceTime(now: { 2_000_000_000 })
    try await UnreadableObjects(
      archive: fixture.archive, recorder: fixture.recorder, policy: NoticePolicy(), recorded: { _ in }, time: time,
      logger: logger
    ).readAgain()
  }

  private func count() async throws -> Int { try await fixture.archive.setAside(.object).count }

  @Test func answersThatCanBeReadNowAreRecordedAndForgotten() async throws {
    let state = API.UpdatesState(pts: 12, qts: 0, date: 1, seq: 0, unreadCount: 0)
    let common = API.AnyUpdatesDifference.updatesDifferenceSlice(
      API.UpdatesDifferenceSlice(
        newMessages: [Make.message(1, in: Make.user(1002), "private")], newEncryptedMessages: [],
        otherUpdates: [Make.delete([1])], chats: [], users: People.users, intermediateState: state))
    let channel = API.AnyUpdatesChannelDifference.updatesChannelDifference(
      API.UpdatesChannelDifference(
        pts: 3, newMessages: [Make.message(7, in: Make.channel(600), "in a channel")], otherUpdates: [],
        chats: People.chats, users: People.users))
    let team = try #require(PeerID.channel(600))
    try await keep(Data(common.encoded().readableBytesView), scope: .common, pts: 11)
    try await keep(Data(channel.encoded().readableBytesView), scope: .channel(team), pts: 2)
    try await readAgain()
    #expect(try await count() == 0)
    #expect(try await fixture.archive.message(chat: team, id: 7)?.message.text.text == "in a channel")
    #expect(try await fixture.archive.message(chat: ArchiveFixture.bob, id: 1)?.deletedAt != nil)
    #expect(try await fixture.notices().map(\.text.text) == ["private"])
  }

  @Test func answersOfQuestionsForMessagesAreReadToo() async throws {
    let answer = API.AnyMessagesMessages.messagesMessages(
      API.MessagesMessages(
        messages: [Make.message(5, in: Make.user(1002), "asked for")], topics: [], chats: [], users: People.users))
    try await keep(Data(answer.encoded().readableBytesView), scope: .common, pts: 0)
    try await readAgain()
    #expect(try await count() == 0)
    #expect(try await fixture.archive.message(chat: ArchiveFixture.bob, id: 5)?.message.text.text == "asked for")
  }

  @Test(arguments: [nil, Data(), Data([1, 2, 3, 4]), Data(repeating: 0xFF, count: 100)] as [Data?])
  func answersThatStillCannotBeReadRest(raw: Data?) async throws {
    try await keep(raw, scope: .common, pts: 1)
    try await readAgain()
    let object = try #require(try await fixture.archive.setAside(.object).first)
    #expect(object.layer == SetAside.knownLayer && object.attempts == 2 && object.lookAgainAt == now + SetAside.rest)
    // Nothing is due before a day, or a newer layer.
    try await readAgain()
    #expect(try await fixture.archive.setAside(.object).first?.attempts == 2)
  }

  @Test func answersOfThisLayerAreLeftAloneUntilTheyAreDue() async throws {
    try await keep(Data([1]), scope: .common, pts: 1, layer: SetAside.knownLayer)
    try await readAgain()
    #expect(try await fixture.archive.setAside(.object).first?.attempts == 1)
  }
}
