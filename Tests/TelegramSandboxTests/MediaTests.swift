import Foundation
import MTProtoCrypto
import NIOCore
import TL
import Testing

@testable import TelegramSandbox

extension TestWorld {
  /// Sends a made-up file.
  @discardableResult
  mutating func send(
    _ size: Int64 = 1000, _ sender: Int64, _ peer: PeerKey, ttl: Int32? = nil,
    attributes: [API.AnyDocumentAttribute] = []
  ) throws -> (id: Int32, file: Int64) {
    let file = world.addFile(
      .generated(size: size, seed: 5), name: "f.bin", mimeType: nil, attributes: attributes)
    let draft = Draft(text: .empty, media: StoredMedia(content: .document(file.id), ttlSeconds: ttl))
    return (try world.send(draft, from: sender, to: peer).id, file.id)
  }

  func media(_ id: Int32, of owner: Int64) -> API.MessageMediaDocument? {
    guard let media = world.accounts[owner]?.box[id]?.media,
      case .messageMediaDocument(let document)? = world.render(media)
    else { return nil }
    return document
  }
}

@Suite struct MediaTests {
  @Test(arguments: [(StoredMedia.viewOnce, Int32(0)), (10, 10)])
  func whatDestroysItselfIsGoneForBothWhenItsTimeIsUp(ttl: Int32, seconds: Int32) throws {
    var test = try TestWorld()
    let (sent, file) = try test.send(1000, test.bob, .user(test.alice), ttl: ttl)
    let got = try #require(test.world.counterpart(of: sent, of: test.bob, in: test.alice))
    let reference = ByteBuffer(bytes: try #require(test.world.files[file]).reference)
    let hash = try #require(test.world.files[file]).accessHash
    _ = test.world.takeAnnouncements()
    #expect(try test.world.openMedia([got], by: test.alice).count == 1)
    #expect(test.told(test.alice) == ["updateReadMessagesContents"])
    if seconds > 0 {
      test.world.now += seconds - 1
      #expect(test.media(got, of: test.alice)?.document != nil)
      test.world.now += 1
    }
    for (id, owner) in [(got, test.alice), (sent, test.bob)] {
      let media = try #require(test.media(id, of: owner))
      #expect(media.document == nil && media.ttlSeconds == ttl)
    }
    #expect(throws: RPCFailure.fileReferenceExpired) {
      _ = try test.world.file(file, hash: hash, reference: reference)
    }
  }

