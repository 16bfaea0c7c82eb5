import Foundation
import GRDB
import TL
import TelegramClient

/// Why a data directory of the Python service cannot be taken over.
public enum LegacyError: Error, Sendable, Equatable, CustomStringConvertible {
  case noArchive(directory: String)
  case notPython(path: String)
  /// A program has the archive open, and would go on writing to what is then the old one.
  case inUse(path: String, by: String)
  case incomplete(expected: Int, found: Int)

  public var description: String {
    switch self {
    case .noArchive(let directory): "\(directory) holds no db/messages.db"
    case .notPython(let path): "\(path) is no archive of the Python service"
    case .inUse(let path, let holder): "\(path) is open in \(holder); stop that first"
    case .incomplete(let expected, let found):
      "only \(found) of \(expected) messages arrived; nothing was changed, the old archive is as it was"
    }
  }
}

/// Takes over the archive of the Python service.
///
/// In place, the new archive is built beside the old one and takes its name in one step when it is complete and checked,
/// so that at every moment there is one whole archive under that name.
struct LegacyTakeover {
  let root: DataRoot
  var progress: @Sendable (Int, Int) -> Void = { _, _ in }

  private var path: String { root.archiveFile }
  /// What the new archive is called while it is built.
  private var unfinished: String { path + ".new" }
  private var now: Int64 { Int64(Date().timeIntervalSince1970) }

  // MARK: In place

