import Foundation
import GRDB
import Logging
import TelegramClient
import Testing

@testable import TGLCore

struct ArchiveUpgradeTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/messages.db" }

  init() throws { folder = try TemporaryFolder() }

  /// An archive as an earlier version left it.
  private func makeOlder(messages: Int = 3, steps: Int = 6) throws {
    let queue = try DatabaseQueue(path: path)
    try ArchiveSchema.migrator.migrate(queue, upTo: ArchiveSchema.migrator.migrations[steps - 1])
    try queue.write { db in
      for id in 0..<messages {
        try db.execute(
          sql: "INSERT INTO message (chat_id, id, date, received_at, text) VALUES (1001, ?, 1, 1, 'x')", arguments: [id]
        )
      }
    }
    try queue.close()
  }

  private var backups: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/backups")) ?? []).sorted()
  }

  @Test func anOlderArchiveIsCopiedBeforeItIsChanged() async throws {
    try makeOlder()
    let archive = try Archive.open(at: path)
    let upgrade = try #require(archive.upgrade)
    #expect(upgrade.migrations == Array(ArchiveSchema.migrator.migrations.dropFirst(6)))
    #expect(try await archive.counts().messages == 3)
    try archive.close()
    let copy = try #require(upgrade.backup)
    #expect(try TemporaryFolder.mode(copy.path) == 0o600 && TemporaryFolder.mode(folder.path + "/backups") == 0o700)
    let old = try DatabaseQueue(path: copy.path)
    #expect(try await old.read { db in try ArchiveSchema.migrator.appliedMigrations(db).count } == 6)
    #expect(try await old.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM message") } == 3)
    try old.close()
    #expect(try Archive.open(at: path).upgrade == nil && backups.count == 1)
  }

  @Test func aLargeArchiveIsCopiedWhileItIsInUse() async throws {
    try makeOlder()
    let archive = try Archive.open(at: path, copyFirstLimit: 0)
    #expect(archive.upgrade?.backup == nil && archive.isCopyDue && backups.isEmpty)
    // What is written meanwhile is not in the copy.
    try await archive.write { db in
      try db.execute(sql: "INSERT INTO message (chat_id, id, date, received_at, text) VALUES (1001, 99, 1, 1, 'new')")
    }
    await archive.copyFormer(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    #expect(!archive.isCopyDue && backups.count == 1)
    let old = try DatabaseQueue(path: folder.path + "/backups/" + (backups.first ?? ""))
    #expect(try await old.read { db in try ArchiveSchema.migrator.appliedMigrations(db).count } == 6)
    #expect(try await old.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM message") } == 3)
    try old.close()
    #expect(try await archive.counts().messages == 4)
    try archive.close()
  }

  @Test func aCopyThatIsCutOffLeavesNothingAndIsClearedAway() async throws {
    try makeOlder()
    let archive = try Archive.open(at: path, copyFirstLimit: 0)
    let task = Task { await archive.copyFormer(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) }
    task.cancel()
    await task.value
    #expect(backups.filter { !$0.hasSuffix(".db") }.isEmpty)
    try archive.close()
    // A kill leaves a part behind; the next copy removes it.
    let part = folder.path + "/backups/messages-2026-01-01T000000Z.db.part"
    try FileManager.default.createDirectory(atPath: folder.path + "/backups", withIntermediateDirectories: true)
    try Data([1]).write(to: URL(fileURLWithPath: part))
    let queue = try ReadOnlyDatabase.open(path)
    _ = try ArchiveBackup.make(of: queue, at: path)
    #expect(!FileManager.default.fileExists(atPath: part))
  }

  @Test func anArchiveGoesBackToTheFirstVersionAndForthAgain() async throws {
    let archive = try Archive.open(at: path)
    try archive.close()
    func schema(_ queue: DatabaseQueue) async throws -> [String] {
      try await queue.read { db in
        try String.fetchAll(
          db, sql: "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1")
      }
    }
    let queue = try DatabaseQueue(path: path)
    let before = try await schema(queue)
    // As docs/operations.md says.
    let released = try #require(SchemaVersions().released.first)
    try await queue.write { db in
      try db.execute(
        sql: "DELETE FROM grdb_migrations WHERE rowid > (SELECT rowid FROM grdb_migrations WHERE identifier = ?)",
        arguments: [released])
    }
    try queue.close()
    try Archive.open(at: path).close()
    let again = try DatabaseQueue(path: path)
    #expect(try await schema(again) == before)
  }

  @Test func nothingIsCopiedWhereNothingCanBeLost() throws {
    try makeOlder(messages: 0)
    let upgrade = try #require(try Archive.open(at: path).upgrade)
    #expect(upgrade.backup == nil && backups.isEmpty)
  }

  @Test func whatCannotBeCopiedIsNotChanged() async throws {
    try makeOlder()
    try Data().write(to: URL(fileURLWithPath: folder.path + "/backups"))
    #expect(throws: ArchiveError.self) { try Archive.open(at: path) }
    let queue = try DatabaseQueue(path: path)
    #expect(try await queue.read { db in try ArchiveSchema.migrator.appliedMigrations(db).count } == 6)
  }

  @Test func theLastCopiesAreKeptAndThePythonServicesAlways() throws {
    try makeOlder()
    let queue = try ReadOnlyDatabase.open(path)
    let start = Date(timeIntervalSince1970: 2_000_000_000)
    _ = try ArchiveBackup.make(of: queue, at: path, prefix: ArchiveBackup.pythonPrefix, now: start)
    for index in 0..<5 {
      _ = try ArchiveBackup.make(of: queue, at: path, now: start.addingTimeInterval(TimeInterval(index / 2)))
    }
    #expect(
      backups == [
        "messages-2033-05-18T033322Z.db", "messages-2033-05-18T033323Z.db", "messages-2033-05-18T033324Z.db",
        "python-messages-2033-05-18T033320Z.db",
      ])
    #expect(ArchiveBackup.all(of: path).first?.path.hasSuffix("033324Z.db") == true)
  }

  @Test func aDamagedArchiveIsNotTakenForABackup() throws {
    try makeOlder(messages: 2000)
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.seek(toOffset: 4096 * 12)
    try handle.write(contentsOf: Data(repeating: 0xAB, count: 4096 * 4))
    try handle.close()
    #expect {
      try Archive.open(at: path)
    } throws: { error in
      if case ArchiveError.corrupt = error { true } else { false }
    }
    #expect(backups.isEmpty)
  }

  @Test(
    arguments: [
      ([], ["a", "b"], [], 1, 0), ([], ["a", "b"], ["a"], 1, 1), (["b"], ["a", "b"], ["a", "b"], 1, 1),
      (["b"], ["a", "b", "c"], ["a"], 2, 1), (["b", "d"], ["a", "b", "c", "d", "e"], ["a", "b"], 3, 1),
      (["b", "d"], ["a", "b", "c", "d", "e"], ["a", "b", "c"], 3, 2),
    ] as [([String], [String], [String], Int, Int)])
  func aVersionIsWhatWasReleasedTogether(
    released: [String], migrations: [String], applied: [String], known: Int, version: Int
  ) {
    let versions = SchemaVersions(released: released, migrations: migrations)
    #expect(versions.known == known && versions.version(of: applied) == version)
    #expect(versions.isNext(after: applied) == (known - max(version, 1) <= 1))
  }

  @Test func anArchiveInWhichAStepIsMissingIsNotNext() {
    let versions = SchemaVersions(released: [], migrations: ["a", "b", "c"])
    #expect(versions.isNext(after: ["a", "b"]) && !versions.isNext(after: ["a", "c"]))
  }

  @Test func aVersionIsSkippedOnlyWhenSomebodyAsks() throws {
    try makeOlder(steps: 2)
    let all = ArchiveSchema.migrator.migrations
    let versions = SchemaVersions(released: [all[1], all[3]], migrations: all)
    #expect(throws: ArchiveError.skipsVersions(path: path, from: 1, to: 3)) {
      try Archive.prepareUpgrade(at: path, isAsked: false, versions: versions)
    }
    #expect(backups.isEmpty)
    let upgrade = try #require(try Archive.prepareUpgrade(at: path, isAsked: true, versions: versions)).upgrade
    #expect(upgrade.from == 1 && upgrade.to == 3 && upgrade.backup != nil)
  }

  @Test func theStatusOfEveryLayoutIsToldWithoutLeavingATrace() throws {
    #expect(try ArchiveStatus(of: path).layout == .none)
    try makeOlder()
    #expect(try ArchiveStatus(of: path).layout == .older)
    let archive = try Archive.open(at: path)
    try archive.close()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let status = try ArchiveStatus(of: path)
    #expect(status.layout == .current && status.version == status.knownVersion && status.pending.isEmpty)
    #expect(status.counts?.messages == 3 && status.backups.count == 1 && status.size > 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == names)
    let queue = try DatabaseQueue(path: path)
    try queue.write { db in try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('the day after tomorrow')") }
    try queue.close()
    #expect(try ArchiveStatus(of: path).layout == .newer)
  }

  @Test func theServiceBringsAnOlderArchiveUpToDateByItself() async throws {
    let root = try DataRoot(path: folder.path + "/data")
    try makeOlder()
    try FileManager.default.moveItem(atPath: path, toPath: root.archiveFile)
    let logger = Logger(label: "migration") { _ in SwiftLogNoOpLogHandler() }
    let archive = try await DataMigration.open(root, logger: logger)
    #expect(archive.upgrade?.backup != nil)
    #expect(try await archive.counts().messages == 3)
    try archive.close()
    guard case .upToDate = try await DataMigration(root: root).trial() else { throw TestFailure("not up to date") }
  }

  @Test func aTrialOfAnUpgradeNamesTheStepsAndTakesNone() async throws {
    let root = try DataRoot(path: folder.path + "/data")
    guard case .nothing = try await DataMigration(root: root).run() else { throw TestFailure("made something") }
    try makeOlder()
    try FileManager.default.moveItem(atPath: path, toPath: root.archiveFile)
    for _ in 0..<2 {
      guard case .upgraded(let upgrade) = try await DataMigration(root: root).trial() else {
        throw TestFailure("nothing to do")
      }
      #expect(upgrade.migrations == Array(ArchiveSchema.migrator.migrations.dropFirst(6)) && upgrade.backup == nil)
    }
    guard case .upgraded(let upgrade) = try await DataMigration(root: root).run() else {
      throw TestFailure("nothing done")
    }
    #expect(upgrade.backup != nil)
  }

  @Test func aDatabaseOfAnotherProgramIsLeftAlone() throws {
    let queue = try DatabaseQueue(path: path)
    try queue.write { db in try db.execute(sql: "CREATE TABLE messages (body TEXT)") }
    try queue.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect {
      try Archive.open(at: path)
    } throws: { error in
      if case ArchiveError.corrupt = error { true } else { false }
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }
}
