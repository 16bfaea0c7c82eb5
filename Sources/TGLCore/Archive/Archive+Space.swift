import Foundation
import GRDB

/// How the pages of the database are used.
public struct ArchiveSpace: Sendable, Hashable {
  public var pageSize: Int64
  public var pages: Int64
  /// Pages with nothing on them.
  public var freePages: Int64
  /// Whether pages can be given back a few at a time.
  public var isIncremental: Bool

  public var bytes: Int64 { pageSize * pages }
}

extension Archive {
  public func space() async throws(ArchiveError) -> ArchiveSpace {
    try await read { db in
      func number(_ pragma: String) throws -> Int64 { try Int64.fetchOne(db, sql: "PRAGMA \(pragma)") ?? 0 }
      return ArchiveSpace(
        pageSize: try number("page_size"), pages: try number("page_count"), freePages: try number("freelist_count"),
        isIncremental: try number("auto_vacuum") == 2)
    }
  }

  /// Gives some free pages at the end back to the disk.
  func giveBack(pages: Int) async throws(ArchiveError) {
    try await withoutTransaction { db in try db.execute(sql: "PRAGMA incremental_vacuum(\(pages))") }
  }

  /// Writes what is in the log to the database file as far as no other process needs it, which makes the file as small as
  /// it is.
  func checkpoint() async throws(ArchiveError) {
    try await withoutTransaction(apart: true) { db in _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(PASSIVE)") }
  }

  /// Cuts the log back when it has grown, unless somebody still reads an older moment; then the next time does.
  ///
  /// Writers wait for it for the tenth of a second that it waits for readers.
  /// Source: "PRAGMA wal_checkpoint", sqlite.org/pragma.html.
  func trimLog() async throws(ArchiveError) {
    guard DurableFile.size(of: path + "-wal") > Self.logLimit else { return try await checkpoint() }
    try await withoutTransaction { db in
      let timeout = try Int.fetchOne(db, sql: "PRAGMA busy_timeout") ?? 5_000
      try db.execute(sql: "PRAGMA busy_timeout = 100")
      defer { try? db.execute(sql: "PRAGMA busy_timeout = \(timeout)") }
      _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
  }

  /// Writes the whole database anew, without free pages, so that from then on they can be given back a few at a time.
  ///
  /// Nobody can write meanwhile, for minutes if it is large.
  func rebuild() async throws(ArchiveError) {
    try await withoutTransaction { db in try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM") }
  }

  /// Joins some of the search index's parts, which takes removed words out of it for good; false when there is no more to
  /// do.
  ///
  /// Source: "The 'merge' Command", sqlite.org/fts5.html.
  /// - Parameter isFirst: whether this begins with all parts of the index.
  func mergeSearchIndex(isFirst: Bool, pages: Int) async throws(ArchiveError) -> Bool {
    try await write { db in
      let before = db.totalChangesCount
      try db.execute(
        sql: "INSERT INTO search (search, rank) VALUES ('merge', ?)", arguments: [isFirst ? -pages : pages])
      return db.totalChangesCount - before >= 2
    }
  }
}
