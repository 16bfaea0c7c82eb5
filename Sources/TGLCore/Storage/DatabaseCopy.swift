import Foundation
import GRDB

/// Copies of databases that others may be writing to.
enum DatabaseCopy {
  /// Writes what `source` holds at one moment to `target`, a new file for its owner only.
  ///
  /// `VACUUM INTO` reads one moment of a database in WAL mode, so writers are never kept waiting, and what they write
  /// meanwhile does not make it begin anew, as it does with the backup interface when they are another process. The copy is
  /// a single file without free pages.
  ///
  /// Source: "VACUUM INTO", sqlite.org/lang_vacuum.html; sqlite.org/backup.html.
  /// - Throws: `ArchiveError`, of `target`; what was written is left there.
  static func make(of source: DatabaseQueue, to target: String) throws(ArchiveError) {
    try makeEmptyFile(target)
    do {
      try source.inDatabase { db in try db.execute(sql: "VACUUM INTO ?", arguments: [target]) }
    } catch {
      throw ArchiveError(error, path: target)
    }
  }

  /// Writes what `snapshot` shows to `target`, a new file for its owner only.
  ///
  /// The snapshot keeps its moment for as long as it is open, so what others write does not make the copy begin anew.
  ///
  /// Source: "Online Backup API", sqlite.org/c3ref/backup_finish.html.
  /// - Parameter progress: told the share that is done, from 0 to 1, every 4 MiB; an error of its own ends the copy.
  /// - Throws: `ArchiveError`, of `target`, and what `progress` throws; what was written is left there.
  static func make(
    of snapshot: DatabaseSnapshot, to target: String, progress: @escaping (Double) throws -> Void
  ) throws {
    try makeEmptyFile(target)
    let queue = try DatabaseQueue(path: target)
    try snapshot.backup(to: queue, pagesPerStep: 1_024) { step in
      try progress(Double(step.completedPageCount) / Double(max(step.totalPageCount, 1)))
    }
    // The copy is one file, without a log beside it.
    try queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA journal_mode = DELETE") }
    try queue.close()
  }

  /// The rows of every table of a database that nobody writes to, when it is sound.
  ///
  /// Source: "PRAGMA integrity_check", sqlite.org/pragma.html.
  /// - Throws: `ArchiveError.corrupt`.
  @discardableResult
  static func verify(_ path: String) throws(ArchiveError) -> [String: Int] {
    let queue = try ReadOnlyDatabase.open(path)
    do {
      let found = try queue.read { db in
        try check(db, path: path)
        return try counts(db)
      }
      try queue.close()
      return found
    } catch {
      throw ArchiveError(error, path: path)
    }
  }

  /// SQLite takes an empty file for none, and this one is its owner's alone.
  private static func makeEmptyFile(_ path: String) throws(ArchiveError) {
    unlink(path)
    let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ArchiveError(errno: errno, path: path) }
    close(descriptor)
  }

  /// - Throws: `ArchiveError.corrupt`.
  static func check(_ db: Database, path: String) throws {
    let problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(5)")
    guard problems == ["ok"] else { throw ArchiveError.corrupt(path: path, detail: inOneLine(problems)) }
  }

  /// What a check found; a row of it may have several lines, and begin with a heading.
  static func inOneLine(_ problems: [String]) -> String {
    problems.flatMap { $0.split(separator: "\n") }.filter { !$0.hasPrefix("***") }.joined(separator: "; ")
  }

  /// Rows of every table, by its name.
  static func counts(_ db: Database) throws -> [String: Int] {
    let tables = try String.fetchAll(
      db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite_%'")
    var counts: [String: Int] = [:]
    for table in tables {
      counts[table] = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table.quotedDatabaseIdentifier)")
    }
    return counts
  }
}
