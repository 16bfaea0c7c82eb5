import Foundation
import GRDB
import Logging
import Synchronization
import Testing

@testable import TGLCore

/// What cannot be written is waited for, said once, and never lost.
@Suite struct StorageTests {
  private let folder: TemporaryFolder
  private let storage = StorageHealth()
  private var path: String { folder.path + "/messages.db" }

  init() throws { folder = try TemporaryFolder() }

  private func open() throws -> Archive {
    try Archive.open(at: path, busyTimeout: .milliseconds(1), storage: storage, isPatient: true)
  }

  private func untilTroubled() async throws -> StorageHealth.Trouble {
    while true {
      if let trouble = storage.current.first { return trouble }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// Ways in which a database cannot be written, and how that ends.
  enum Sabotage: CaseIterable {
    case full, readOnly, locked

    var problem: StorageProblem {
      switch self {
      case .full: .diskFull
      case .readOnly: .readOnly
      case .locked: .busy
      }
    }
  }

  @Test(arguments: Sabotage.allCases)
  func aWriteThatCannotBeIsWaitedForAndLosesNothing(_ sabotage: Sabotage) async throws {
    let archive = try open()
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: path, configuration: configuration)
    switch sabotage {
    case .full:
      try await archive.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 1") }
    case .readOnly:
      // As a connection that was opened while the disk was read-only: it stays so until it is opened anew.
      try await archive.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA query_only = 1") }
    case .locked:
      try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
    }
    let bytes = Data(repeating: 1, count: 100_000)
    async let kept: Void = archive.keep(undecodable: bytes, at: 1)
    if sabotage != .readOnly {
      let trouble = try await untilTroubled()
      #expect(trouble.problem == sabotage.problem && trouble.path == path && trouble.since > 0)
      switch sabotage {
      case .full:
        try await archive.pool.writeWithoutTransaction { db in
          try db.execute(sql: "PRAGMA max_page_count = 1000000")
        }
      case .locked: try await other.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
      case .readOnly: break
      }
    }
    try await kept
    #expect(storage.current.isEmpty)
    #expect(try await archive.counts().unknownUpdates == 1)
  }

  @Test func whoWaitsForTheDiskEndsWithItsTask() async throws {
    let archive = try open()
    try await archive.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 1") }
    let task = Task { try await archive.keep(undecodable: Data(repeating: 1, count: 100_000), at: 1) }
    _ = try await untilTroubled()
    task.cancel()
    await #expect(throws: ArchiveError.full(path: path)) { try await task.value }
  }

  @Test func anArchiveThatIsClosingWaitsNoMore() async throws {
    let archive = try open()
    try await archive.pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 1") }
    archive.stopWaiting()
    await #expect(throws: ArchiveError.full(path: path)) {
      try await archive.keep(undecodable: Data(repeating: 1, count: 100_000), at: 1)
    }
  }

  @Test func troubleIsSaidOnceWhenItBeginsAndOnceWhenItEnds() {
    let lines = Lines()
    let clock = Mutex<Int64>(100)
    let health = StorageHealth(
      time: ServiceTime(now: { clock.withLock { $0 } }), logger: Logger(label: "test") { _ in lines })
    for _ in 0..<5 {
      health.failed(.diskFull, at: "/data/db")
      clock.withLock { $0 += 10 }
    }
    health.failed(.readOnly, at: "/data/media")
    #expect(
      health.current == [
        .init(path: "/data/db", problem: .diskFull, since: 100, last: 140),
        .init(path: "/data/media", problem: .readOnly, since: 150, last: 150),
      ])
    #expect(health.current.first?.reason == "/data/db: the disk is full")
    for _ in 0..<3 { health.succeeded(at: "/data/db") }
    health.succeeded(at: "/data/media")
    #expect(health.current.isEmpty)
    #expect(lines.all.count == 4)
  }

  private final class Lines: LogHandler {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    var metadata: Logger.Metadata {
      get { [:] }
      set {}
    }
    var logLevel: Logger.Level {
      get { .trace }
      set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { nil }
      set {}
    }

    func log(event: LogEvent) { lines.withLock { $0.append("\(event.message)") } }
  }
}
