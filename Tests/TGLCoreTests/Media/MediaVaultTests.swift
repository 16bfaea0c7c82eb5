import Foundation
import GRDB
import MTProto
import MTProtoCrypto
import NIOCore
import Synchronization
import TL
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct MediaVaultTests {
  private let bob = Make.user(1002)
  private let all = NoticePolicy(edited: true, media: MediaPolicy(buffersAll: true))
  private let content = [UInt8]((0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) })

  private func receive(_ fixture: MediaFixture, _ updates: [API.AnyUpdate], _ policy: NoticePolicy) async throws {
    try await fixture.archive.receive(updates, policy: policy)
  }

  private func posted(_ fixture: MediaFixture) -> [(media: [LogChatMedia], caption: Post, randomIDs: [Int64])] {
    fixture.chat.state.withLock(\.media)
  }

  private func bytes(_ path: String) -> [UInt8] { FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? [] }

  @Test func bufferedFileComesBackWhenItsMessageIsDeleted() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "look", media: Make.photo(5)))], all)
    try await fixture.settle()
    #expect(try fixture.names(.buffer) == ["1002_1_photo.jpg"])
    #expect(posted(fixture).isEmpty)

    try await receive(fixture, [Make.delete([1])], all)
    try await fixture.settle()
    let post = try #require(posted(fixture).first)
    #expect(posted(fixture).count == 1)
    #expect(post.caption.content.text.hasSuffix("\n\nlook"))
    #expect(post.media.map { bytes($0.file.path) } == [content])
    #expect(try fixture.names(.deleted) == ["1002_1_photo.jpg"])
    // Kept once is enough.
    #expect(try fixture.names(.buffer).isEmpty)
    #expect(fixture.source.asked == [5])
  }

  @Test func deletedMediaThatWasNotBufferedIsFetchedWhileTheServerHasIt() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    let policy = NoticePolicy()
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "", media: Make.document(5, name: "a.pdf")))], policy)
    try await fixture.settle()
    #expect(fixture.source.asked.isEmpty)
    try await receive(fixture, [Make.delete([1])], policy)
    try await fixture.settle()
    #expect(posted(fixture).first?.media.map { bytes($0.file.path) } == [content])
    #expect(try fixture.names(.deleted) == ["1002_1_a.pdf"])
  }

  /// Five messages with a file each are deleted, and their files recovered.
  private func recover(_ fixture: MediaFixture) async throws {
    for id in Int64(1)...5 { fixture.source.state.withLock { $0.files[id] = content + [UInt8(id)] } }
    try await receive(
      fixture, (Int32(1)...5).map { Make.new(Make.message($0, in: bob, "\($0)", media: Make.photo(Int64($0)))) }, all)
    for id in Int32(1)...5 { try await receive(fixture, [Make.delete([id])], all) }
    try await fixture.settle(telling: false)
  }

  @Test func filesOfTheNextNoticeAreUploadedWhileOneIsPosted() async throws {
    let fixture = try MediaFixture()
    try await recover(fixture)
    let chat = fixture.chat
    let deadline = ContinuousClock.now + .seconds(20)
    chat.state.withLock { state in
      state.gate = {
        // Two ahead, and no more, as far as there are any.
        let (posted, wanted) = chat.state.withLock { ($0.media.count, min($0.media.count + 3, 5)) }
        while chat.state.withLock(\.uploads.count) < wanted, ContinuousClock.now < deadline {
          try? await Task.sleep(for: .milliseconds(2))
        }
        #expect(chat.state.withLock(\.uploads.count) == wanted, "after \(posted) posts")
      }
    }
    try await fixture.settle()
    #expect(posted(fixture).map { $0.caption.content.text.suffix(3) } == (1...5).map { "\n\n\($0)" })
    #expect(chat.state.withLock(\.uploads.count) == 5)
  }

  /// The server may have forgotten it, which says nothing of the media.
  @Test func whatWasUploadedAheadIsUploadedAnewWhenItIsRefused() async throws {
    let fixture = try MediaFixture()
    try await recover(fixture)
    fixture.chat.state.withLock { $0.faults = [nil, .before(.postRefused("MEDIA_EMPTY"))] }
    try await fixture.settle()
    #expect(posted(fixture).map { $0.media.map(\.isPlainFile) } == Array(repeating: [false], count: 5))
    #expect(posted(fixture).map { $0.media.map { bytes($0.file.path).last } } == (1...5).map { [$0] })
    #expect(fixture.chat.state.withLock(\.uploads.count) == 6)
  }

  @Test func noticeSaysWhyThereIsNoFile() async throws {
    let fixture = try MediaFixture()
    let policy = NoticePolicy(media: MediaPolicy(maximumSize: 500))
    try await receive(
      fixture,
      [
        Make.new(Make.message(1, in: bob, "gone", media: Make.photo(5))),
        Make.new(Make.message(2, in: bob, "lost", media: Make.document(6, size: 100))),
        Make.delete([1, 2]),
      ], policy)
    try await fixture.settle()
    let texts = fixture.chat.texts
    #expect(texts.count == 2)
    #expect(texts.contains { $0.contains("MAX_BUFFER_FILE_SIZE (500)") && $0.contains("gone") })
    #expect(texts.contains { $0.contains("LOCATION_INVALID") && $0.contains("lost") })
  }

  @Test(arguments: [
    (MediaPolicy(), Int32?.none, false, false), (MediaPolicy(), 10, false, true), (MediaPolicy(), nil, true, true),
    (MediaPolicy(buffersProtected: false), nil, true, false),
    (MediaPolicy(keepsSelfDestructing: false), 10, false, false),
    (MediaPolicy(buffersAll: true, keepsSelfDestructing: false), 10, false, false),
    (MediaPolicy(buffersAll: true), nil, false, true),
  ])
  func settingsSayWhatIsBuffered(policy: MediaPolicy, ttl: Int32?, isProtected: Bool, isBuffered: Bool) async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    guard case .message(var message) = Make.message(1, in: bob, "", media: Make.photo(5, ttl: ttl)) else { return }
    message.noforwards = isProtected
    try await receive(fixture, [Make.new(.message(message))], NoticePolicy(media: policy))
    try await fixture.settle()
    #expect(try fixture.names(.buffer).isEmpty != isBuffered)
  }

  @Test func openedViewOnceMediaIsPostedOnce() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    let policy = NoticePolicy()
    try await receive(
      fixture, [Make.new(Make.message(1, in: bob, "once", media: Make.photo(5, ttl: .max)))], policy)
    try await fixture.settle()
    #expect(posted(fixture).isEmpty)
    try await receive(fixture, [Make.opened([1]), Make.opened([1])], policy)
    let expired = API.AnyMessageMedia.messageMediaPhoto(API.MessageMediaPhoto(ttlSeconds: .max))
    try await receive(fixture, [Make.edit(Make.message(1, in: bob, "once", editDate: 5, media: expired))], policy)
    try await fixture.settle()
    #expect(posted(fixture).count == 1)
    #expect(posted(fixture).first?.caption.content.text.contains("Self-destructing media") == true)
    #expect(posted(fixture).first?.media.map { bytes($0.file.path) } == [content])
    // Its deletion tells of the message, and does not post the file again.
    try await receive(fixture, [Make.delete([1])], policy)
    try await fixture.settle()
    #expect(posted(fixture).count == 1)
  }

  /// Expiry is all that is heard of media opened while the program was off.
  @Test func expiredMediaIsPostedThoughNobodySaidItWasOpened() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "", media: Make.photo(5, ttl: 7)))], NoticePolicy())
    try await fixture.settle()
    let expired = API.AnyMessageMedia.messageMediaPhoto(API.MessageMediaPhoto(ttlSeconds: 7))
    try await receive(fixture, [Make.edit(Make.message(1, in: bob, "", editDate: 5, media: expired))], NoticePolicy())
    try await fixture.settle()
    #expect(posted(fixture).first?.media.map { bytes($0.file.path) } == [content])
  }

  @Test func albumComesBackAsOneWithItsCaption() async throws {
    let fixture = try MediaFixture()
    for id in Int64(1)...4 { fixture.source.state.withLock { $0.files[id] = content + [UInt8(id)] } }
    let media = (Int64(1)...4).map { Make.photo($0) }
    try await receive(fixture, Make.album(11...14, in: bob, media, "the trip"), all)
    try await receive(
      fixture, [Make.delete([11, 12, 13, 14])],
      NoticePolicy(singlesPerDeletion: 1, media: all.media))
    try await fixture.settle()
    #expect(posted(fixture).count == 1)
    #expect(posted(fixture).first?.media.count == 4)
    #expect(Set(posted(fixture).first?.randomIDs ?? []).count == 4)
    #expect(posted(fixture).first?.caption.content.text.contains("Deleted album of 4") == true)
    #expect(posted(fixture).first?.caption.content.text.hasSuffix("\n\nthe trip") == true)
    #expect(posted(fixture).first?.media.map { bytes($0.file.path).last } == [1, 2, 3, 4])
  }

  @Test func editedMediaPostsTheOldOne() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files = [5: content, 6: content + [1]] }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "a", media: Make.photo(5)))], all)
    try await receive(fixture, [Make.edit(Make.message(1, in: bob, "a", editDate: 5, media: Make.photo(6)))], all)
    try await fixture.settle()
    #expect(posted(fixture).map { $0.media.map { bytes($0.file.path) } } == [[content]])
    // Kept without a notice, too, when edits are not told.
    try await receive(
      fixture, [Make.edit(Make.message(1, in: bob, "a", editDate: 6, media: Make.photo(7)))],
      NoticePolicy(edited: false))
    try await fixture.settle()
    #expect(try fixture.names(.deleted).count == 2)
  }

  @Test func identicalFilesAreStoredOnce() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files = [5: content, 6: content] }
    try await receive(
      fixture,
      [
        Make.new(Make.message(1, in: bob, "", media: Make.document(5, name: "a.bin"))),
        Make.new(Make.message(2, in: bob, "", media: Make.document(6, name: "b.bin"))),
        Make.new(Make.message(3, in: bob, "", media: Make.document(5, name: "a.bin"))),
      ], all)
    try await fixture.settle()
    #expect(try fixture.names(.buffer).count == 1)
    #expect(fixture.source.asked.count == 2)
    try await receive(fixture, [Make.delete([1, 2, 3])], all)
    try await fixture.settle()
    #expect(posted(fixture).count == 3)
    #expect(posted(fixture).allSatisfy { $0.media.map { bytes($0.file.path) } == [content] })
    // Whichever is copied first is told first.
    #expect(posted(fixture).flatMap { $0.media.map(\.description.name) }.sorted() == ["a.bin", "a.bin", "b.bin"])
    #expect(try fixture.names(.deleted).count == 1)
  }

  @Test func expiredReferenceIsRenewedFromTheMessage() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock {
      $0.files[5] = content
      $0.faults = [.referenceExpired]
      $0.messages = [Make.message(1, in: bob, "", media: Make.photo(5, reference: "new"))]
    }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "", media: Make.photo(5, reference: "old")))], all)
    try await fixture.settle()
    #expect(fixture.source.asked == [5, 5])
    #expect(try fixture.names(.buffer).count == 1)
  }

  @Test func everyTroubleOnTheWayPasses() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock {
      $0.files[5] = content
      $0.faults = [
        .floodWait(.seconds(500)), .diskFull(path: "x"), .telegram(.unreachable(dc: 2, reason: "x")), .hashMismatch,
        .sizeMismatch(expected: 1, actual: 2), .telegram(.timeout(method: "upload.getFile")), .file("x"),
      ]
    }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "", media: Make.photo(5))), Make.delete([1])], all)
    try await fixture.settle()
    #expect(posted(fixture).first?.media.map { bytes($0.file.path) } == [content])
    #expect(fixture.source.asked.count == 8)
  }

  @Test func largeFileHoldsUpNoOtherNotice() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[6] = content }
    try await receive(
      fixture,
      [
        Make.new(Make.message(1, in: bob, "with a file", media: Make.photo(6))),
        Make.new(Make.message(2, in: bob, "without")), Make.delete([1]), Make.delete([2]),
      ], NoticePolicy())
    // Nothing is fetched here: the first waits, and the second goes.
    let rows = try await fixture.archive.archive.nextOutboxRows(limit: 1, OutboxTimes(now: 2_000_000_000))
    guard case .message(let notice) = rows.pending.first?.payload else {
      Issue.record("nothing to send")
      return
    }
    #expect(notice.messageID == 2)
  }

  @Test func diskThatIsNearlyFullIsLeftAloneAndTold() async throws {
    let fixture = try MediaFixture(minimumFree: .max)
    fixture.source.state.withLock { $0.files[5] = content }
    try await receive(
      fixture, [Make.new(Make.message(1, in: bob, "text", media: Make.photo(5))), Make.delete([1])], all)
    try await fixture.settle()
    #expect(fixture.source.asked.isEmpty)
    #expect(fixture.chat.texts.first?.contains("MEDIA_MIN_FREE_BYTES") == true)
    #expect(fixture.chat.texts.first?.hasSuffix("\n\ntext") == true)
  }

  @Test func encryptedFileIsPostedWithoutItsPlaintextOnDisk() async throws {
    let key = [UInt8](0..<32)
    let fixture = try MediaFixture(key: key)
    fixture.source.state.withLock { $0.files[5] = content }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "", media: Make.photo(5))), Make.delete([1])], all)
    try await fixture.settle()
    #expect(try fixture.names(.deleted) == ["1002_1_photo.jpg.enc"])
    #expect(try fixture.names(.buffer).isEmpty)
    let file = try #require(posted(fixture).first?.media.first?.file)
    #expect(file.isEncrypted)
    #expect(bytes(file.path).count == content.count + 28)
    let reader = try await EncryptedFileReader.open(file.path, keys: [Secret(key)])
    for range in [0..<1000, 0..<1, 15..<17, 16..<32, 1..<999, 990..<1000, 500..<500] {
      let part = try await reader.read(count: range.count, at: Int64(range.lowerBound))
      #expect(Array(part.readableBytesView) == Array(content[range]))
    }
    await #expect(throws: EncryptedFileError.self) {
      _ = try await EncryptedFileReader.open(file.path, keys: [Secret([UInt8](repeating: 1, count: 32))])
    }
  }

  @Test func fileThatIsNeverTakenHoldsBackNoText() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    fixture.chat.state.withLock { $0.faults = Array(repeating: .before(.postRefused("MEDIA_INVALID")), count: 4) }
    try await receive(
      fixture, [Make.new(Make.message(1, in: bob, "text", media: Make.photo(5))), Make.delete([1])], all)
    try await fixture.settle()
    #expect(posted(fixture).isEmpty)
    let text = try #require(fixture.chat.texts.first)
    #expect(text.contains("\n\ntext"))
    #expect(text.contains("Not posted: MEDIA_INVALID"))
    #expect(text.contains("Kept as: media_deleted/1002_1_photo.jpg"))
  }

  /// Only the buffer knows a file that was removed from the disk by somebody else.
  @Test func fileThatIsGoneFromTheBufferIsFetchedAgain() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "", media: Make.photo(5)))], all)
    try await fixture.settle()
    for name in try fixture.names(.buffer) { unlink("\(fixture.root.mediaBuffer)/\(name)") }
    try await receive(fixture, [Make.delete([1])], all)
    try await fixture.settle()
    #expect(posted(fixture).first?.media.map { bytes($0.file.path) } == [content])
  }

  @Test func filePutOffByAClockThatWasAheadIsFetchedAtOnce() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "", media: Make.photo(5)))], all)
    let now: Int64 = 2_000_000_000
    let archive = fixture.archive.archive
    try await archive.write { db in
      try db.execute(sql: "UPDATE media_job SET not_before = ?", arguments: [now + 30 * 86_400])
    }
    #expect(try await archive.dueMedia(now: now, limit: 10).map(\.mediumID) == [5])
    try await fixture.settle()
    #expect(try await archive.mediaJobs(chat: ArchiveFixture.bob, message: 1).map(\.state) == [.buffered])
  }

  @Test func urgentAndSmallFilesComeFirst() async throws {
    let fixture = try MediaFixture()
    try await receive(
      fixture,
      [
        Make.new(Make.message(1, in: bob, "", media: Make.document(1, size: 900))),
        Make.new(Make.message(2, in: bob, "", media: Make.document(2, size: 10))),
        Make.new(Make.message(3, in: bob, "", media: Make.photo(3, ttl: 5))),
        Make.new(Make.message(4, in: bob, "", media: Make.document(4, size: 5000))),
        Make.delete([4]),
      ], all)
    let due = try await fixture.archive.archive.dueMedia(now: 2_000_000_000, limit: 10)
    #expect(due.map(\.mediumID) == [3, 4, 2, 1])
  }

  // MARK: Asking again

  private static let internalError = DownloadError.telegram(
    .rpc(RPCError(code: 500, message: "INTERNAL"), method: "upload.getFile"))

  /// The message of a supergroup, asked for by its link.
  private func follow(_ message: API.AnyMessage, _ fixture: MediaFixture) async throws {
    guard case .message(let value) = message else { return }
    let record = try #require(MessageRecord(value, selfID: ArchiveFixture.alice))
    try await fixture.archive.receive([
      Make.newInChannel(Make.message(50, in: Make.channel(9999), from: 1001, "https://t.me/c/600/1", out: true))
    ])
    let link = try #require(try await fixture.archive.archive.nextSavedLink())
    _ = try await fixture.archive.archive.commit(
      LinkOutcome(link: link, result: .found([record])), RecorderBatch(receivedAt: 2_000_000_000),
      policy: NoticePolicy())
  }

  private func state(_ fixture: MediaFixture, message: Int64 = 1) async throws -> MediaState? {
    try await fixture.archive.archive.mediaJobs(chat: ArchiveFixture.bob, message: message).first?.state
  }

  @Test func skippedFileIsFetchedWhenItsLinkIsWritten() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    let policy = NoticePolicy(media: MediaPolicy(buffersAll: true, maximumSize: 500))
    let message = Make.message(1, in: bob, "big", media: Make.document(5, size: 1000, name: "a.pdf"))
    try await receive(fixture, [Make.new(message)], policy)
    try await fixture.settle()
    #expect(try await state(fixture) == .tooLarge)
    try await follow(message, fixture)
    try await fixture.settle()
    #expect(posted(fixture).first?.media.map { bytes($0.file.path) } == [content])
  }

  @Test func skippedFileIsFetchedWhenItsMessageIsDeletedAndTheLimitHasGrown() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    let small = NoticePolicy(media: MediaPolicy(buffersAll: true, maximumSize: 500))
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "big", media: Make.photo(5)))], small)
    try await receive(fixture, [Make.delete([1])], all)
    try await fixture.settle()
    #expect(posted(fixture).first?.media.map { bytes($0.file.path) } == [content])
  }

  @Test(arguments: [true, false])
  func fileThatFailedWhileItWasBufferedIsTriedAgainWhenItsMessageIsDeleted(isRefused: Bool) async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { state in
      state.faults =
        isRefused
        ? [.telegram(.rpc(RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: "upload.getFile"))]
        : Array(repeating: Self.internalError, count: 18)
      state.files[5] = content
    }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "look", media: Make.photo(5)))], all)
    try await fixture.settle()
    #expect(try await state(fixture) == (isRefused ? .refused : .lost))
    try await receive(fixture, [Make.delete([1])], all)
    try await fixture.settle()
    #expect(posted(fixture).first?.media.map { bytes($0.file.path) } == [content])
  }

  @Test func whatTelegramHasNoMoreIsNotAskedForAgain() async throws {
    let fixture = try MediaFixture()
    let message = Make.message(1, in: bob, "look", media: Make.photo(5))
    try await receive(fixture, [Make.new(message)], all)
    try await fixture.settle()
    #expect(try await state(fixture) == .gone)
    try await receive(fixture, [Make.delete([1])], all)
    try await fixture.settle()
    #expect(fixture.source.asked == [5])
    #expect(fixture.chat.texts.first?.contains("LOCATION_INVALID") == true)
    // But a person who asks for it gets one more attempt.
    fixture.source.state.withLock { $0.files[5] = content }
    try await follow(message, fixture)
    try await fixture.settle()
    #expect(posted(fixture).first?.media.map { bytes($0.file.path) } == [content])
  }

  /// The first is recovered, and removed from the disk by somebody; then the second is deleted.
  @Test(arguments: [true, false]) func recoveredFileThatIsNotOnTheDiskIsFetchedAgain(byPurge: Bool) async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files[5] = content }
    for id in Int32(1)...2 {
      try await receive(fixture, [Make.new(Make.message(id, in: bob, "\(id)", media: Make.photo(5)))], NoticePolicy())
    }
    try await receive(fixture, [Make.delete([1])], NoticePolicy())
    try await fixture.settle()
    for name in try fixture.names(.deleted) { unlink("\(fixture.root.deletedMedia)/\(name)") }
    if byPurge { try await fixture.archive.archive.write { db in try db.execute(sql: "DELETE FROM media_file") } }
    try await receive(fixture, [Make.delete([2])], NoticePolicy())
    try await fixture.settle()
    #expect(posted(fixture).map { $0.media.count } == [1, 1])
    #expect(posted(fixture).last?.media.map { bytes($0.file.path) } == [content])
  }

  @Test func fileThatAlwaysFailsEndsWithItsReason() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.faults = Array(repeating: Self.internalError, count: 1_000) }
    try await receive(
      fixture, [Make.new(Make.message(1, in: bob, "text", media: Make.photo(5))), Make.delete([1])], NoticePolicy())
    try await fixture.settle()
    #expect(fixture.source.asked.count == MediaAttempt.needed.attempts)
    #expect(try await state(fixture) == .lost)
    let job = try await fixture.archive.archive.mediaJobs(chat: ArchiveFixture.bob, message: 1).first
    #expect(job?.lastError?.contains("INTERNAL") == true)
    #expect(fixture.chat.texts.contains { $0.contains("text") })
  }

  @Test func answerThatLeavesTheMessageOutSaysNothingOfItsFile() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock {
      $0.files[5] = content
      $0.faults = [.referenceExpired]
    }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "", media: Make.photo(5)))], all)
    try await fixture.settle()
    #expect(try await state(fixture) == .buffered)
    #expect(fixture.source.asked == [5, 5])
  }

  @Test func noticeOfAnEditSaysThatItsFileIsTheOldOne() async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files = [5: content, 6: content + [1]] }
    try await receive(fixture, [Make.new(Make.message(1, in: bob, "a", media: Make.photo(5)))], all)
    try await receive(fixture, [Make.edit(Make.message(1, in: bob, "a", editDate: 5, media: Make.photo(6)))], all)
    try await fixture.settle()
    #expect(posted(fixture).first?.caption.content.text.contains("The attached file is from before the edit.") == true)
  }

  @Test func retriesAreLoggedOnceAMinuteWithTheirNumber() {
    var log = PacedLog()
    #expect((0...60).map { log.admit(at: $0) } == [0] + Array(repeating: nil, count: 59) + [59])
    // A clock that is set back silences nothing.
    #expect(log.admit(at: -1_000_000) == 0)
  }
}
