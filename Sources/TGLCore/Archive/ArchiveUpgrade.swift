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
  var released = ["search"]
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

  /// The version an archive was written by, as `stamp` left it; nil for one of before there were stamps.
  ///
  /// Migrations of a later program are not known by name: this tells people which version to use.
  static func written(in db: Database) throws -> Int? {
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    return version > 0 ? version : nil
  }

  /// Notes in an archive which version it has now.
  func stamp(_ db: Database) throws {
    if try Self.written(in: db) != known { try db.execute(sql: "PRAGMA user_version = \(known)") }
  }

  /// Whether nothing stands between the archive's version and this one, and nothing is missing in between.
  func isNext(after applied: [String]) -> Bool {
    applied.elementsEqual(migrations.prefix(applied.count)) && known - max(version(of: applied), 1) <= 1
  }
}

extension Archive {
  /// An archive up to this size, in bytes, is copied before `tgl run` changes its schema: that takes a second or two.
  static let smallEnoughToCopyFirst: Int64 = 256 << 20

  /// Makes a copy when the schema is about to change and there is something to lose.
  ///
  /// - Parameters:
  ///   - isAsked: whether a person has asked for it, so that versions may be skipped.
  ///   - copiesFirst: whether the copy is made here; otherwise its place in the result stays empty.
  /// - Returns: nil when the schema is up to date, or the archive is new; `isEmpty` says that it holds no messages.
  /// - Throws: `ArchiveError.skipsVersions`, and what keeps the copy from being made.
  static func prepareUpgrade(
    at path: String, isAsked: Bool, copiesFirst: Bool = true, versions: SchemaVersions = SchemaVersions()
  ) throws -> (upgrade: ArchiveUpgrade, isEmpty: Bool)? {
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
    let backup = isEmpty || !copiesFirst ? nil : try ArchiveBackup.make(of: queue, at: path)
    try queue.close()
    return (ArchiveUpgrade(from: from, to: versions.known, migrations: pending, backup: backup), isEmpty)
  }
}
