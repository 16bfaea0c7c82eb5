import Foundation
import GRDB
import MTProto
import NIOCore
import TL
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

/// A message is kept whole: what is recorded comes out of the archive again, but for a list of fields.
@Suite struct WholeMessageTests {
  /// As in `MessageRest`.
  private static let leftOut = TLOmission([
    "message.views", "message.forwards", "message.replies", "message.reactions", "message.pinned",
    "message.media_unread", "message.legacy", "messageService.media_unread", "messageService.legacy",
    "messageService.reactions", "messageService.reactions_are_possible", "*.file_reference",
  ])

  private struct Line: Decodable {
    struct Raw: Decodable { var message: TLValue? }
    var id: Int64
    var raw: Raw
  }

  private let bob = Make.user(1002)

  @Test func listOfLeftOutFieldsIsTheSchemas() {
    #expect(Self.leftOut.unknownNames.isEmpty)
  }

  @Test(arguments: ["message", "messageService"], [1, 2, 3] as [UInt64])
  func randomMessagesComeOutOfAnExportAsTheyCame(kind: String, seed: UInt64) async throws {
    let fixture = try ArchiveFixture()
    let folder = try TemporaryFolder()
    var random = RandomValues(schema: .api, generator: SeededGenerator(seed: seed))
    var expected: [Int64: ByteBuffer] = [:]
    for id in Int32(1)...100 {
      var value = try TLSchema.api.value(random.value(named: kind))
      value.set("id", .int(id))
      value.set("peer_id", .object("peerChannel", ["channel_id": .long(600)]))
      if value["from_id"] != nil { value.set("from_id", .object("peerUser", ["user_id": .long(1002)])) }
      let message = try API.AnyMessage(decoding: TLSchema.api.encoded(value))
      try await fixture.receive([Make.newInChannel(message)], policy: NoticePolicy())
      // The export names the author always.
      if value["from_id"] == nil {
        let sender = try await fixture.archive.message(chat: .channel(600).require, id: Int64(id))?.message.sender
        if let sender { value.set("from_id", try TLSchema.api.value(sender.peer.encoded())) }
      }
      expected[Int64(id)] = try TLSchema.api.copy(TLSchema.api.encoded(value), without: Self.leftOut)
    }
    // Notices of all of them can be written too.
    let report = try await fixture.receive([Make.delete(Array(1...100), inChannel: 600)])
    #expect(report.deleted == 100)
    var request = ExportRequest(
      format: .jsonl, destination: .folder("\(folder.path)/out"), root: DataRoot(existing: folder.path))
    request.includesRaw = true
    let path = try #require(try await Export.run(request, archive: fixture.archive, now: 2_000_000_000).path)
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 100)
    for line in lines {
      let line = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
      let message = try #require(line.raw.message, "message \(line.id), seed \(seed)")
      let bytes = try TLSchema.api.copy(TLSchema.api.encoded(message), without: Self.leftOut)
      #expect(bytes == expected[line.id], "message \(line.id), seed \(seed)")
    }
  }

  @Test func plainTextsAndRepliesCostNothing() async throws {
    let fixture = try ArchiveFixture()
    guard case .message(var reply) = Make.message(2, in: bob, "answer", views: 5) else { return }
    reply.replyTo = .messageReplyHeader(API.MessageReplyHeader(replyToMsgId: 1))
    reply.pinned = true
    let topic = API.MessageReplyHeader(forumTopic: true, replyToMsgId: 9, replyToTopId: 7)
    var inTopic = reply
    (inTopic.id, inTopic.replyTo) = (3, .messageReplyHeader(topic))
    let link = API.AnyMessageEntity.messageEntityTextUrl(.init(offset: 0, length: 2, url: "https://example.org"))
    try await fixture.receive([
      Make.new(Make.message(1, in: bob, "plain")), Make.new(.message(reply)), Make.new(.message(inTopic)),
      Make.new(Make.message(4, in: bob, "link", entities: [link])),
      Make.new(Make.message(5, in: bob, "", media: Make.photo(5))),
    ])
    let kept = try await fixture.archive.read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM message WHERE rich IS NOT NULL")
    }
    #expect(kept == 0)
  }

  /// An archive of before keeps no keyboards: that one is there now does not make an edit.
  @Test func keyboardOfAMessageOfBeforeIsNoEdit() async throws {
    let fixture = try ArchiveFixture()
    try await fixture.receive([Make.new(Make.message(1, in: bob, "a"))], now: 2_000_000_000)
    try await fixture.archive.write { try $0.execute(sql: "UPDATE whole_since SET received_at = 2000000000") }
    guard case .message(var message) = Make.message(1, in: bob, "a", editDate: 1_900_000_100) else { return }
    message.replyMarkup = try Make.keyboard("Open", "https://example.org")
    try await fixture.receive([Make.edit(.message(message))])
    #expect(try await fixture.archive.counts().versions == 0)
    // Now it is known, and another one is an edit.
    message.replyMarkup = try Make.keyboard("Close", "https://example.org")
    message.editDate = 1_900_000_200
    try await fixture.receive([Make.edit(.message(message))])
    #expect(try await fixture.archive.counts().versions == 1)
  }

  @Test func noticeNamesWhatIsAnsweredAndTheButtons() async throws {
    let fixture = try ArchiveFixture()
    guard case .message(var message) = Make.message(1, in: Make.channel(600), from: nil, "yes") else { return }
    message.fromId = Make.channel(700)
    message.replyMarkup = try Make.keyboard("Open\nFrom: forged", "https://example.org")
    message.replyTo = .messageReplyHeader(
      API.MessageReplyHeader(
        quote: true, replyFrom: API.MessageFwdHeader(fromId: Make.user(1002), date: 1), replyToTopId: 77,
        quoteText: "the quoted\nwords"))
    message.fwdFrom = API.MessageFwdHeader(date: 1, savedFromPeer: Make.group(500), savedFromMsgId: 4)
    try await fixture.receive([Make.newInChannel(.message(message))])
    guard case .message(var other) = Make.message(2, in: Make.channel(600), "and you?") else { return }
    other.replyTo = .messageReplyStoryHeader(API.MessageReplyStoryHeader(peer: bob, storyId: 12))
    other.savedPeerId = bob
    try await fixture.receive([Make.newInChannel(.message(other)), Make.delete([1, 2], inChannel: 600)])
    let texts = try await fixture.notices().map { NoticeRenderer().posts(for: $0)[0].content.text }
    for line in [
      "In reply to: a message of Bob Builder", "Quote: the quoted words", "Comments on: message 77", "Sent as: News",
      "Saved from: Family, message 4", "Buttons: Open From: forged (https://example.org)",
    ] {
      #expect(texts[0].contains("\n\(line)\n"), "\(line) in \(texts[0])")
    }
    for line in ["In reply to: story 12 of Bob Builder", "Direct messages of: Bob Builder"] {
      #expect(texts[1].contains("\n\(line)\n"), "\(line) in \(texts[1])")
    }
  }
}

extension TLValue {
  fileprivate subscript(field: String) -> TLValue? {
    if case .object(_, let fields) = self { return fields[field] }
    return nil
  }

  fileprivate mutating func set(_ field: String, _ value: TLValue) {
    guard case .object(let name, var fields) = self else { return }
    fields[field] = value
    self = .object(name, fields)
  }
}
