import Foundation
import GRDB
import Logging
import Synchronization
import TL
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct NotifierTests {
  private let fixture: ArchiveFixture
  private let chat = FakeLogChat()
  private let bob = Make.user(1002)

  init() throws { fixture = try ArchiveFixture() }

  private func receiveAndDelete(_ texts: [String], policy: NoticePolicy = NoticePolicy()) async throws {
    let ids = Array(Int32(1)...Int32(texts.count))
    try await fixture.receive(zip(ids, texts).map { Make.new(Make.message($0, in: Make.user(1002), $1)) })
    for id in ids { try await fixture.receive([Make.delete([id])], policy: policy) }
  }

  /// Runs a notifier, on a clock that jumps over every wait, until the outbox is empty or `stop` says so.
  private func run(
    until stop: @escaping @Sendable (ArchiveCounts) -> Bool = { $0.outboxPending + $0.outboxParked == 0 }
  )
    async throws
  {
    let time = TestTime()
    let notifier = Notifier(
      archive: fixture.archive, chat: chat,
      renderer: NoticeRenderer(timeZone: TimeZone(secondsFromGMT: 0).require),
      temporaryDirectory: fixture.directory, time: time.time,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let archive = fixture.archive
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await notifier.run() }
      group.addTask {
        // Looks again until it is so.
        while !stop(try await archive.counts()) { try await Task.sleep(for: .milliseconds(2)) }
      }
      try await group.next()
      group.cancelAll()
    }
  }

  private final class TestTime: Sendable {
    private let now = Mutex<Int64>(2_000_000_000)
    var time: ServiceTime {
      ServiceTime(
        now: { self.now.withLock { $0 } },
        sleep: { duration in
          try Task.checkCancellation()
          self.now.withLock { $0 += max(duration.components.seconds, 0) }
        })
    }
  }

  private func bodies() -> [String] {
    chat.texts.map { $0.components(separatedBy: "\n\n").last ?? "" }
  }

  @Test func noticesArrivePromptlyAndInOrder() async throws {
    let texts = (1...20).map { "text \($0)" }
    try await receiveAndDelete(texts)
    try await run()
    #expect(bodies() == texts)
    #expect(try await fixture.archive.counts().outboxPending == 0)
  }

  /// Refused while the clock was a month ahead, behind one that is refused for a day.
  @Test func noticesPutOffByAClockThatWasAheadGoOutAtOnce() async throws {
    try await receiveAndDelete(["one", "two", "three"])
    let now: Int64 = 2_000_000_000
    try await fixture.archive.pool.write { db in
      try db.execute(
        sql: "UPDATE outbox SET state = 'parked', not_before = iif(id = 1, ?, ?), attempts = 12",
        arguments: [now + 80_000, now + 30 * 86_400])
    }
    try await run { $0.outboxParked <= 1 }
    #expect(bodies().prefix(2) == ["two", "three"])
  }

  /// Written again after a power cut, a digest might tell of other messages and be taken for another post.
  @Test func digestIsOnTheDiskBeforeItIsPosted() async throws {
    let synced = SyncedCommits()
    fixture.archive.pool.add(transactionObserver: synced)
    try await fixture.receive((1...9).map { Make.new(Make.message($0, in: Make.user(1002), "text \($0)")) })
    try await fixture.receive([Make.delete(Array(1...9))], policy: NoticePolicy(singlesPerDeletion: 0))
    #expect(synced.count == 0)
    try await run()
    #expect(synced.count == 1)
  }

  /// Counts the transactions that are synced with the disk.
  private final class SyncedCommits: TransactionObserver, Sendable {
    private let state = Mutex(0)

    var count: Int { state.withLock { $0 } }
    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidRollback(_ db: Database) {}

    func databaseDidCommit(_ db: Database) {
      if (try? Int.fetchOne(db, sql: "PRAGMA synchronous")) == 2 { state.withLock { $0 += 1 } }
    }
  }

  @Test func floodWaitDelaysButDropsNothing() async throws {
    chat.state.withLock {
      $0.faults = [nil, .before(.floodWait(600)), .before(.floodWait(9)), nil, .before(.unavailable("x"))]
    }
    let texts = (1...6).map { "text \($0)" }
    try await receiveAndDelete(texts)
    try await run()
    #expect(bodies() == texts)
  }

  @Test func lostAnswerIsNotPostedTwice() async throws {
    chat.state.withLock { $0.faults = [.after(.unavailable("lost")), nil, .after(.unavailable("lost again"))] }
    try await receiveAndDelete(["one", "two", "three"])
    try await run()
    #expect(bodies() == ["one", "two", "three"])
  }

  @Test func refusedPostDoesNotHoldUpTheOthers() async throws {
    chat.state.withLock {
      $0.faults = [.before(.postRefused("bad entities")), .before(.postRefused("still bad")), nil, nil]
    }
    try await receiveAndDelete(["one", "two", "three"])
    try await run()
    #expect(bodies() == ["two", "three", "one"])
  }

  @Test func refusedFormattingCostsTheFormattingAlone() async throws {
    chat.state.withLock { $0.faults = [.before(.postRefused("ENTITY_BOUNDS_INVALID"))] }
    try await receiveAndDelete(["one"])
    try await run()
    #expect(bodies() == ["one"])
    #expect(chat.state.withLock { $0.posts[0].post.content.entities.isEmpty })
  }

  @Test func refusingChatKeepsEverythingInOrder() async throws {
    chat.state.withLock { $0.faults = Array(repeating: .before(.chatRefused("CHAT_WRITE_FORBIDDEN")), count: 12) }
    try await receiveAndDelete(["one", "two"])
    try await run()
    #expect(bodies() == ["one", "two"])
  }

  /// A crash at any point: the row's parts go on where they were, under the same random ids.
  @Test(arguments: 0..<4)
  func longNoticeInterruptedAnywhereIsToldOnce(cut: Int) async throws {
    let text = (0..<1500).map { "word\($0)" }.joined(separator: " ")
    try await receiveAndDelete([text])
    chat.state.withLock { state in
      state.faults = Array(repeating: nil, count: cut) + [.after(.unavailable("the program ends here"))]
    }
    // The first run ends after the fault; the second has nothing but the archive.
    let archive = fixture.archive
    try await run { counts in
      _ = archive
      return counts.outboxPending == 0 || self.chat.state.withLock { $0.faults.isEmpty }
    }
    try await run()
    let posts = chat.state.withLock { $0.posts }
    #expect(posts.count > 2)
    #expect(Set(posts.map(\.randomID)).count == posts.count)
    let joined = posts.map { String($0.post.content.text.trimmingPrefix(NoticeRenderer.continuation.text)) }.joined()
    #expect(joined.hasSuffix(text))
  }

  @Test func unreadableRowIsKeptAndTheOthersGoOn() async throws {
    try await receiveAndDelete(["one", "two"])
    try await fixture.archive.write { db in
      try db.execute(sql: "UPDATE outbox SET payload = '{}' WHERE id = (SELECT min(id) FROM outbox)")
    }
    try await run { $0.outboxPending == 0 }
    #expect(bodies() == ["two"])
    #expect(try await fixture.archive.counts().outboxParked == 1)
  }

  @Test func fullDiskIsWaitedFor() async throws {
    try await receiveAndDelete(["one", "two"])
    // What is told cannot be taken out before the file may grow.
    let archive = fixture.archive
    try await archive.write { db in
      try db.execute(
        sql: """
          CREATE TEMP TRIGGER full BEFORE DELETE ON outbox BEGIN
            INSERT INTO unknown_update (received_at, layer, raw) VALUES (1, 1, zeroblob(1000000));
          END;
          PRAGMA max_page_count = 1;
          """)
    }
    let waits = Mutex(0)
    let time = ServiceTime(sleep: { _ in
      waits.withLock { $0 += 1 }
      // Somebody makes room.
      try await archive.write { try $0.execute(sql: "DROP TRIGGER temp.full; PRAGMA max_page_count = 1000000") }
    })
    let notifier = Notifier(
      archive: archive, chat: chat, temporaryDirectory: fixture.directory, time: time,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await notifier.run() }
      while try await archive.counts().outboxPending > 0 { try await Task.sleep(for: .milliseconds(2)) }
      group.cancelAll()
    }
    #expect(bodies() == ["one", "two"])
    #expect(waits.withLock { $0 } == 1)
  }

  /// Several are taken out of the outbox together; a notifier that is stopped in the midst of them takes out what it has told.
  @Test func whatIsToldIsTakenOutWhenItStops() async throws {
    let texts = (1...20).map { "text \($0)" }
    try await receiveAndDelete(texts)
    chat.state.withLock { $0.faults = Array(repeating: nil, count: 5) + [.before(.floodWait(600))] }
    let notifier = Notifier(
      archive: fixture.archive, chat: chat, temporaryDirectory: fixture.directory,
      time: ServiceTime(now: { 2_000_000_000 }, sleep: { _ in try await Task.sleep(for: .seconds(3600)) }),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await notifier.run() }
      while !chat.state.withLock({ $0.faults.isEmpty }) { try await Task.sleep(for: .milliseconds(2)) }
      group.cancelAll()
    }
    #expect(try await fixture.archive.counts().outboxPending == 15)
    try await run()
    #expect(bodies() == texts)
  }

  /// As after a crash before they were taken out: the server refuses them as repetitions.
  @Test func whatIsToldAndStillThereIsNotPostedTwice() async throws {
    let texts = (1...20).map { "text \($0)" }
    try await receiveAndDelete(texts)
    let archive = fixture.archive
    try await archive.write { db in
      try db.execute(sql: "CREATE TABLE kept AS SELECT * FROM outbox")
    }
    try await run()
    try await archive.write { db in
      try db.execute(sql: "INSERT INTO outbox SELECT * FROM kept; DROP TABLE kept")
    }
    try await run()
    #expect(bodies() == texts)
  }

  @Test func digestIsAFileWithEveryMessage() async throws {
    let ids = Array(Int32(1)...Int32(1000))
    try await fixture.receive(ids.map { Make.newInChannel(Make.message($0, in: Make.channel(600), "text \($0) end")) })
    try await fixture.receive([Make.delete(ids, inChannel: 600)])
    try await run()
    #expect(bodies() == (1...5).map { "text \($0) end" })
    let files = chat.state.withLock { $0.files }
    #expect(files.count == 1)
    #expect(files.first?.caption.contains("995 deleted messages") == true)
    let text = files.first?.text ?? ""
    let lines = Set(text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { String($0) })
    #expect((6...1000).allSatisfy { lines.contains("| text \($0) end") })
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: fixture.directory).allSatisfy { !$0.hasPrefix("digest") })
    #expect(try await fixture.archive.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM outbox_item") } == 0)
  }

  @Test func newRowWakesASleepingNotifier() async throws {
    let notifier = Notifier(
      archive: fixture.archive, chat: chat, temporaryDirectory: fixture.directory,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await notifier.run() }
      for n in 1...3 {
        try await fixture.receive([Make.new(Make.message(Int32(n), in: bob, "text \(n)")), Make.delete([Int32(n)])])
        notifier.wake()
        while chat.texts.count < n { await Task.yield() }
      }
      group.cancelAll()
    }
    #expect(bodies() == ["text 1", "text 2", "text 3"])
  }
}