  @Test func openingIsToldOnceToReaderAndAuthor() throws {
    var test = try TestWorld()
    let voice = API.AnyDocumentAttribute.documentAttributeAudio(.init(voice: true, duration: 1))
    let (sent, _) = try test.send(1000, test.bob, test.group, attributes: [voice])
    let got = try #require(test.world.counterpart(of: sent, of: test.bob, in: test.alice))
    let carols = try #require(test.world.counterpart(of: sent, of: test.bob, in: test.carol))
    _ = test.world.takeAnnouncements()
    let before = try #require(test.world.accounts[test.bob]?.box.pts)
    #expect(try test.world.openMedia([got, got, 99_999], by: test.alice).count == 1)
    #expect(try test.world.openMedia([got], by: test.alice).count == 0)
    #expect(try test.world.openMedia([sent], by: test.bob).count == 0)
    #expect(test.world.accounts[test.bob]?.box.pts == before + 1)
    #expect(test.world.accounts[test.carol]?.box[carols]?.isMediaUnread == true)
    let difference = try test.world.difference(
      for: test.bob, since: .init(pts: before, date: test.world.now, qts: 0))
    guard case .updatesDifference(let page) = difference else { return #expect(Bool(false), "\(difference)") }
    guard case .updateReadMessagesContents(let update)? = page.otherUpdates.first else {
      return #expect(Bool(false), "\(page.otherUpdates)")
    }
    #expect(update.messages == [sent] && update.pts == before + 1)
  }

  @Test func aChannelsMediaAreOpenedByEachMemberAlone() throws {
    var test = try TestWorld()
    guard case .channel(let id) = test.supergroup else { return }
    let voice = API.AnyDocumentAttribute.documentAttributeAudio(.init(voice: true, duration: 1))
    let (sent, _) = try test.send(1000, test.bob, test.supergroup, attributes: [voice])
    let message = try #require(test.world.channels[id]?.box[sent])
    _ = test.world.takeAnnouncements()
    try test.world.openMedia([sent], inChannel: id, by: test.alice)
    #expect(test.told(test.alice) == ["updateChannelReadMessagesContents"])
    #expect(!test.world.isMediaUnread(message, for: test.alice))
    #expect(test.world.isMediaUnread(message, for: test.carol))
  }

  @Test func whatDestroysItselfIsForPrivateChats() throws {
    var test = try TestWorld()
    for (peer, ttl) in [
      (test.group, Int32(5)), (test.supergroup, 5), (.user(test.bob), 5), (.user(test.alice), 61),
      (.user(test.alice), 0),
    ] {
      #expect(throws: RPCFailure.ttlMediaInvalid, "\(peer) \(ttl)") { try test.send(1, test.bob, peer, ttl: ttl) }
    }
  }

  @Test func anAlbumIsForwardedAsOneAndOnlyFromWhereItIsAllowed() throws {
    var test = try TestWorld()
    let origins = try (0..<2).map { _ in
      var draft = Draft(text: .empty, groupedID: 77)
      draft.media = StoredMedia(content: .document(try test.send(1000, test.bob, test.channel).file))
      return try test.world.send(draft, from: test.bob, to: test.channel).id
    }
    let sent = try test.world.forward(
      origins, from: test.channel, to: test.group, by: test.alice, randomIDs: [1, 2], .init())
    let copies = sent.compactMap { test.world.accounts[test.alice]?.box[$0.id] }
    #expect(Set(copies.map(\.groupedID)).count == 1 && copies[0].groupedID != 77 && copies[0].groupedID != nil)
    #expect(copies[0].forward?.channelPost == origins[0])
    try test.world.setNoForwards(true, in: test.channel, by: test.bob)
    #expect(throws: RPCFailure.chatForwardsRestricted) {
      try test.world.forward(origins, from: test.channel, to: test.group, by: test.alice, randomIDs: [3, 4], .init())
    }
    #expect(throws: RPCFailure.chatNotModified) { try test.world.setNoForwards(true, in: test.channel, by: test.bob) }
    #expect(throws: RPCFailure.chatAdminRequired) {
      try test.world.setNoForwards(false, in: test.channel, by: test.alice)
    }
  }

  @Test func repliesStayInTheirTopic() throws {
    var test = try TestWorld()
    guard case .channel(let id) = test.supergroup else { return }
    #expect(throws: RPCFailure.channelForumMissing) {
      try test.world.createTopic("x", iconColor: nil, iconEmoji: nil, channel: id, by: test.bob, randomID: 1)
    }
    try test.world.setForum(true, channel: id, by: test.bob)
    let topic = try test.world.createTopic(
      "Riddles", iconColor: nil, iconEmoji: nil, channel: id, by: test.alice, randomID: 1
    ).id
    func say(_ draft: Draft) throws -> StoredMessage {
      let sent = try test.world.send(draft, from: test.alice, to: test.supergroup)
      return try #require(test.world.channels[id]?.box[sent.id])
    }
    let text = MessageText(string: "x", entities: [])
    let first = try say(Draft(text: text, topic: topic))
    #expect((first.thread, first.replyTo, first.isInTopic) == (topic, nil, true))
    let byRoot = try say(Draft(text: text, replyTo: topic))
    #expect((byRoot.thread, byRoot.replyTo, byRoot.isInTopic) == (topic, nil, true))
    let answer = try say(Draft(text: text, replyTo: first.id))
    #expect((answer.thread, answer.replyTo, answer.isInTopic) == (topic, first.id, true))
    let general = try say(Draft(text: text))
    #expect((general.thread, general.isInTopic) == (nil, false))
    #expect(throws: RPCFailure.topicIDInvalid) { try say(Draft(text: text, topic: 9999)) }
  }

  @Test func aPostAndItsEditReachTheDiscussionGroup() throws {
    let scenario = try Scenario.discussion.build(seed: 3, homeDC: 2, now: 1_700_000_000)
    var world = scenario.world
    let (blog, comments) = (try #require(scenario.others["blog"]), try #require(scenario.others["comments"]))
    guard case .channel(let blogID) = blog, case .channel(let groupID) = comments else { return }
    let bob = scenario.users[1]
    let post = try world.send(Draft(text: MessageText(string: "one", entities: [])), from: bob, to: blog)
    let copy = try #require(world.channels[blogID]?.discussed[post.id])
    try world.send(
      Draft(text: MessageText(string: "comment", entities: []), replyTo: copy), from: scenario.users[0], to: comments)
    try world.edit(post.id, in: blog, by: bob, text: MessageText(string: "two", entities: []))
    #expect(world.channels[groupID]?.box[copy]?.text?.string == "two")
    let message = try #require(world.channels[blogID]?.box[post.id])
    #expect(world.replies(to: message)?.replies == 1)
  }

  @Test func gifsAndStickersThatAreSentAreKept() throws {
    var test = try TestWorld()
    let sticker = API.AnyDocumentAttribute.documentAttributeSticker(
      .init(alt: "x", stickerset: .inputStickerSetEmpty(.init())))
    let gif = try test.send(10, test.bob, test.group, attributes: [.documentAttributeAnimated(.init())])
    let sent = try test.send(10, test.bob, test.group, attributes: [sticker])
    #expect(test.world.accounts[test.bob]?.savedGifs == [gif.file])
    #expect(test.world.accounts[test.bob]?.recentStickers.map(\.file) == [sent.file])
    test.world.saveGif(gif.file, by: test.bob, false)
    #expect(test.world.accounts[test.bob]?.savedGifs == [])
  }
}

