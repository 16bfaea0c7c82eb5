import Foundation
import GRDB
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

private typealias Fixture = PurgeFixture

@Suite struct RetentionPlanTests {
  private let settings: RetentionSettings

  init() throws {
    settings = try RetentionSettings(
      SettingsSource(
        flags: ["PERSIST_TIME_IN_DAYS_USER": "0", "PERSIST_TIME_IN_DAYS_BOT": "5", "MEDIA_BUFFER_TTL_HOURS": "2"],
        environment: [:], envFile: "/dev/null"))
  }

  private func plan(_ change: (inout RetentionPlan.Request) -> Void = { _ in }) -> RetentionPlan {
    var request = RetentionPlan.Request()
    change(&request)
    return RetentionPlan(settings, request: request, now: 1_000_000)
  }

  @Test func settingsSayHowLongEachTypeStays() {
    let expected: [RetentionType: Int64] = [.user: 1_000_000, .group: 913_600, .channel: 913_600, .bot: 568_000]
    #expect(plan().messages == expected)
    #expect(plan().buffer == 992_800)
    #expect(plan().deletedMedia == nil)
  }

  @Test func aGivenAgeStandsInForThoseOfTheSettings() {
    let plan = plan { ($0.olderThan, $0.types) = (10_000, [.bot]) }
    #expect(plan.messages == [.bot: 990_000])
    #expect(plan.buffer == 990_000)
  }

  @Test func recoveredFilesGoOnlyWhenNamedWithAnAge() {
    #expect(plan { $0.olderThan = 10_000 }.deletedMedia == nil)
    #expect(plan { $0.parts = [.deletedMedia] }.deletedMedia == nil)
    #expect(plan { ($0.parts, $0.olderThan) = ([.deletedMedia], 10_000) }.deletedMedia == 990_000)
    #expect(plan { ($0.parts, $0.olderThan) = ([.deletedMedia], 10_000) }.messages.isEmpty)
  }

  @Test func filesYoungerThanAnHourNeverGo() {
    #expect(plan { $0.olderThan = 0 }.buffer == 996_400)
    #expect(plan { ($0.parts, $0.olderThan) = ([.deletedMedia], 0) }.deletedMedia == 996_400)
  }

  @Test(arguments: PeerType.allCases)
  func everyTypeOfPeerHasATypeOfRetention(type: PeerType) {
    let expected: [PeerType: RetentionType] = [
      .user: .user, .bot: .bot, .group: .group, .supergroup: .group, .channel: .channel,
    ]
    #expect(RetentionType(type) == expected[type])
    #expect(RetentionType(nil) == .group)
  }
}

@Suite struct PurgeMessagesTests {
  private let fixture: PurgeFixture

  init() async throws { fixture = try await PurgeFixture() }

  /// Which of the messages received so many days ago are there, chat by chat.
  private func left(_ chat: PeerID) async throws -> [Int64] {
    try await fixture.keys().filter { $0.chat == chat.rawValue }.map(\.id).sorted()
  }

  private func seedAges() async throws {
    for chat in Fixture.chats {
      for days in 0...5 { try await fixture.add(chat, Int64(days + 1), daysAgo: Double(days) + 0.5) }
    }
  }

  @Test func eachTypeKeepsItsOwnTime() async throws {
    try await seedAges()
    let report = try await fixture.purge()
    #expect(try await left(Fixture.user) == [1])
    #expect(try await left(Fixture.group) == [1, 2])
    #expect(try await left(Fixture.supergroup) == [1, 2])
    #expect(try await left(Fixture.unknown) == [1, 2])
    #expect(try await left(Fixture.channel) == [1, 2, 3])
    #expect(try await left(Fixture.bot) == [1, 2, 3, 4])
    #expect(report.messages.mapValues(\.messages) == [.user: 5, .group: 12, .channel: 3, .bot: 2])
  }

  @Test func aTrialComesToTheSameAsTheRun() async throws {
    var generator = SeededGenerator.run(11)
    for chat in Fixture.chats {
      for id in 1...Int64.random(in: 5...60, using: &generator) {
        try await fixture.add(
          chat, id, daysAgo: .random(in: 0...8, using: &generator),
          text: String(repeating: "я", count: .random(in: 0...40, using: &generator)),
          versions: .random(in: 0...3, using: &generator), deleted: .random(using: &generator))
      }
    }
    for change: (inout RetentionPlan.Request) -> Void in [
      { $0.chats = [Fixture.group, Fixture.user] }, { ($0.types, $0.olderThan) = ([.bot], 100_000) },
      { $0.keepsDeleted = true }, { _ in }, { $0.olderThan = 0 },
    ] {
      var request = RetentionPlan.Request()
      change(&request)
      let before = try await fixture.keys()
      let trial = try await fixture.purge(request, dryRun: true)
      #expect(try await fixture.keys() == before)
      let run = try await fixture.purge(request, rows: 7)
      #expect(run.messages == trial.messages)
      let left = try await fixture.keys().count
      #expect(before.count - run.messageCount == left)
      #expect(run.largestTransaction <= 7)
      #expect(run.messageCount == 0 || run.transactions >= (run.messageCount + 6) / 7)
      #expect(try await fixture.purge(request).messageCount == 0)
    }
    #expect(try await fixture.keys().isEmpty)
    let counts = try await fixture.archive.counts()
    #expect(counts.versions == 0)
  }

