import MTProto
import TL
import TelegramClient
import Testing

@testable import TGLCore

/// A group that becomes a supergroup keeps its settings.
@Suite struct ChatSuccessorsTests {
  private static let group = PeerID.basicGroup(500).require
  private static let supergroup = PeerID.channel(800).require

  enum Telling: CaseIterable, Sendable { case chat, migrateTo, migrateFrom }

  private func batch(_ telling: Telling) -> UpdateBatch {
    var batch = UpdateBatch()
    switch telling {
    case .chat:
      batch.chats = [
        .chat(
          API.Chat(
            id: 500, title: "Family", photo: .chatPhotoEmpty(.init()), participantsCount: 2, date: 1, version: 1,
            migratedTo: .inputChannel(API.InputChannel(channelId: 800, accessHash: 1))))
      ]
    case .migrateTo:
      let action = API.AnyMessageAction.messageActionChatMigrateTo(API.MessageActionChatMigrateTo(channelId: 800))
      batch.updates = [
        Make.new(.messageService(API.MessageService(id: 1, peerId: Make.group(500), date: 1, action: action)))
      ]
    case .migrateFrom:
      let action = API.AnyMessageAction.messageActionChannelMigrateFrom(
        API.MessageActionChannelMigrateFrom(title: "Family", chatId: 500))
      batch.updates = [
        Make.newInChannel(
          .messageService(API.MessageService(id: 1, peerId: Make.channel(800), date: 1, action: action)))
      ]
    }
    batch.updates.append(Make.newInChannel(Make.message(2, in: Make.channel(800), "in the supergroup")))
    return batch
  }

  @Test(arguments: Telling.allCases)
  func supergroupOfAnIgnoredGroupIsIgnored(telling: Telling) async throws {
    let fixture = try ArchiveFixture(
      policy: RecorderPolicy(selfID: ArchiveFixture.alice, logChat: ArchiveFixture.logChat, ignored: [Self.group]))
    let record = fixture.recorder.record(batch(telling), now: 2_000_000_000)
    let report = try await fixture.archive.commit(record, policy: NoticePolicy())
    #expect(report.added == 0)
    #expect(report.successors == [Self.group: Self.supergroup])
    // Also after a restart, and it is news only once.
    #expect(try await fixture.archive.chatSuccessors() == [Self.group: Self.supergroup])
    #expect(try await fixture.archive.commit(record, policy: NoticePolicy()).successors.isEmpty)
  }

  @Test(arguments: Telling.allCases)
  func logChatThatMovesStaysTheLogChat(telling: Telling) async throws {
    let fixture = try ArchiveFixture(policy: RecorderPolicy(selfID: ArchiveFixture.alice, logChat: Self.group))
    let record = fixture.recorder.record(batch(telling), now: 2_000_000_000)
    #expect(try await fixture.archive.commit(record, policy: NoticePolicy()).added == 0)
  }

  @Test func settingsFollow() throws {
    let written = try settings([
      "LOG_CHAT_ID": "-500", "IGNORED_IDS": "-500,-501", "BACKFILL_CHATS": "-500", "BACKFILL_MESSAGES_PER_CHAT": "5",
    ])
    #expect(written.namedChats.contains(Self.group))
    let followed = written.following([Self.group: Self.supergroup])
    #expect(followed.logChat == Self.supergroup)
    #expect(followed.ignoredIDs == [Self.group, PeerID.basicGroup(501).require, Self.supergroup])
    #expect(followed.backfill.chats == [Self.group, Self.supergroup])
    let other = written.following([PeerID.basicGroup(777).require: Self.supergroup])
    #expect(other.logChat == Self.group && other.ignoredIDs == written.ignoredIDs)
  }
}
