import Foundation
import MTProto
import NIOCore
import TL
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct RecorderTests {
  private static let alice = PeerID.user(1001).require
  private static let logChat = PeerID.channel(9999).require
  private let recorder = Recorder(policy: RecorderPolicy(selfID: alice, logChat: logChat))

  private func record(_ update: API.AnyUpdate, _ policy: RecorderPolicy? = nil) -> [RecorderBatch.Operation] {
    var batch = UpdateBatch()
    batch.updates = [update]
    return (policy.map(Recorder.init) ?? recorder).record(batch, now: 1).operations
  }

  private func message(_ update: API.AnyUpdate, _ policy: RecorderPolicy? = nil) -> MessageRecord? {
    guard case .message(let message) = record(update, policy).first else { return nil }
    return message
  }

  @Test(
    arguments: [
      (Make.user(1002), nil, false, 1002, 1002), (Make.user(1002), nil, true, 1002, 1001),
      (Make.user(1001), nil, false, 1001, 1001), (Make.group(500), 1002, false, -500, 1002),
      (Make.channel(600), 1002, false, -1_000_000_000_600, 1002),
      (Make.channel(700), nil, false, -1_000_000_000_700, -1_000_000_000_700),
    ] as [(API.AnyPeer, Int64?, Bool, Int64, Int64)])
  func chatAndSenderAreBotAPIIDs(chat: API.AnyPeer, from: Int64?, out: Bool, chatID: Int64, senderID: Int64) {
    let record = message(Make.new(Make.message(1, in: chat, from: from, "x", out: out)))
    #expect(record?.chat.rawValue == chatID)
    #expect(record?.sender?.rawValue == senderID)
  }

  @Test func anonymousAdminSpeaksAsTheGroup() {
    let message = API.Message(id: 1, fromId: Make.channel(600), peerId: Make.channel(600), date: 1, message: "x")
    #expect(self.message(Make.newInChannel(.message(message)))?.sender == PeerID.channel(600))
  }

  @Test func settingsDecideWhatIsKept() {
    let bob = PeerID.user(1002).require
    var policy = RecorderPolicy(selfID: Self.alice, logChat: Self.logChat)
    let mine = Make.new(Make.message(1, in: Make.user(1002), from: nil, "x", out: true))
    let bobs = Make.new(Make.message(2, in: Make.group(500), "x"))
    #expect(message(mine, policy) != nil)
    policy.keepsOutgoing = false
    #expect(message(mine, policy) == nil)
    #expect(message(bobs, policy) != nil)
    policy.ignored = [bob]
    #expect(message(bobs, policy) == nil)
    policy.ignored = [PeerID.basicGroup(500).require]
    #expect(message(bobs, policy) == nil)
    policy.ignored = [PeerID.channel(500).require]
    #expect(message(bobs, policy) != nil)
  }

  @Test func logChatIsNeverKept() {
    #expect(record(Make.newInChannel(Make.message(1, in: Make.channel(9999), "x"))).isEmpty)
    #expect(record(Make.delete([1], inChannel: 9999)).isEmpty)
  }

  @Test func impossibleIDsAreLeftOut() {
    #expect(record(Make.new(Make.message(1, in: Make.user(-5), "x"))).isEmpty)
    #expect(record(Make.delete([1], inChannel: 0)).isEmpty)
    #expect(record(Make.new(.messageEmpty(API.MessageEmpty(id: 4)))).isEmpty)
  }

  @Test func everythingAboutAMessageIsTakenOver() {
    let reply = API.MessageReplyHeader(
      forumTopic: true, replyToMsgId: 40, replyToPeerId: Make.channel(601), replyToTopId: 30)
    let forward = API.MessageFwdHeader(
      fromId: Make.channel(700), date: 77, channelPost: 8, postAuthor: "Ed")
    let message = API.Message(
      noforwards: true, id: 5, fromId: Make.user(1002), peerId: Make.channel(600), fwdFrom: forward, viaBotId: 1003,
      replyTo: .messageReplyHeader(reply), date: 100, message: "text", media: Make.photo(9, ttl: 30), editDate: 200,
      postAuthor: "Me", groupedId: 12, ttlPeriod: 60)
    var expected = MessageRecord(chat: PeerID.channel(600).require, id: 5, date: 100)
    expected.sender = PeerID.user(1002)
    expected.editDate = 200
    expected.noforwards = true
    expected.ttlSeconds = 30
    expected.ttlPeriod = 60
    expected.replyToID = 40
    expected.replyToChat = PeerID.channel(601)
    expected.topicID = 30
    expected.groupedID = 12
    expected.viaBotID = 1003
    expected.postAuthor = "Me"
    expected.forward = ForwardRecord(from: PeerID.channel(700), date: 77, channelPost: 8, postAuthor: "Ed")
    expected.text = FormattedText("text")
    expected.media = MediaRecord(
      kind: .photo, id: 9, raw: Data(Make.photo(9, ttl: 30).encoded().readableBytesView))
    #expect(self.message(Make.newInChannel(.message(message))) == expected)
  }

  @Test func everythingAboutAMessageComesBackFromTheArchive() async throws {
    let fixture = try ArchiveFixture()
    let reply = API.MessageReplyHeader(forumTopic: true, replyToMsgId: 40, replyToPeerId: Make.channel(601))
    let message = API.Message(
      noforwards: true, id: 5, fromId: Make.user(1002), peerId: Make.channel(600),
      fwdFrom: API.MessageFwdHeader(fromName: "Hidden", date: 77), viaBotId: 1003, replyTo: .messageReplyHeader(reply),
      date: 100, message: "text", media: Make.photo(9, ttl: 30),
      entities: [.messageEntityCustomEmoji(.init(offset: 0, length: 2, documentId: .min))], editDate: 200,
      postAuthor: "Me", groupedId: 12, ttlPeriod: 60)
    let update = Make.newInChannel(.message(message))
    try await fixture.receive([update])
    let stored = try await fixture.archive.message(chat: PeerID.channel(600).require, id: 5)
    #expect(stored?.message == self.message(update))
    #expect(stored?.message.topicID == 40)
  }

  @Test func kindsOfDocumentsAreToldApart() {
    func kind(_ attributes: [API.AnyDocumentAttribute], voice: Bool = false) -> MediaKind? {
      let document = API.Document(
        id: 1, accessHash: 1, fileReference: ByteBuffer(), date: 1, mimeType: "x/y", size: 1, dcId: 1,
        attributes: attributes)
      let media = API.MessageMediaDocument(voice: voice, document: .document(document))
      return MediaRecord(.messageMediaDocument(media))?.kind
    }
    let video = API.AnyDocumentAttribute.documentAttributeVideo(.init(duration: 1, w: 1, h: 1))
    #expect(kind([]) == .document)
    #expect(kind([], voice: true) == .voice)
    #expect(kind([video]) == .video)
    #expect(kind([video, .documentAttributeAnimated(.init())]) == .animation)
    #expect(kind([.documentAttributeVideo(.init(roundMessage: true, duration: 1, w: 1, h: 1))]) == .videoNote)
    #expect(kind([.documentAttributeAudio(.init(duration: 1))]) == .audio)
    #expect(kind([.documentAttributeAudio(.init(voice: true, duration: 1))]) == .voice)
    #expect(MediaRecord(.messageMediaEmpty(.init())) == nil)
  }
}