  @Test func bytesAreThoseOfTheContent() async throws {
    try await fixture.add(Fixture.user, 1, daysAgo: 9, text: "привет", versions: 2)
    let report = try await fixture.purge()
    // "привет", "привет 0" and "привет 1".
    #expect(report.messages[.user] == .init(messages: 1, versions: 2, bytes: 12 + 14 + 14))
  }

  @Test func deletedOnesMayBeKept() async throws {
    try await fixture.add(Fixture.user, 1, daysAgo: 9, deleted: true)
    try await fixture.add(Fixture.user, 2, daysAgo: 9)
    var request = RetentionPlan.Request()
    request.keepsDeleted = true
    _ = try await fixture.purge(request)
    #expect(try await left(Fixture.user) == [1])
  }

  /// Both ages have to be over: that of the chat's messages, and that of deleted ones.
  @Test func deletedOnesAreKeptForTheirOwnTime() async throws {
    let fixture = try await Fixture(settings: ["PERSIST_TIME_IN_DAYS_DELETED": "30"])
    for id in 1...3 as ClosedRange<Int64> {
      try await fixture.add(Fixture.user, id, daysAgo: 90, versions: 1, deleted: id > 1)
    }
    let old = Fixture.now - 31 * 86_400
    try await fixture.archive.write { db in
      try db.execute(sql: "UPDATE message SET deleted_at = ? WHERE id = 3", arguments: [old])
    }
    let trial = try await fixture.purge(dryRun: true)
    let done = try await fixture.purge()
    #expect(trial.messages == done.messages && done.messages[.user]?.messages == 2)
    #expect(try await fixture.keys().map(\.id) == [2])
    #expect(try await fixture.archive.counts().versions == 1)
    // Asked for by a person, an age counts for them too.
    var request = RetentionPlan.Request()
    request.olderThan = 0
    _ = try await fixture.purge(request)
    #expect(try await fixture.keys().isEmpty)
  }

  @Test func deletedOnesAreKeptForAHundredYearsUnlessItIsSaidOtherwise() throws {
    let settings = try RetentionSettings(
      SettingsSource(flags: ["DATA_ROOT": "/srv/tgl"], environment: [:], envFile: "/dev/null"))
    #expect(RetentionPlan(settings, now: Fixture.now).deleted == Fixture.now - 36_500 * 86_400)
  }

  @Test func clockAheadOfWhatTelegramToldIsNotBelieved() async throws {
    let month: Int64 = 30 * 86_400
    #expect(try await fixture.archive.believableTime(Fixture.now) == Fixture.now)
    try await fixture.archive.write { db in
      try db.execute(sql: "INSERT INTO update_state VALUES (1, 1, 1, ?, 1)", arguments: [Fixture.now])
    }
    for clock in [Fixture.now - 900, Fixture.now, Fixture.now + month] {
      #expect(try await fixture.archive.believableTime(clock) == clock)
    }
    for clock in [Fixture.now + month + 1, Fixture.now + 366 * 86_400, .max] {
      #expect(try await fixture.archive.believableTime(clock) == Fixture.now)
    }
  }

  @Test func whatANoticeStillNeedsStays() async throws {
    for id in 1...5 as ClosedRange<Int64> { try await fixture.add(Fixture.user, id, daysAgo: 9) }
    try await fixture.archive.write { db in
      func notice(_ id: Int64, album: [Int64]? = nil) -> Notice {
        Notice(
          event: .deleted, chat: PeerSummary(id: Fixture.user, type: .user), sender: nil, messageID: id, sentAt: 1,
          happenedAt: 2, text: FormattedText("x"), album: album)
      }
      try OutboxTable.add(.message(notice(1, album: [1, 2])), randomID: 1, now: 1, db)
      let digest = try OutboxTable.add(
        .digest(DigestNotice(chat: nil, count: 1, toldSingly: 0, happenedAt: 1)), randomID: 2, now: 1, db)
      try OutboxTable.addItem(notice(3), at: 0, of: digest, db)
    }
    let trial = try await fixture.purge(dryRun: true)
    let report = try await fixture.purge()
    #expect(try await left(Fixture.user) == [1, 2, 3])
    #expect(report.needed == 3 && trial.needed == 3)
    try await fixture.archive.write { db in try db.execute(sql: "DELETE FROM outbox") }
    _ = try await fixture.purge()
    #expect(try await left(Fixture.user).isEmpty)
  }

