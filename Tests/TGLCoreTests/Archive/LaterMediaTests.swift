import Foundation
import GRDB
import MTProto
import NIOCore
import TL
import TelegramClient
import Testing

@testable import TGLCore

/// Updates that complete stored messages, and what is kept of updates without typed Swift.
@Suite struct LaterMediaTests {
  private let fixture: ArchiveFixture
  private let bob = Make.user(1002)

  init() throws { fixture = try ArchiveFixture() }

  private func stored(_ id: Int64) async throws -> MessageRecord {
    try await fixture.archive.message(chat: ArchiveFixture.bob, id: id).require.message
  }

  private func expectNoVersion() async throws {
    #expect(try await fixture.archive.counts().versions == 0)
    #expect(try await fixture.notices().isEmpty)
  }

  @Test func previewThatIsLoadedIsTakenOver() async throws {
    let pending = API.AnyMessageMedia.messageMediaWebPage(
      API.MessageMediaWebPage(webpage: .webPagePending(API.WebPagePending(id: 5, date: 1))))
    try await fixture.receive([Make.new(Make.message(1, in: bob, "https://example.org", media: pending))])
    let page = API.WebPage(
      id: 5, url: "https://example.org", displayUrl: "example.org", hash: 0, title: "Example", description: "Words")
    try await fixture.receive([
      .updateWebPage(API.UpdateWebPage(webpage: .webPage(page), pts: 0, ptsCount: 0))
    ])
    let details = try await stored(1).media.flatMap(MediaDescription.text)?.text
    #expect(details?.contains("Preview: Example") == true)
    #expect(details?.contains("About: Words") == true)
    try await expectNoVersion()
    // Other messages have other pages.
    try await fixture.receive([Make.new(Make.message(2, in: bob, "x", media: pending))])
    let other = API.WebPage(id: 6, url: "u", displayUrl: "u", hash: 0)
    try await fixture.receive([.updateWebPage(API.UpdateWebPage(webpage: .webPage(other), pts: 0, ptsCount: 0))])
    #expect(try await stored(2).media?.raw == Data(pending.encoded().readableBytesView))
  }

  private func poll(_ question: String) -> API.Poll {
    let answer = API.PollAnswer(text: API.TextWithEntities(text: "yes", entities: []), option: ByteBuffer(string: "1"))
    return API.Poll(
      id: 9, question: API.TextWithEntities(text: question, entities: []), answers: [.pollAnswer(answer)], hash: 0)
  }

  @Test(arguments: [true, false])
  func votesAreTakenOver(isNamed: Bool) async throws {
    let media = API.AnyMessageMedia.messageMediaPoll(
      API.MessageMediaPoll(
        poll: poll("Tea?"),
        results: API.PollResults(
          results: [API.PollAnswerVoters(chosen: true, option: ByteBuffer(string: "1"), voters: 1, recentVoters: [])],
          totalVoters: 1)))
    try await fixture.receive([Make.new(Make.message(1, in: bob, "", media: media))])
    var update = API.UpdateMessagePoll(
      pollId: 9,
      results: API.PollResults(
        min: true, results: [API.PollAnswerVoters(option: ByteBuffer(string: "1"), voters: 7, recentVoters: [])],
        totalVoters: 7))
    if isNamed { (update.peer, update.msgId) = (bob, 1) }
    try await fixture.receive([.updateMessagePoll(update)])
    let details = try await stored(1).media.flatMap(MediaDescription.text)?.text
    #expect(details?.contains("•: yes (7, 100 %; chosen by you)") == true, "\(details ?? "none")")
    try await expectNoVersion()
    // Another question is content.
    update.poll = poll("Coffee?")
    try await fixture.receive([.updateMessagePoll(update)])
    #expect(try await fixture.archive.counts().versions == 1)
  }

  @Test func boughtMediaIsTakenOverAndFetched() async throws {
    let media = API.AnyMessageMedia.messageMediaPaidMedia(
      API.MessageMediaPaidMedia(starsAmount: 5, extendedMedia: [.messageExtendedMediaPreview(.init(w: 1, h: 1))]))
    let policy = NoticePolicy(edited: true, media: MediaPolicy(buffersAll: true))
    try await fixture.receive([Make.new(Make.message(1, in: bob, "", media: media))], policy: policy)
    let bought = API.UpdateMessageExtendedMedia(
      peer: bob, msgId: 1, extendedMedia: [.messageExtendedMedia(.init(media: Make.photo(5)))])
    try await fixture.receive([.updateMessageExtendedMedia(bought)], policy: policy)
    try await expectNoVersion()
    let jobs = try await fixture.archive.read { db in
      try Int64.fetchAll(db, sql: "SELECT medium_id FROM media_job WHERE state = 'fetch'")
    }
    #expect(jobs == [5])
  }

