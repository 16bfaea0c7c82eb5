import GRDB

/// Puts what can be read of a damaged archive into another, which is new or comes from a backup.
struct ArchiveSalvage {
  /// What became of a table.
  struct Count: Sendable, Hashable, Codable {
    /// Rows that could be read.
    var read = 0
    /// Those of them that the other archive had not, or not as new.
    var taken = 0
    /// Places where rows could not be read.
    var gaps = 0
  }

  /// How a row goes in that may be there already.
  private enum Merge {
    /// What is there stays: work that is done twice does no harm, and work that is not done does.
    case ignore
    case replace
    case newerMessage
    /// All of the table, or what can be had of it.
    case instead
  }

  /// Tables whose rows are referred to come first.
  private static let tables: [(name: String, merge: Merge)] = [
    ("account", .replace), ("notice_salt", .replace), ("whole_since", .replace), ("peer", .replace),
    ("message", .newerMessage),
    ("message_version", .ignore), ("update_state", .ignore), ("channel_state", .ignore), ("update_gap", .ignore),
    ("comparison", .ignore), ("freshness", .ignore), ("newest_seen", .ignore), ("history_job", .ignore),
    ("unknown_update", .ignore),
    ("media_file", .replace), ("media_job", .replace), ("outbox", .instead), ("outbox_item", .replace),
    ("outbox_wait", .replace), ("posted_notice", .replace), ("saved_link", .replace), ("set_aside", .ignore),
    ("later_media", .ignore), ("transcription", .replace), ("chat_migration", .ignore),
  ]

  /// Reads `source`; `target` is written to outside a transaction, and its words are to be indexed again.
  ///
  /// - Returns: what became of the tables, by their names.
  static func run(_ source: Database, into target: Database) throws -> [String: Count] {
    try target.execute(sql: "PRAGMA foreign_keys = OFF")
    defer { try? target.execute(sql: "PRAGMA foreign_keys = ON") }
    var counts: [String: Count] = [:]
    try target.inTransaction {
      try dropSearch(target)
      for table in tables { counts[table.name] = try copy(table.name, table.merge, source, target) }
      try target.execute(sql: orphans)
      // Ids that were used must not come again, and may be those of rows that are gone.
      if let last = try? Int64.fetchOne(source, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'") {
        try target.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'outbox' AND seq < ?", arguments: [last])
        try target.execute(
          sql: """
            INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox', ?
            WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'outbox')
            """, arguments: [last])
      }
      try target.execute(sql: ArchiveSchema.search)
      return .commit
    }
    return counts
  }

  private static func copy(
    _ table: String, _ merge: Merge, _ source: Database, _ target: Database
  ) throws -> Count {
    let columns = try target.columns(in: table)
    let key = try target.primaryKey(table).columns
    guard var salvage = try TableSalvage(table, wanted: Set(columns.map(\.name)), primaryKey: key, from: source) else {
      return Count(gaps: 1)
    }
    let name = table.quotedDatabaseIdentifier
    // What was posted since the backup is not posted again: the damaged archive's outbox is the newer one, if all of it
    // can be read.
    if merge == .instead, try isReadable(salvage, source) { try target.execute(sql: "DELETE FROM \(name)") }
    let statement = try target.cachedStatement(sql: insert(name, salvage.columns, merge))
    var rows = Count()
    try salvage.run(source) { row in
      guard try isText(row) else {
        rows.gaps += 1
        return
      }
      rows.read += 1
      let changes = target.totalChangesCount
      do {
        try statement.execute(arguments: StatementArguments(row.databaseValues))
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        // Not what such a row can be: it comes from a damaged page.
        return
      }
      if target.totalChangesCount > changes { rows.taken += 1 }
    }
    rows.gaps += salvage.gaps
    return rows
  }

  /// Whether the texts of a row are texts: SQLite notices no damage to the last page of a long one.
  private static func isText(_ row: Row) throws -> Bool {
    try row.databaseValues.enumerated().allSatisfy { index, value in
      guard case .string = value.storage else { return true }
      return try row.withUnsafeData(atIndex: index) { $0.map { String(validating: $0, as: UTF8.self) != nil } ?? true }
    }
  }

  private static func isReadable(_ salvage: TableSalvage, _ source: Database) throws -> Bool {
    var salvage = salvage
    try salvage.run(source) { _ in }
    return salvage.gaps == 0
  }

  private static func insert(_ table: String, _ columns: [String], _ merge: Merge) -> String {
    let names = columns.map(\.quotedDatabaseIdentifier).joined(separator: ", ")
    let values = "(\(names)) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"
    switch merge {
    case .ignore: return "INSERT OR IGNORE INTO \(table) \(values)"
    case .replace, .instead: return "INSERT OR REPLACE INTO \(table) \(values)"
    case .newerMessage:
      let changes = columns.map(\.quotedDatabaseIdentifier).map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
      return """
        INSERT INTO message \(values) ON CONFLICT (chat_id, id) DO UPDATE SET \(changes)
        WHERE excluded.version > message.version OR excluded.version = message.version
          AND excluded.deleted_at IS NOT NULL AND message.deleted_at IS NULL
        """
    }
  }

  private static func dropSearch(_ db: Database) throws {
    let triggers = try String.fetchAll(
      db, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'search!_%' ESCAPE '!'")
    for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(trigger.quotedDatabaseIdentifier)") }
    for table in ["search", "search_entry", "search_backlog"] {
      try db.execute(sql: "DROP TABLE IF EXISTS \(table)")
    }
  }

  /// Rows whose other half could not be read.
  private static let orphans = """
    DELETE FROM message_version
      WHERE NOT EXISTS (SELECT 1 FROM message AS m WHERE m.chat_id = message_version.chat_id AND m.id = message_version.id);
    DELETE FROM outbox_item WHERE NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.id = outbox_item.outbox_id);
    DELETE FROM outbox_wait WHERE NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.id = outbox_wait.outbox_id)
      OR NOT EXISTS (SELECT 1 FROM media_job AS j WHERE j.id = outbox_wait.job_id);
    UPDATE media_job SET buffer_id = NULL, state = CASE WHEN state IN ('buffered', 'preserve') THEN 'fetch' ELSE state END
      WHERE buffer_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM media_file AS f WHERE f.id = media_job.buffer_id);
    UPDATE media_job SET deleted_id = NULL
      WHERE deleted_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM media_file AS f WHERE f.id = media_job.deleted_id);
    """
}
