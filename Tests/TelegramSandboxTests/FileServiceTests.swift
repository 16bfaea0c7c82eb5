import NIOCore
import TL
import Testing

@testable import TelegramSandbox

/// What `upload.*` and the methods around media answer, and that nothing sent to them is fatal.
@Suite struct FileServiceTests {
  /// Bob's device, and a document of his on data centre 1 in the chat with alice.
  struct Setting {
    var device: TelegramTests.Device
    let peer: API.AnyInputPeer
    let channel: API.AnyInputPeer
    let location: API.AnyInputFileLocation
    let document: API.AnyInputDocument
    let message: Int32

    init(dc: Int32 = 2, size: Int64 = 3 << 20) throws {
      var device = try TelegramTests.Device()
      let people = device.people
      try device.signIn(people.bob)
      func input(_ peer: PeerKey) -> API.AnyInputPeer {
        let hash = people.world.accessHash(of: peer, for: people.bob)
        switch peer {
        case .user(let id): return .inputPeerUser(.init(userId: id, accessHash: hash))
        case .group(let id): return .inputPeerChat(.init(chatId: id))
        case .channel(let id): return .inputPeerChannel(.init(channelId: id, accessHash: hash))
        }
      }
      peer = input(.user(people.alice))
      channel = input(people.supergroup)
      let file = device.telegram.world.addFile(
        .generated(size: size, seed: 1), name: "f", mimeType: nil, attributes: [], dc: dc)
      let draft = Draft(text: .empty, media: StoredMedia(content: .document(file.id)))
      message = try device.telegram.world.send(draft, from: people.bob, to: .user(people.alice)).id
      let reference = ByteBuffer(bytes: file.reference)
      location = .inputDocumentFileLocation(
        .init(id: file.id, accessHash: file.accessHash, fileReference: reference, thumbSize: ""))
      document = .inputDocument(.init(id: file.id, accessHash: file.accessHash, fileReference: reference))
      self.device = device
    }

    mutating func get(_ offset: Int64 = 0, _ limit: Int32 = 4096, cdn: Bool = false) throws -> API.AnyUploadFile {
      try device.call(API.UploadGetFile(cdnSupported: cdn, location: location, offset: offset, limit: limit))
    }
  }

