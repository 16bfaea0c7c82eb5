import Foundation
import Synchronization
import TelegramClient
import Testing

@testable import TGLCore

/// Notices whose files come late, or not at all.
@Suite struct MediaNoticeTests {
  private let fixture: MediaFixture
  private let bob = Make.user(1002)
  private let waiting = NotifierPolicy(mediaWait: 120)

  init() throws { fixture = try MediaFixture() }

  private func deletePhoto() async throws {
    try await fixture.archive.receive([
      Make.new(Make.message(1, in: bob, "look at this", media: Make.photo(5))), Make.delete([1]),
    ])
  }

  @Test func textGoesAfterTheWaitAndTheFileAnswersIt() async throws {
    try await deletePhoto()
    try await fixture.post(texts: 1, policy: waiting)
    #expect(fixture.chat.texts.first?.contains("look at this") == true)
    #expect(fixture.chat.texts.first?.contains("they follow as answers to this") == true)
    #expect(try await fixture.archive.archive.counts().outboxPending == 1)

    fixture.source.state.withLock { $0.files = [5: Array("photo".utf8)] }
    try await fixture.settle(policy: waiting)
    let media = fixture.chat.state.withLock { $0.media }
    #expect(media.count == 1)
    #expect(media.first?.caption.replyTo == 1001)
    #expect(fixture.chat.texts.count == 1)
  }

  @Test func fileThatIsLostAfterTheTextIsSaidSo() async throws {
    try await deletePhoto()
    try await fixture.post(texts: 1, policy: waiting)
    try await fixture.settle(policy: waiting)
    let posts = fixture.chat.state.withLock { $0.posts }
    #expect(posts.count == 2)
    #expect(posts.last?.post.content.text.hasPrefix("No file of message 1: ") == true)
    #expect(posts.last?.post.replyTo == 1001)
    #expect(OwnPost.isOne(posts.last?.post.content.text ?? ""))
  }

  /// The answer to the text is lost, or the program is killed behind it: the text is not posted again, and the file not lost.
  @Test func killBehindTheTextRepeatsNothing() async throws {
    try await deletePhoto()
    fixture.chat.state.withLock { $0.faults = [.after(.unavailable("the program ends here"))] }
    try await fixture.post(texts: 1, policy: waiting)
    fixture.source.state.withLock { $0.files = [5: Array("photo".utf8)] }
    try await fixture.settle(policy: waiting)
    #expect(fixture.chat.texts.count == 1)
    let media = fixture.chat.state.withLock { $0.media }
    #expect(media.count == 1)
    #expect(try await fixture.archive.archive.counts().outboxPending == 0)
  }

  @Test func fileThatIsThereInTimeIsPostedWithTheText() async throws {
    fixture.source.state.withLock { $0.files = [5: Array("photo".utf8)] }
    try await deletePhoto()
    try await fixture.settle()
    #expect(fixture.chat.texts.isEmpty)
    let media = fixture.chat.state.withLock { $0.media }
    #expect(media.count == 1 && media[0].caption.content.text.contains("look at this"))
  }

  @Test func deletionOfOpenedMediaAnswersThePostWithIt() async throws {
    fixture.source.state.withLock { $0.files = [5: Array("photo".utf8)] }
    try await fixture.archive.receive([
      Make.new(Make.message(1, in: bob, "for your eyes", media: Make.photo(5, ttl: 15))), Make.opened([1]),
    ])
    try await fixture.settle()
    let opened = fixture.chat.state.withLock { $0.media }
    #expect(opened.first?.caption.content.text.contains("Limit: 15 s") == true)
    try await fixture.archive.receive([Make.delete([1])])
    try await fixture.settle()
    let post = fixture.chat.state.withLock { $0.posts.last?.post }
    #expect(post?.replyTo == 1001)
    #expect(post?.content.text.contains("Its media was posted when it was opened") == true)
  }

  @Test func reasonsAreNotCutShort() async throws {
    let reason =
      "the file was refused by the server, which says that the message does not have it any more (FILE_ID_INVALID)"
    fixture.source.state.withLock { $0.faults = [.gone(reason)] }
    try await deletePhoto()
    try await fixture.settle()
    #expect(fixture.chat.texts.first?.contains(reason) == true)
  }
}