@Suite struct FileContentTests {
  /// A file on disk with gaps behind its parts, as an upload in parts of 1000 bytes leaves it.
  private func onDisk(_ bytes: [UInt8]) throws -> FileContent {
    let file = try #require(OpenFile(temporaryIn: FileManager.default.temporaryDirectory.path(percentEncoded: false)))
    for start in stride(from: 0, to: bytes.count, by: 1000) {
      let part = ByteBuffer(bytes: bytes[start..<min(start + 1000, bytes.count)])
      #expect(file.write(part, at: Int64(start / 1000 * 4096)))
    }
    return .disk(file, size: Int64(bytes.count), partSize: 1000, slotSize: 4096)
  }

  @Test(arguments: [(0, 10_000), (0, 1), (999, 2), (1000, 1000), (5, 3500), (9_999, 100), (20_000, 5)])
  func everyPieceIsTheSameHoweverItIsKept(offset: Int, length: Int) throws {
    let whole = try FileContent.generated(size: 10_000, seed: 8).read(at: 0, length: 10_000)
    let bytes = Array(whole.readableBytesView)
    let wanted = Array(bytes.dropFirst(offset).prefix(length))
    for content in [.generated(size: 10_000, seed: 8), .memory(whole), try onDisk(bytes)] {
      #expect(try Array(content.read(at: Int64(offset), length: length).readableBytesView) == wanted)
      #expect(try content.sha256() == SHA256.hash(bytes).hexadecimal)
    }
  }

  @Test func anotherSeedIsAnotherFile() throws {
    let files = try (1...3).map { try FileContent.generated(size: 5000, seed: $0).sha256() }
    #expect(Set(files).count == 3)
  }

  @Test func whatIsNoFileIsRefused() {
    #expect(FileContent.file(at: "/nowhere") == nil)
    #expect(FileContent.file(at: "/tmp") == nil)
  }

  @Test(
    arguments: [
      ([1024, 1024, 10], nil), ([10], nil), ([1024, 2048, 10], "FILE_PART_SIZE_CHANGED"),
      ([1024, 2048], "FILE_PART_SIZE_CHANGED"), ([1000, 1000, 10], "FILE_PART_SIZE_INVALID"),
      ([3072, 3072, 1], "FILE_PART_SIZE_INVALID"), ([1024, 0, 10], "FILE_PART_1_MISSING"),
    ] as [([Int], String?)])
  func onlyEvenPartsMakeAFile(lengths: [Int], error: String?) {
    var upload = Upload()
    for (index, length) in lengths.enumerated() where length > 0 {
      upload.parts[Int32(index)] = ByteBuffer(repeating: 1, count: length)
    }
    let result = Result<FileContent, RPCFailure> { () throws(RPCFailure) in
      try upload.content(parts: Int32(lengths.count))
    }
    switch result {
    case .success(let content): #expect(error == nil && content.size == Int64(lengths.reduce(0, +)))
    case .failure(let failure): #expect(failure.message == error)
    }
  }

  @Test func hashesCoverTheRestOfTheBlock() throws {
    let content = FileContent.generated(size: 1_500_000, seed: 2)
    #expect(try FileRange.hashes(of: content, from: 0).count == 8)
    #expect(try FileRange.hashes(of: content, from: 128 << 10).first?.offset == 128 << 10)
    let rest = try FileRange.hashes(of: content, from: 1 << 20)
    #expect(rest.map(\.limit).reduce(0, +) == 1_500_000 - (1 << 20))
    #expect(throws: RPCFailure.offsetInvalid) { try FileRange.hashes(of: content, from: 1000) }
    #expect(try FileRange.hashes(of: content, from: 2 << 20).isEmpty)
  }
}
