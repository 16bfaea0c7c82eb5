import Foundation
import GRDB

/// The statements on `outbox` and `outbox_item`.
///
/// A row is deleted when all of it is sent: what was told is in the log chat, and what it told of in `message`.
enum OutboxTable {
  @discardableResult
  static func add(_ payload: OutboxPayload, randomID: Int64, now: Int64, _ db: Database) throws -> Int64 {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO outbox (kind, created_at, payload, random_id) VALUES (?, ?, ?, ?)")
    try statement.run(payload.kind, now, try encode(payload), randomID)
    return db.lastInsertedRowID
  }

  static func setPayload(_ payload: OutboxPayload, randomID: Int64, of id: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "UPDATE outbox SET payload = ?, random_id = ? WHERE id = ?")
    try statement.execute(arguments: [try encode(payload), randomID, id])
  }

  static func addItem(_ notice: Notice, at position: Int, of id: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO outbox_item (outbox_id, position, payload) VALUES (?, ?, ?)")
    try statement.execute(arguments: [id, position, try ArchiveJSON.encode(notice)])
  }

  static let selection = """
    SELECT id, kind, created_at, payload, random_id, state, not_before, attempts, last_error, posts, sent_parts FROM outbox
    """

  /// The oldest pending rows, whether they are due or not: each waits for those before it.
  ///
  /// Rows that wait for files are passed over: a large file must not hold up what comes behind.
  static func pending(limit: Int, _ db: Database) throws -> [OutboxRow] {
    let statement = try db.cachedStatement(
      sql: """
        \(selection) WHERE state = 'pending'
        AND NOT EXISTS (SELECT 1 FROM outbox_wait WHERE outbox_id = outbox.id) ORDER BY id LIMIT ?
        """)
    var rows: [OutboxRow] = []
    try statement.forEach(limit) { rows.append(row($0)) }
    return rows
  }

  /// The parked row that is due first; those put off further than anything is come before the others.
  static func firstParked(now: Int64, _ db: Database) throws -> OutboxRow? {
    let latest = StoredDeadline.latest(now: now, longest: OutboxScheduler.longestWait + 1)
    let late = try db.cachedStatement(
      sql: "\(selection) WHERE state = 'parked' AND not_before > ? ORDER BY not_before, id LIMIT 1")
    if let row = try late.first(latest, read: row) { return row }
    let statement = try db.cachedStatement(
      sql: "\(selection) WHERE state = 'parked' ORDER BY not_before, id LIMIT 1")
    return try statement.first(read: row)
  }

  static func remove(_ id: OutboxRow.ID, _ db: Database) throws {
    try db.cachedStatement(sql: "DELETE FROM outbox WHERE id = ?").run(id)
  }

  static func apply(_ change: OutboxChange, to id: Int64, _ db: Database) throws {
    switch change {
    case .rendered(let posts):
      let statement = try db.cachedStatement(sql: "UPDATE outbox SET posts = ? WHERE id = ? AND posts IS NULL")
      try statement.execute(arguments: [try ArchiveJSON.encode(posts), id])
    case .sentParts(let count):
      let statement = try db.cachedStatement(sql: "UPDATE outbox SET sent_parts = ? WHERE id = ?")
      try statement.execute(arguments: [count, id])
    case .postponed(let state, let until, let attempts, let error):
      let statement = try db.cachedStatement(
        sql: "UPDATE outbox SET state = ?, not_before = ?, attempts = ?, last_error = ? WHERE id = ?")
      try statement.execute(arguments: [state.rawValue, until, attempts, error, id])
    }
  }

  private static func encode(_ payload: OutboxPayload) throws -> String {
    switch payload {
    case .message(let notice): try ArchiveJSON.encode(notice)
    case .digest(let notice): try ArchiveJSON.encode(notice)
    case .note(let note): try ArchiveJSON.encode(note)
    case .unreadable(let kind, let reason): throw ArchiveJSON.Unreadable(detail: "\(kind): \(reason)")
    }
  }

  private static func decode(_ payload: String, kind: String) -> OutboxPayload {
    do {
      if kind == "digest" { return .digest(try ArchiveJSON.decode(DigestNotice.self, from: payload)) }
      if kind == "note" { return .note(try ArchiveJSON.decode(LogNote.self, from: payload)) }
      return .message(try ArchiveJSON.decode(Notice.self, from: payload))
    } catch {
      return .unreadable(kind: kind, reason: "\(error)")
    }
  }

  /// A row of `selection`.
  static func row(_ row: SQLiteRow) -> OutboxRow {
    let kind: String = row[1]
    var outbox = OutboxRow(
      id: row[0], payload: decode(row[3], kind: kind), randomID: row[4], createdAt: row[2])
    outbox.state = OutboxRow.State(rawValue: row[5]) ?? .pending
    outbox.notBefore = row[6]
    outbox.attempts = row[7]
    outbox.lastError = row[8]
    outbox.sentParts = max(row[10], 0)
    if let posts = row[9] as String? {
      do {
        outbox.posts = try ArchiveJSON.decode([Post].self, from: posts)
      } catch {
        outbox.payload = .unreadable(kind: kind, reason: "\(error)")
      }
    }
    return outbox
  }
}
