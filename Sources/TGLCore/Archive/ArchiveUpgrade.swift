import Foundation
import GRDB

/// What bringing an archive's schema up to date came to.
public struct ArchiveUpgrade: Sendable, Hashable, Codable {
  public var from: Int
  public var to: Int
  /// The steps, by their names.
  public var migrations: [String]
  /// Nil for an archive in which there was nothing to lose.
  public var backup: ArchiveBackup?
}

/// Versions of the archive's schema, as people are told of them: all migrations that came with one release are one.
struct SchemaVersions {
  /// The last migration of each version that was released; what comes behind belongs to the next.
  var released: [String] = []
  /// All migrations, in order.
  var migrations = ArchiveSchema.migrator.migrations

  /// The version this program writes.
  var known: Int { released.last == migrations.last ? released.count : released.count + 1 }

  /// The version of an archive with these migrations; 0 for none.
  func version(of applied: [String]) -> Int {
    guard let last = applied.last, let index = migrations.firstIndex(of: last) else { return 0 }
    let ends = released.compactMap { migrations.firstIndex(of: $0) }
    return ends.count { $0 < index } + 1
  }

  /// Whether nothing stands between the archive's version and this one, and nothing is missing in between.
  func isNext(after applied: [String]) -> Bool {
    applied.elementsEqual(migrations.prefix(applied.count)) && known - max(version(of: applied), 1) <= 1
  }
}

extension Archive {
  /// Makes a backup when the schema is about to change and there is something to lose.
  ///
  /// - Parameter isAsked: whether a person has asked for it, so that versions may be skipped.
  /// - Returns: nil when the schema is up to date, or the archive is new.
  /// - Throws: `ArchiveError.skipsVersions`, and what keeps the backup from being made.
  static func prepareUpgrade(
    at path: String, isAsked: Bool, versions: SchemaVersions = SchemaVersions()
  ) throws -> ArchiveUpgrade? {
    let queue = try ReadOnlyDatabase.open(path, isShared: true)
    let (applied, isEmpty) = try queue.read { db in
      let applied = try ArchiveSchema.migrator.appliedMigrations(db)
      let hasMessages =
        try db.tableExists("message") && Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM message)") == true
      return (applied, !hasMessages)
    }
    let pending = versions.migrations.filter { !applied.contains($0) }
    guard !applied.isEmpty, !pending.isEmpty else { return nil }
    let from = versions.version(of: applied)
    guard isAsked || versions.isNext(after: applied) else {
      throw ArchiveError.skipsVersions(path: path, from: from, to: versions.known)
    }
    let backup = isEmpty ? nil : try ArchiveBackup.make(of: queue, at: path)
    try queue.close()
    return ArchiveUpgrade(from: from, to: versions.known, migrations: pending, backup: backup)
  }
}
