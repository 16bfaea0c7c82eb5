import Foundation
import GRDB
import Logging
import MTProto
import Synchronization
import TL
import TelegramClient
import Testing

@testable import TGLCore

/// Messages in memory, and what goes wrong on the way to them.
private final class FakeLinkSource: LinkSource {
  struct State {
    var messages: [API.AnyMessage] = []
    var discussion: [API.AnyMessage] = []
    var faults: [TelegramError] = []
    var asked: [[Int64]] = []
  }
  let state = Mutex(State())

  func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages {
    let (fault, found) = state.withLock { state in
      state.asked.append(ids)
      let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
      return (fault, state.messages)
    }
    if let fault { throw fault }
    return FetchedMessages(
      messages: found.filter { message in
        if case .message(let message) = message { ids.contains(Int64(message.id)) } else { false }
      })
  }

  func peer(username: String) async throws(TelegramError) -> PeerID { throw .unknownUsername(username) }

  func discussion(of post: Int64, in channel: PeerID) async throws(TelegramError) -> FetchedMessages {
    FetchedMessages(messages: state.withLock(\.discussion))
  }
}

@Suite struct LinkSaverTests {
  private let fixture: ArchiveFixture
  private let source = FakeLinkSource()

  init() throws { fixture = try ArchiveFixture() }

  /// The owner writes in the log chat; then the links are followed until none is open.
  private func write(_ text: String, id: Int32 = 50) async throws {
    let message = Make.message(id, in: Make.channel(9999), from: 1001, text, out: true)
    try await fixture.receive([Make.newInChannel(message)])
    try await settle()
  }

  private func settle() async throws {
    let saver = LinkSaver(
      source: source, archive: fixture.archive, recorder: fixture.recorder, policy: NoticePolicy(), recorded: { _ in },
      time: MediaFixture.jumpingTime(), logger: Logger(label: "links") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      group.addTask { try await saver.run() }
      while try await fixture.archive.nextSavedLink() != nil { try await Task.sleep(for: .milliseconds(2)) }
    }
  }

  private func notes() async throws -> [String] {
    try await fixture.archive.outboxRows().compactMap {
      if case .note(let note) = $0.payload { note.text.text } else { nil }
    }
  }

  private func saved() async throws -> [Notice] {
    try await fixture.archive.outboxRows().compactMap {
      if case .message(let notice) = $0.payload, notice.event == .saved { notice } else { nil }
    }
  }

  @Test func linkBecomesACopyThatAnswersIt() async throws {
    source.state.withLock { $0.messages = [Make.message(5, in: Make.channel(600), "hello")] }
    try await write("https://t.me/c/600/5")
    let notice = try #require(try await saved().first)
    #expect(notice.text.text == "hello")
    #expect(notice.logReply == 50)
    // The same message may come again, by a difference.
    try await write("https://t.me/c/600/5")
    #expect(try await saved().count == 1)
  }

  @Test(arguments: [(Int64(1), Int64(1), Int64(10)), (5, 1, 14), (2_147_483_647, 2_147_483_638, 2_147_483_647)])
  func neighboursAreAskedForWithinTheNumbersThereAre(id: Int64, first: Int64, last: Int64) async throws {
    try await write("https://t.me/c/600/\(id)")
    let asked = try #require(source.state.withLock(\.asked).first)
    #expect(asked.first == first)
    #expect(asked.last == last)
    #expect(try await notes().first?.contains("no such message") == true)
  }

  @Test func albumIsWholeUnlessOnlyOneIsAskedFor() async throws {
    let album = (Int32(5)...7).map { id -> API.AnyMessage in
      guard case .message(var message) = Make.message(id, in: Make.channel(600), "\(id)", media: Make.photo(Int64(id)))
      else { preconditionFailure("a message is one") }
      message.groupedId = 3
      return .message(message)
    }
    source.state.withLock { $0.messages = album + [Make.message(8, in: Make.channel(600), "another")] }
    try await write("https://t.me/c/600/6")
    try await write("https://t.me/c/600/6?single", id: 51)
    let notices = try await saved()
    #expect(notices.map(\.album) == [[5, 6, 7], nil])
    #expect(notices.map { $0.files?.count } == [3, 1])
    #expect(notices.first?.text.text == "5\n\n6\n\n7")
  }

  @Test func waitsAndOutagesPass() async throws {
    source.state.withLock {
      $0.messages = [Make.message(5, in: Make.channel(600), "hello")]
      $0.faults =
        [.floodWait(.seconds(600), method: "x"), .rpc(RPCError(code: 500, message: "INTERNAL"), method: "x")]
        + Array(repeating: TelegramError.unreachable(dc: 2, reason: "x"), count: 25)
    }
    try await write("https://t.me/c/600/5")
    #expect(try await saved().count == 1)
    #expect(try await notes().isEmpty)
  }

  @Test func refusalsAreAnswered() async throws {
    source.state.withLock { $0.faults = [.rpc(RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: "x")] }
    try await write("https://t.me/c/600/5 https://t.me/somebody/7 https://t.me/c/600/9?comment=3")
    let notes = try await notes()
    #expect(notes.count == 3)
    #expect(notes.contains { $0.contains("not in that chat") })
    #expect(notes.contains { $0.contains("nobody has the name @somebody") })
    #expect(notes.contains { $0.contains("no comments") })
  }

  @Test func nobodyElsesWordsAreFollowed() async throws {
    let forwarded = Make.message(51, in: Make.channel(9999), from: 1001, "https://t.me/c/600/5", out: true)
    guard case .message(var forward) = forwarded else { return }
    forward.fwdFrom = API.MessageFwdHeader(date: 1)
    try await fixture.receive([
      Make.newInChannel(Make.message(50, in: Make.channel(9999), from: 1002, "https://t.me/c/600/5")),
      Make.newInChannel(.message(forward)),
      Make.newInChannel(
        Make.message(52, in: Make.channel(9999), from: 1001, "🗑 Deleted message\nhttps://t.me/c/600/5", out: true)),
      Make.newInChannel(Make.message(53, in: Make.channel(600), from: 1001, "https://t.me/c/600/5", out: true)),
    ])
    #expect(try await fixture.archive.nextSavedLink() == nil)
  }

  @Test func linkPutOffByAClockThatWasAheadIsFollowedAtOnce() async throws {
    source.state.withLock { $0.messages = [Make.message(1, in: Make.channel(600), "wanted")] }
    let message = Make.message(50, in: Make.channel(9999), from: 1001, "https://t.me/c/600/1", out: true)
    try await fixture.receive([Make.newInChannel(message)])
    try await fixture.archive.write { db in
      try db.execute(sql: "UPDATE saved_link SET not_before = ?", arguments: [2_000_000_000 + 30 * 86_400])
    }
    let link = try #require(try await fixture.archive.nextSavedLink(now: 2_000_000_000))
    #expect(StoredDeadline.trusted(link.notBefore, now: 2_000_000_000) == 2_000_000_000)
    try await settle()
    #expect(source.state.withLock { $0.asked.count } == 1)
  }
}
