import Foundation
import GRDB
import Logging
import Synchronization
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