  @Test func transcriptionIsKeptAndTold() async throws {
    let voice = API.AnyMessageMedia.messageMediaDocument(
      API.MessageMediaDocument(
        voice: true,
        document: .document(
          API.Document(
            id: 5, accessHash: 1, fileReference: .init(), date: 1, mimeType: "audio/ogg", size: 1, dcId: 2,
            attributes: []))))
    try await fixture.receive([Make.new(Make.message(1, in: bob, "", media: voice))])
    for (text, pending) in [("Hel", true), ("Hello\nFrom: forged", false)] {
      try await fixture.receive([
        .updateTranscribedAudio(
          API.UpdateTranscribedAudio(pending: pending, peer: bob, msgId: 1, transcriptionId: 3, text: text))
      ])
    }
    try await fixture.receive([Make.delete([1])])
    let details = try await fixture.notices().first?.details?.text
    #expect(details?.contains("Transcription: Hello From: forged") == true)
  }

  @Test func nameThatIsChangedIsTold() async throws {
    try await fixture.receive([Make.new(Make.message(1, in: bob, "a"))])
    let names = [API.Username(active: true, username: "robert")]
    try await fixture.receive(
      [
        .updateUserName(API.UpdateUserName(userId: 1002, firstName: "Robert", lastName: "", usernames: names)),
        .updateUserPhone(API.UpdateUserPhone(userId: 1002, phone: "999")), Make.delete([1]),
      ], users: [], chats: [])
    let sender = try await fixture.notices().first?.sender
    #expect(sender?.name == "Robert")
    #expect(sender?.username == "robert")
    #expect(try await fixture.archive.peer(ArchiveFixture.bob)?.phone == "999")
  }

  // MARK: Updates without typed Swift

  /// An update of a bot's, with a chat and a person in it.
  private func unknown(chat: Int64, user: Int64) throws -> API.AnyUpdate {
    let value = TLValue.object(
      "updateBotChatBoost",
      [
        "peer": .object("peerChannel", ["channel_id": .long(chat)]), "qts": .int(1),
        "boost": .object(
          "boost", ["id": .string("b"), "user_id": .long(user), "date": .int(1), "expires": .int(2)]),
      ])
    return try API.AnyUpdate(decoding: TLSchema.api.encoded(value))
  }

  private func keptChats() async throws -> [Int64] {
    try await fixture.archive.read { try Int64.fetchAll($0, sql: "SELECT chat_id FROM unknown_update ORDER BY id") }
  }

  @Test func unknownUpdatesOfIgnoredChatsAndPeopleAreNotKept() async throws {
    let channel = PeerID.channel(600).require
    let recorder = Recorder(
      policy: RecorderPolicy(
        selfID: ArchiveFixture.alice, logChat: ArchiveFixture.logChat, ignored: [channel, ArchiveFixture.bob]))
    #expect(!recorder.keepsAny(of: try unknown(chat: 600, user: 1001)))
    #expect(!recorder.keepsAny(of: try unknown(chat: 700, user: 1002)))
    #expect(!recorder.keepsAny(of: try unknown(chat: 9999, user: 1001)))
    #expect(recorder.keepsAny(of: try unknown(chat: 700, user: 1001)))
  }

  @Test func scheduledMessagesAndDraftsAreNotKept() throws {
    let scheduled = TLValue.object(
      "updateNewScheduledMessage",
      ["message": try TLSchema.api.value(Make.message(1, in: bob, "later").encoded())])
    #expect(!fixture.recorder.keepsAny(of: try API.AnyUpdate(decoding: TLSchema.api.encoded(scheduled))))
    let draft = API.UpdateDraftMessage(peer: bob, draft: .draftMessageEmpty(API.DraftMessageEmpty()))
    #expect(!fixture.recorder.keepsAny(of: .updateDraftMessage(draft)))
  }

  @Test func unknownUpdatesGoWithTheirChatsMessages() async throws {
    try await fixture.receive([try unknown(chat: 600, user: 1002)], now: 2_000_000_000)
    try await fixture.receive([try unknown(chat: 700, user: 1002)], now: 2_000_000_000)
    try await fixture.receive([try unknown(chat: 700, user: 1002)], now: 2_000_900_000)
    #expect(try await keptChats() == [600, 700, 700].map { PeerID.channel($0).require.rawValue })
    var request = RetentionPlan.Request()
    request.olderThan = 86_400
    request.types = [.channel]
    let plan = RetentionPlan(
      try RetentionSettings(SettingsSource(environment: [:], envFile: "/dev/null")), request: request,
      now: 2_000_900_000)
    #expect(try await fixture.archive.removeUnknownUpdates(plan) == 1)
    #expect(try await keptChats() == [600, 700].map { PeerID.channel($0).require.rawValue })
  }

  @Test func unknownUpdatesAreBoundedInBytes() async throws {
    let (rows, bytes) = try await fixture.archive.write { db in
      for _ in 0..<256 {
        try UnknownUpdateTable.keep(Data(count: 256 * 1024), chat: nil, layer: 1, now: 1, db)
      }
      return try UnknownUpdateTable.space(db)
    }
    #expect(rows == 64)
    #expect(bytes == 64 * 256 * 1024)
  }
}
