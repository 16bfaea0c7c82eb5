import GRDB
import TelegramClient

/// A file the archive knows, that is old enough to go.
struct ExpiredFile: Sendable {
  var file: StoredFile
  var createdAt: Int64
  /// The messages it belongs to.
  var messages: [MessageKey]
}

/// The statements that find and remove entries of `media_file`.
enum MediaFileRetention {
  /// A file is as old as the last message that came with it, and stays while it is being copied.
  private static let isExpired = """
    place = ?1 AND created_at < ?2 AND NOT EXISTS (SELECT 1 FROM media_job AS j
      WHERE (j.buffer_id = media_file.id OR j.deleted_id = media_file.id)
        AND (j.state IN ('fetch', 'preserve') OR (?1 = 'buffer' AND j.created_at >= ?2)))
    """

  static func expired(
    _ place: StoredFile.Place, before cutoff: Int64, after id: StoredFile.ID, limit: Int, _ db: Database
  ) throws -> [ExpiredFile] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT \(MediaTable.fileColumns), created_at FROM media_file WHERE \(isExpired) AND id > ?3 ORDER BY id LIMIT ?4
        """)
    return try files(statement, [place.rawValue, cutoff, id, limit], db)
  }

  static func all(
    _ place: StoredFile.Place, before cutoff: Int64, after id: StoredFile.ID, limit: Int, _ db: Database
  ) throws -> [ExpiredFile] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT \(MediaTable.fileColumns), created_at FROM media_file WHERE place = ? AND created_at < ? AND id > ?
        ORDER BY id LIMIT ?
        """)
    return try files(statement, [place.rawValue, cutoff, id, limit], db)
  }

  private static func files(
    _ statement: Statement, _ arguments: StatementArguments, _ db: Database
  ) throws -> [ExpiredFile] {
    try Row.fetchAll(statement, arguments: arguments).compactMap { row in
      guard let file = MediaTable.file(row) else { return nil }
      let jobs = try db.cachedStatement(
        sql: "SELECT chat_id, message_id FROM media_job WHERE buffer_id = ?1 OR deleted_id = ?1")
      let messages = try Row.fetchAll(jobs, arguments: [file.id]).map {
        MessageKey(chat: $0["chat_id"], id: $0["message_id"])
      }
      return ExpiredFile(file: file, createdAt: row[6], messages: messages)
    }
  }

  /// Removes the entry if it is still to go.
  static func remove(_ file: StoredFile, before cutoff: Int64, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(sql: "DELETE FROM media_file WHERE \(isExpired) AND id = ?3")
    try statement.execute(arguments: [file.place.rawValue, cutoff, file.id])
    return db.changesCount > 0
  }

  /// Removes the entry of a file that is not there.
  static func removeMissing(_ file: StoredFile, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        DELETE FROM media_file WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM media_job AS j
          WHERE (j.buffer_id = ?1 OR j.deleted_id = ?1) AND j.state IN ('fetch', 'preserve'))
        """)
    try statement.execute(arguments: [file.id])
  }

  static func isKnown(_ place: StoredFile.Place, _ name: String, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(sql: "SELECT 1 FROM media_file WHERE place = ? AND name = ?")
    return try Int.fetchOne(statement, arguments: [place.rawValue, name]) != nil
  }

  /// Whether a download of the medium is still wanted.
  static func isFetched(medium: Int64, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(sql: "SELECT 1 FROM media_job WHERE medium_id = ? AND state = 'fetch'")
    return try Int.fetchOne(statement, arguments: [medium]) != nil
  }
}

extension Archive {
  func expiredFiles(
    _ place: StoredFile.Place, before cutoff: Int64, after id: StoredFile.ID, limit: Int
  ) async throws(ArchiveError) -> [ExpiredFile] {
    try await read { db in try MediaFileRetention.expired(place, before: cutoff, after: id, limit: limit, db) }
  }

  func storedFiles(
    _ place: StoredFile.Place, before cutoff: Int64, after id: StoredFile.ID, limit: Int
  ) async throws(ArchiveError) -> [ExpiredFile] {
    try await read { db in try MediaFileRetention.all(place, before: cutoff, after: id, limit: limit, db) }
  }

  /// Removes the entries of files that are still to go, and says which those were; the files are the caller's to remove.
  func remove(_ files: [ExpiredFile], before cutoff: Int64) async throws(ArchiveError) -> [StoredFile] {
    try await write { db in
      var needed = NeededMessages()
      try needed.refresh(db)
      return try files.filter { file in
        try file.messages.allSatisfy { !needed.contains($0) }
          && MediaFileRetention.remove(file.file, before: cutoff, db)
      }.map(\.file)
    }
  }

  func removeMissing(_ files: [StoredFile]) async throws(ArchiveError) {
    try await write { db in
      for file in files { try MediaFileRetention.removeMissing(file, db) }
    }
  }

  /// The names no entry stands for.
  func unknownFiles(_ place: StoredFile.Place, _ names: [String]) async throws(ArchiveError) -> [String] {
    try await read { db in
      try names.filter { name in
        if let medium = MediaStore.medium(ofPartial: name) {
          return try !MediaFileRetention.isFetched(medium: medium, db)
        }
        return try !MediaFileRetention.isKnown(place, name, db)
      }
    }
  }
}