  @Test func aNoticeThatComesWhileItRunsIsSeenInTime() async throws {
    try await fixture.add(Fixture.user, 1, daysAgo: 9)
    let needed = try await fixture.archive.neededMessages()
    let chats = try await fixture.archive.retainedChats()
    let page = try await fixture.archive.expiredMessages(fixture.plan(), chats: chats, from: .init(), limit: 10)
    #expect(page.messages.count == 1)
    try await fixture.archive.write { db in
      let notice = Notice(
        event: .deleted, chat: PeerSummary(id: Fixture.user, type: .user), sender: nil, messageID: 1, sentAt: 1,
        happenedAt: 2, text: FormattedText("x"))
      try OutboxTable.add(.message(notice), randomID: 1, now: 1, db)
    }
    let outcome = try await fixture.archive.remove(
      page.messages.map(\.message), unless: needed, deletedBefore: .max,
      limit: TransactionLimit(rows: 10, time: .seconds(60)))
    #expect(outcome.removed.isEmpty)
    #expect(try await left(Fixture.user) == [1])
  }

  @Test func aMessageWhoseFileIsStillOnItsWayStays() async throws {
    try await fixture.add(Fixture.user, 1, daysAgo: 9, deleted: true)
    try await fixture.entry(.buffer, "\(Fixture.user.rawValue)_1_a.jpg", hoursAgo: 1, state: .preserving)
    #expect(try await fixture.purge().needed == 1)
    try await fixture.archive.write { db in try db.execute(sql: "UPDATE media_job SET state = 'kept'") }
    #expect(try await fixture.purge().messageCount == 1)
    #expect(try await fixture.archive.mediaJobs(chat: Fixture.user, message: 1).isEmpty)
  }

  @Test func aWindowThatWasNotSeenHoldsItsScopeForAWeek() async throws {
    try await fixture.add(Fixture.channel, 1, daysAgo: 9)
    try await fixture.add(Fixture.supergroup, 1, daysAgo: 9)
    try await fixture.miss(channel: Fixture.channel, at: Fixture.now - 100)
    #expect(try await fixture.purge().needed == 1)
    #expect(try await left(Fixture.channel) == [1])
    #expect(try await left(Fixture.supergroup).isEmpty)
    _ = try await fixture.purge(now: Fixture.now + 8 * 86_400)
    #expect(try await left(Fixture.channel).isEmpty)
  }

  @Test func aGapStillBeginsBehindTheNewestThatWasSeen() async throws {
    try await fixture.add(Fixture.channel, 70, daysAgo: 9)
    try await fixture.add(Fixture.channel, 71, daysAgo: 8)
    try await fixture.add(Fixture.user, 30, daysAgo: 9)
    _ = try await fixture.purge()
    #expect(try await fixture.keys().isEmpty)
    let newest = try await fixture.archive.read { db in
      (
        try LookingAgainTable.newest(in: .channel(Fixture.channel), db)?.id,
        try LookingAgainTable.newest(in: .common, db)?.id
      )
    }
    #expect(newest == (71, 30))
    try await fixture.add(Fixture.channel, 75, daysAgo: 0)
    let later = try await fixture.archive.read { try LookingAgainTable.newest(in: .channel(Fixture.channel), $0)?.id }
    #expect(later == 75)
  }

  @Test func theIndexIsUsedAndNothingIsSorted() async throws {
    let plan = try await fixture.archive.read { db in
      try Row.fetchAll(
        db,
        sql: """
          EXPLAIN QUERY PLAN SELECT id FROM message AS m INDEXED BY message_by_receipt
          WHERE chat_id = 1 AND received_at < 5 AND (received_at, id) > (1, 2) ORDER BY received_at, id LIMIT 5
          """
      ).map { $0["detail"] as String }
    }
    #expect(
      plan.count == 1
        && plan[0].contains("message_by_receipt (chat_id=? AND (received_at,id)>(?,?) AND received_at<?)"), "\(plan)")
  }

  /// A writer with connections of its own, as another process has them, gets through while a purge is at work: each of
  /// its transactions waits for one of the purge's at most.
  @Test func anotherWriterGetsInBetween() async throws {
    for id in 1...600 as ClosedRange<Int64> { try await fixture.add(Fixture.user, id, daysAgo: 9) }
    // Room is made for a service that runs.
    #expect(FileManager.default.createFile(atPath: fixture.root.runningMark, contents: nil))
    let writer = try Archive.open(at: fixture.root.archiveFile)
    let purge = Purge(
      archive: fixture.archive, root: fixture.root, plan: fixture.plan(),
      pace: .init(rows: 10, pause: .milliseconds(25)))
    try await withThrowingTaskGroup(of: Int?.self) { group in
      group.addTask { try await purge.run().transactions }
      group.addTask {
        var written = 0
        while !Task.isCancelled {
          try await writer.keep(undecodable: Data([1]), at: 1)
          written += 1
          if try await writer.counts().messages == 0 { break }
        }
        #expect(written > 20)
        return nil
      }
      for try await transactions in group {
        if let transactions { #expect(transactions >= 60) }
      }
    }
    try writer.close()
  }
}
