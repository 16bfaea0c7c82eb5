import Foundation
import GRDB
import Logging
import Synchronization
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct HousekeepingTests {
  private let fixture: PurgeFixture

  init() async throws { fixture = try await PurgeFixture() }

  private func housekeeping(_ sleep: @escaping @Sendable (Duration) async throws -> Void = { _ in }) -> Housekeeping {
    Housekeeping(
      archive: fixture.archive, root: fixture.root, settings: fixture.settings,
      time: ServiceTime(now: { PurgeFixture.now }, sleep: sleep), logger: Logger(label: "test"))
  }

  @Test func nothingGoesBeforeTheServiceHasCaughtUp() async throws {
    try await fixture.add(PurgeFixture.user, 1, daysAgo: 9)
    let housekeeping = housekeeping()
    await housekeeping.once()
    #expect(try await fixture.keys().count == 1)
    #expect(housekeeping.state.lastDone == PurgeFixture.now)
    housekeeping.caughtUp()
    await housekeeping.once()
    #expect(try await fixture.keys().isEmpty)
    #expect(housekeeping.state.lastError == nil)
  }

  /// What was deleted during an outage is told of when it is over.
  @Test func nothingGoesWhileTelegramCannotBeReachedNorRightAfterwards() async throws {
    try await fixture.add(PurgeFixture.user, 1, daysAgo: 9)
    let isConnected = Atomic(false)
    let housekeeping = Housekeeping(
      archive: fixture.archive, root: fixture.root, settings: fixture.settings,
      isConnected: { isConnected.load(ordering: .relaxed) },
      time: ServiceTime(now: { PurgeFixture.now }, sleep: { _ in }), logger: Logger(label: "test"))
    housekeeping.caughtUp()
    await housekeeping.once()
    isConnected.store(true, ordering: .relaxed)
    await housekeeping.once()
    #expect(try await fixture.keys().count == 1)
    await housekeeping.once()
    #expect(try await fixture.keys().isEmpty)
  }

  @Test func nothingGoesWhileTelegramsTimeIsNotKnown() async throws {
    try await fixture.add(PurgeFixture.user, 1, daysAgo: 9)
    let offset = Mutex<Duration?>(nil)
    let housekeeping = Housekeeping(
      archive: fixture.archive, root: fixture.root, settings: fixture.settings,
      clockOffset: { offset.withLock { $0 } },
      time: ServiceTime(now: { PurgeFixture.now }, sleep: { _ in }), logger: Logger(label: "test"))
    housekeeping.caughtUp()
    await housekeeping.once()
    #expect(try await fixture.keys().count == 1)
    offset.withLock { $0 = .seconds(5) }
    await housekeeping.once()
    #expect(try await fixture.keys().isEmpty)
  }

  /// One that is off for three days is told of deletions that happened meanwhile, in its own time.
  @Test func nothingGoesOfAScopeThatIsBehind() async throws {
    for chat in [PurgeFixture.user, PurgeFixture.channel, PurgeFixture.supergroup] {
      try await fixture.add(chat, 1, daysAgo: 9)
    }
    let behind = Mutex<Set<MessageScope>>([.common, .channel(PurgeFixture.channel)])
    let housekeeping = Housekeeping(
      archive: fixture.archive, root: fixture.root, settings: fixture.settings,
      isCurrent: { scope in behind.withLock { !$0.contains(scope) } },
      time: ServiceTime(now: { PurgeFixture.now }, sleep: { _ in }), logger: Logger(label: "test"))
    housekeeping.caughtUp()
    await housekeeping.once()
    #expect(Set(try await fixture.keys().map(\.chat)) == [PurgeFixture.user.rawValue, PurgeFixture.channel.rawValue])
    behind.withLock { $0 = [] }
    await housekeeping.once()
    #expect(try await fixture.keys().isEmpty)
  }

  /// A file that is being written has the date of a clock that is a year behind.
  @Test(arguments: [-366 * 86_400, 366 * 86_400] as [Int64])
  func filesAreDatedByTheMachinesClock(offset: Int64) async throws {
    let hours = Double(-offset) / 3_600
    try fixture.file(.buffer, "1_1_young.jpg", hoursAgo: hours)
    try fixture.file(.buffer, "1_2_old.jpg", hoursAgo: hours + 900)
    let housekeeping = Housekeeping(
      archive: fixture.archive, root: fixture.root, settings: fixture.settings, clockOffset: { .seconds(offset) },
      time: ServiceTime(now: { PurgeFixture.now }, sleep: { _ in }), logger: Logger(label: "test"))
    housekeeping.caughtUp()
    await housekeeping.once()
    #expect(try fixture.names(.buffer) == ["1_1_young.jpg"])
  }

  @Test func itComesRoundEveryFiveMinutesUntilItIsCancelled() async throws {
    let waits = Mutex<[Duration]>([])
    let housekeeping = housekeeping { duration in
      let count = waits.withLock { waits in
        waits.append(duration)
        return waits.count
      }
      if count > 3 { throw CancellationError() }
    }
    await #expect(throws: CancellationError.self) { try await housekeeping.run() }
    #expect(waits.withLock { $0 } == Array(repeating: .seconds(300), count: 4))
  }

  @Test func whatGoesWrongIsNotedAndTriedAgain() async throws {
    try await fixture.add(PurgeFixture.user, 1, daysAgo: 9)
    try await fixture.archive.write { db in
      try db.execute(
        sql: "CREATE TRIGGER no BEFORE DELETE ON message BEGIN SELECT RAISE(ABORT, 'not this time'); END")
    }
    let housekeeping = housekeeping()
    housekeeping.caughtUp()
    await housekeeping.once()
    let failure = try #require(housekeeping.state.lastError)
    #expect(failure.at == PurgeFixture.now && failure.message.contains("not this time"))
    #expect(housekeeping.state.lastDone == nil)
    try await fixture.archive.write { db in try db.execute(sql: "DROP TRIGGER no") }
    await housekeeping.once()
    #expect(housekeeping.state.lastDone == PurgeFixture.now)
    #expect(try await fixture.keys().isEmpty)
  }
}