  @Test func aFileIsWhereItIs() throws {
    var setting = try Setting(dc: 1)
    #expect(throws: RPCFailure.fileMigrate(1)) { try setting.get() }
    setting.device.telegram.world.files.keys.forEach { setting.device.telegram.world.files[$0]?.dc = 2 }
    guard case .uploadFile(let part) = try setting.get(1 << 20, 1 << 20) else { return #expect(Bool(false)) }
    #expect(part.bytes.readableBytes == 1 << 20)
    guard case .uploadFile(let end) = try setting.get(3 << 20) else { return #expect(Bool(false)) }
    #expect(end.bytes.readableBytes == 0)
    setting.device.telegram.world.files.keys.forEach { setting.device.telegram.world.files[$0]?.reference = [1] }
    #expect(throws: RPCFailure.fileReferenceExpired) { try setting.get() }
    #expect(throws: RPCFailure.fileReferenceExpired) {
      _ = try setting.device.call(
        API.MessagesSendMedia(
          peer: setting.peer, media: .inputMediaDocument(.init(id: setting.document)), message: "", randomId: 3))
    }
  }

  @Test func onlyWhoKnowsOfCDNsIsSentToOne() throws {
    var setting = try Setting()
    setting.device.telegram.cdn.dc = 203
    setting.device.telegram.cdn.redirect = .init(minimumSize: 4 << 20)
    guard case .uploadFile = try setting.get(cdn: true) else { return #expect(Bool(false)) }
    setting.device.telegram.cdn.redirect = .init(minimumSize: 1 << 20)
    guard case .uploadFile = try setting.get() else { return #expect(Bool(false)) }
    guard case .uploadFileCdnRedirect(let redirect) = try setting.get(cdn: true) else { return #expect(Bool(false)) }
    let request = API.UploadGetCdnFile(fileToken: redirect.fileToken, offset: 0, limit: 4096)
    #expect(throws: RPCFailure.methodInvalid) { _ = try setting.device.call(request) }
    setting.device.dc = 203
    #expect(throws: RPCFailure.authKeyUnregistered) { _ = try setting.device.call(API.UpdatesGetState()) }
    #expect(throws: RPCFailure.methodInvalid) { _ = try setting.device.call(API.HelpGetNearestDc()) }
    guard case .uploadCdnFileReuploadNeeded = try setting.device.call(request) else { return #expect(Bool(false)) }
  }

  @Test func aSelfDestructingCopyLeavesTheOriginal() throws {
    var setting = try Setting()
    let people = setting.device.people
    _ = try setting.device.call(
      API.MessagesSendMedia(
        peer: setting.peer, media: .inputMediaDocument(.init(id: setting.document, ttlSeconds: StoredMedia.viewOnce)),
        message: "", randomId: 3))
    let got = try #require(setting.device.telegram.world.accounts[people.alice]?.box.lastID)
    _ = try setting.device.telegram.world.openMedia([got], by: people.alice)
    guard case .uploadFile = try setting.get() else { return #expect(Bool(false)) }
  }

  @Test func mutatedRequestsAreAnsweredNeverFatal() throws {
    var setting = try Setting()
    setting.device.telegram.cdn.dc = 203
    setting.device.telegram.cdn.redirect = .init(minimumSize: 0)
    guard case .uploadFileCdnRedirect(let redirect) = try setting.get(cdn: true) else { return #expect(Bool(false)) }
    guard case .channel(let forum) = setting.device.people.supergroup else { return }
    try setting.device.telegram.world.setForum(true, channel: forum, by: setting.device.people.bob)
    let (peer, channel) = (setting.peer, setting.channel)
    let point = API.AnyInputGeoPoint.inputGeoPoint(.init(lat: 1, long: 2))
    let text = API.TextWithEntities(text: "x", entities: [])
    let poll = API.Poll(
      id: 0, question: text, answers: ["0", "1"].map { .pollAnswer(.init(text: text, option: .init(string: $0))) },
      hash: 0)
    let media: [API.AnyInputMedia] = [
      .inputMediaDocument(.init(id: setting.document, ttlSeconds: 5)), .inputMediaGeoPoint(.init(geoPoint: point)),
      .inputMediaGeoLive(.init(geoPoint: point, period: 60)), .inputMediaDice(.init(emoticon: "🎲")),
      .inputMediaPoll(.init(poll: poll)), .inputMediaWebPage(.init(url: "https://example.org")),
      .inputMediaPaidMedia(.init(starsAmount: 1, extendedMedia: [.inputMediaDocument(.init(id: setting.document))])),
    ]
    let requests: [ByteBuffer] =
      media.map { API.MessagesSendMedia(peer: peer, media: $0, message: "x", randomId: 9).encoded() } + [
        API.UploadGetFile(location: setting.location, offset: 0, limit: 4096).encoded(),
        API.UploadGetFileHashes(location: setting.location, offset: 0).encoded(),
        API.UploadGetCdnFile(fileToken: redirect.fileToken, offset: 0, limit: 4096).encoded(),
        API.UploadGetCdnFileHashes(fileToken: redirect.fileToken, offset: 0).encoded(),
        API.UploadSaveBigFilePart(fileId: 1, filePart: 0, fileTotalParts: 2, bytes: ByteBuffer(bytes: [1])).encoded(),
        API.MessagesForwardMessages(fromPeer: peer, id: [setting.message], randomId: [4], toPeer: channel).encoded(),
        API.MessagesReadMessageContents(id: [1, 2, 3]).encoded(),
        API.MessagesCreateForumTopic(peer: channel, title: "x", randomId: 5).encoded(),
        API.MessagesGetForumTopics(peer: channel, offsetDate: 0, offsetId: 0, offsetTopic: 0, limit: 5).encoded(),
        API.MessagesGetReplies(
          peer: channel, msgId: 1, offsetId: 0, offsetDate: 0, addOffset: 0, limit: 5, maxId: 0, minId: 0, hash: 0
        ).encoded(),
        API.MessagesToggleNoForwards(peer: channel, enabled: true).encoded(),
        API.MessagesSaveGif(id: setting.document, unsave: false).encoded(),
      ]
    for request in requests {
      // What is valid as it stands is understood.
      let answer = setting.device.telegram.call(request, dc: 2, authKeyID: 100, now: 1_700_000_000).response
      #expect((try? MT.RpcError(decoding: answer))?.errorMessage != RPCFailure.inputRequestInvalid.message)
    }
    var generator = SeededGenerator(seed: 31)
    for round in 0..<20_000 {
      var bytes = Array(requests[round % requests.count].readableBytesView)
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 4..<bytes.count, using: &generator)
        bytes[index] =
          [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &generator)].randomElement(using: &generator) ?? 0
      }
      let dc: Int32 = round % 5 == 0 ? 203 : 2
      let answer = setting.device.telegram.call(ByteBuffer(bytes: bytes), dc: dc, authKeyID: 100, now: 1_700_000_000)
      #expect(answer.response.readableBytes >= 4)
      _ = setting.device.telegram.world.takeAnnouncements()
    }
  }

  @Test(arguments: [Int64.max, Int64.max / (1 << 20) * (1 << 20), Int64.max / (128 << 10) * (128 << 10), 1 << 40, -1])
  func noOffsetIsTooFar(offset: Int64) throws {
    var setting = try Setting()
    _ = try? setting.get(offset)
    _ = try? setting.device.call(API.UploadGetFileHashes(location: setting.location, offset: offset))
    #expect(try FileContent.generated(size: 10, seed: 1).read(at: offset, length: .max).readableBytes <= 10)
  }
}