  /// - Throws: `LegacyError`, `ArchiveError`; the old archive is then as it was.
  func inPlace() throws -> LegacyReport {
    removeUnfinished()
    defer { removeUnfinished() }
    if let holder = OpenFiles.holder(of: path) { throw LegacyError.inUse(path: path, by: "\(holder)") }
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    configuration.busyMode = .timeout(5)
    var report = LegacyReport(source: path)
    do {
      let source = try DatabaseQueue(path: path, configuration: configuration)
      try source.inDatabase { db in
        // Nobody else may write from here on.
        try db.execute(sql: "BEGIN IMMEDIATE")
        let copied = ReadOnlySource(path: path)
        let backup = try copied.backUp()
        // What has failed has changed nothing, and its copies must not fill the disk.
        var isDone = false
        defer { if !isDone { unlink(backup.path) } }
        let version = try Int.fetchOne(db, sql: "PRAGMA data_version")
        try db.execute(sql: "ROLLBACK")
        // A log beside the old archive would be taken for the new one's. Fails while anybody else has it open.
        guard try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE") == "delete" else {
          throw ArchiveError.busy(path: path)
        }
        try db.execute(sql: "BEGIN EXCLUSIVE")
        defer { if db.isInsideTransaction { try? db.execute(sql: "ROLLBACK") } }
        guard try Int.fetchOne(db, sql: "PRAGMA data_version") == version else { throw ArchiveError.busy(path: path) }
        report.backup = backup
        try build(from: db, &report)
        try DurableFile.sync(unfinished)
        try DurableFile.rename(unfinished, to: path)
        isDone = true
      }
    } catch let error as LegacyError {
      throw error
    } catch {
      throw ArchiveError(error, path: path)
    }
    return report
  }

  private func build(from source: Database, _ report: inout LegacyReport) throws {
    let archive = try Archive.open(at: unfinished)
    do {
      let names = LegacyNames(session: root.sessionFile)
      try LegacyImport(names: names, now: now, progress: progress).run(source, into: &report) { batch in
        try archive.pool.write { db in try LegacyImport.insert(batch, db) }
      }
      try LegacyFiles(root).register(in: archive, &report)
      let found = try archive.pool.read { db in
        try DatabaseCopy.check(db, path: unfinished)
        return try Int.fetchOne(db, sql: "SELECT count(*) FROM message") ?? 0
      }
      guard found == report.rows - report.unusable else {
        throw LegacyError.incomplete(expected: report.rows - report.unusable, found: found)
      }
    } catch {
      try? archive.close()
      throw error
    }
    try archive.pool.writeWithoutTransaction { db in _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    try archive.close()
    // Whoever closes last writes the log back and removes it.
    guard DurableFile.size(of: unfinished + "-wal") == 0 else { throw ArchiveError.busy(path: unfinished) }
    unlink(unfinished + "-wal")
    unlink(unfinished + "-shm")
  }

  /// What was built when the process was ended; the old archive is whole, so it starts again.
  private func removeUnfinished() {
    for suffix in ["", "-journal", "-wal", "-shm"] { unlink(unfinished + suffix) }
  }

  // MARK: From elsewhere

  /// Adds what another directory holds; what is in the archive already stays as it is.
  ///
  /// - Throws: `LegacyError`, `ArchiveError`. What was added until then stays; the next time goes on from there.
  func importing(from directory: String) throws -> LegacyReport {
    let source = try ReadOnlySource(directory: directory)
    var report = LegacyReport(source: source.path)
    do {
      let archive = try Archive.open(at: path, skippingVersions: true)
      var backup = archive.upgrade?.backup
      let isEmpty = try archive.pool.read { db in
        try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM message)")
      }
      let names = LegacyNames(session: directory + "/db/user.session")
      try source.read { db in
        try LegacyImport(names: names, now: now, progress: progress).run(db, into: &report) { batch in
          if isEmpty != true, backup == nil,
            try archive.pool.read({ db in try LegacyImport.countNew(batch, db) }).messages > 0
          {
            backup = try ReadOnlySource(path: path).backUp(prefix: ArchiveBackup.prefix)
          }
          return try archive.pool.write { db in try LegacyImport.insert(batch, db) }
        }
      }
      report.backup = backup
      let files = LegacyFiles(root)
      files.bring(from: LegacyFiles(below: directory), &report)
      try files.register(in: archive, &report)
      try archive.close()
    } catch let error as LegacyError {
      throw error
    } catch {
      throw ArchiveError(error, path: path)
    }
    return report
  }

  // MARK: Trial

  /// What taking over would come to; nothing is written.
  ///
  /// - Parameter directory: where the Python service's data is; nil for in place.
  func trial(from directory: String?) throws -> LegacyReport {
    let source = try directory.map { try ReadOnlySource(directory: $0) } ?? ReadOnlySource(path: path)
    var report = LegacyReport(source: source.path)
    report.isDryRun = true
    let base = directory ?? root.path
    do {
      let target = directory != nil && access(path, F_OK) == 0 ? try ReadOnlyDatabase.open(path) : nil
      if let target, try target.read(LegacyTable.isIn) { throw ArchiveError.legacyLayout(path: path) }
      let hasMessages = try target?.read { db in try db.tableExists("message") } ?? false
      try source.read { db in
        let names = LegacyNames(session: base + "/db/user.session")
        try LegacyImport(names: names, now: now, progress: progress).run(db, into: &report) { batch in
          guard hasMessages, let target else {
            return LegacyImport.Added(messages: batch.messages.count, peers: batch.peers.count)
          }
          return try target.read { db in try LegacyImport.countNew(batch, db) }
        }
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM messages WHERE id = ? AND chat_id = ?")
        for file in LegacyFiles(below: base).all() {
          if try Int.fetchOne(statement, arguments: [file.message, file.chat.rawValue]) == nil {
            report.filesWithoutMessage += 1
          } else if file.place == .buffer {
            report.buffered += 1
          } else {
            report.recovered += 1
          }
        }
      }
    } catch let error as LegacyError {
      throw error
    } catch {
      throw ArchiveError(error, path: source.path)
    }
    return report
  }
}

/// A database that is only read.
private struct ReadOnlySource {
  let path: String

  init(path: String) { self.path = path }

  /// The archive below a data directory, or in the directory itself.
  init(directory: String) throws(LegacyError) {
    let paths = ["\(directory)/db/messages.db", "\(directory)/messages.db"]
    guard let path = paths.first(where: { access($0, F_OK) == 0 }) else { throw .noArchive(directory: directory) }
    self.path = path
  }

  func read(_ body: (Database) throws -> Void) throws {
    let queue = try ReadOnlyDatabase.open(path)
    try queue.read { db in
      guard try LegacyTable.isIn(db) else { throw LegacyError.notPython(path: path) }
      try body(db)
    }
    try queue.close()
  }

  func backUp(prefix: String = ArchiveBackup.pythonPrefix) throws -> ArchiveBackup {
    let queue = try ReadOnlyDatabase.open(path)
    let backup = try ArchiveBackup.make(of: queue, at: path, prefix: prefix)
    try queue.close()
    return backup
  }
}
