import Foundation
import GRDB

/// What is in a data directory, found without changing anything.
public struct ArchiveStatus: Sendable, Codable {
  public enum Layout: String, Sendable, Codable {
    /// There is no archive yet.
    case none
    case current
    /// An earlier version of this program wrote it.
    case older
    /// A later version of this program wrote it.
    case newer
    /// The Python service wrote it.
    case python
  }

  public var path: String
  public var layout: Layout
  /// Of the archive; 0 for none, and for the Python service's.
  public var version: Int
  /// That this program writes.
  public var knownVersion: Int
  public var applied: [String]
  public var pending: [String]
  /// Of the database and its log, in bytes.
  public var size: Int64
  public var counts: Counts?
  public var backups: [ArchiveBackup]

  public struct Counts: Sendable, Codable, Hashable {
    public var messages = 0
    public var deleted = 0
    public var versions = 0
    public var chats = 0
    public var media = 0
    /// The first and the last message's time, in seconds since 1970.
    public var oldest: Int64?
    public var newest: Int64?
  }

  enum CodingKeys: String, CodingKey {
    case path, layout, version
    case knownVersion = "known_version"
    case applied, pending, size, counts, backups
  }

  /// - Parameters:
  ///   - path: of the database, which need not be there.
  ///   - counting: whether to count what is in it, which takes time in a large one.
  /// - Throws: `ArchiveError`.
  public init(of path: String, counting: Bool = true) throws(ArchiveError) {
    let versions = SchemaVersions()
    self.path = path
    knownVersion = versions.known
    backups = ArchiveBackup.all(of: path)
    layout = .none
    version = 0
    applied = []
    pending = versions.migrations
    size = DurableFile.size(of: path) + DurableFile.size(of: path + "-wal")
    guard DurableFile.size(of: path) > 0 else { return }
    let queue = try ReadOnlyDatabase.open(path)
    do {
      try queue.read { db in
        if try LegacyTable.isIn(db) {
          layout = .python
          if counting { counts = try LegacyTable.counts(db) }
          return
        }
        try ArchiveSchema.checkIsOurs(db, path: path)
        applied = try ArchiveSchema.migrator.appliedMigrations(db)
        pending = versions.migrations.filter { !applied.contains($0) }
        version = versions.version(of: applied)
        layout = pending.isEmpty ? .current : applied.isEmpty ? .none : .older
        if try ArchiveSchema.migrator.hasBeenSuperseded(db) {
          layout = .newer
          version = try SchemaVersions.written(in: db) ?? version
        }
        if counting, try db.tableExists("message") { counts = try Self.counts(db) }
      }
      try queue.close()
    } catch {
      throw ArchiveError(error, path: path)
    }
  }

  /// Why an archive of the layout `newer` is refused.
  var newerSchema: ArchiveError {
    .newerSchema(path: path, version: version > knownVersion ? version : nil, known: knownVersion)
  }

  private static func counts(_ db: Database) throws -> Counts {
    func count(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: "SELECT count(*) FROM \(sql)") ?? 0 }
    return Counts(
      messages: try count("message"), deleted: try count("message WHERE deleted_at IS NOT NULL"),
      versions: try count("message_version"), chats: try count("(SELECT DISTINCT chat_id FROM message)"),
      media: try count("message WHERE media_kind IS NOT NULL"),
      oldest: try Int64.fetchOne(db, sql: "SELECT min(date) FROM message"),
      newest: try Int64.fetchOne(db, sql: "SELECT max(date) FROM message"))
  }
}
