import Foundation
import GRDB

/// The statements that give the files on the disk their names.
extension MediaTable {
  /// The file with this content, or a new one under a name no other content has.
  ///
  /// Written down before the file has its name: two that come at the same time never take the same one.
  static func reserve(_ wanted: FileReservation, now: Int64, _ db: Database) throws -> StoredFile? {
    let same = try db.cachedStatement(
      sql: "SELECT \(fileColumns) FROM media_file WHERE sha256 = ? AND place = ? AND encrypted = ? LIMIT 1")
    let known = try Row.fetchOne(same, arguments: [wanted.sha256, wanted.place.rawValue, wanted.isEncrypted])
    if let known { return file(known) }
    let add = try db.cachedStatement(
      sql: """
        INSERT INTO media_file (place, name, size, sha256, encrypted, created_at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (place, name) DO NOTHING RETURNING \(fileColumns)
        """)
    for name in wanted.names where try !hasLookalike(name, wanted.place, db) {
      let row = try Row.fetchOne(
        add, arguments: [wanted.place.rawValue, name, wanted.size, wanted.sha256, wanted.isEncrypted, now])
      if let row { return file(row) }
    }
    return nil
  }

  /// Gives a file whose name its file system does not take another one: the first of `names` that is free.
  static func rename(_ id: StoredFile.ID, to names: [String], _ db: Database) throws -> StoredFile? {
    guard let stored = try file(id, db) else { return nil }
    let statement = try db.cachedStatement(
      sql: "UPDATE OR IGNORE media_file SET name = ? WHERE id = ? RETURNING \(fileColumns)")
    for name in names where try !hasLookalike(name, stored.place, db, besides: id) {
      if let row = try Row.fetchOne(statement, arguments: [name, id]) { return file(row) }
    }
    return nil
  }

  /// Names of one message that are compared at most.
  private static let maximumLookalikes = 1_000

  /// Whether a file of the same message has a name that is the same one to some file systems.
  private static func hasLookalike(
    _ name: String, _ place: StoredFile.Place, _ db: Database, besides id: StoredFile.ID = 0
  ) throws -> Bool {
    let parts = name.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return false }
    let prefix = "\(parts[0])_\(parts[1])_"
    // "`" is the character behind "_".
    let statement = try db.cachedStatement(
      sql: "SELECT name FROM media_file WHERE place = ? AND name >= ? AND name < ? AND id <> ? LIMIT ?")
    let names = try String.fetchAll(
      statement, arguments: [place.rawValue, prefix, prefix.dropLast() + "`", id, maximumLookalikes])
    return names.contains { MediaFileName.isLookalike($0, name) }
  }
}
