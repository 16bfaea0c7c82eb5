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
    try statement.execute(arguments: [payload.kind, now, try encode(payload), randomID])
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

  /// The oldest pending row, whether it is due or not: the later ones wait for it.
  ///
  /// Rows that wait for files are passed over: a large file must not hold up what comes behind.
  static func firstPending(_ db: Database) throws -> OutboxRow? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT * FROM outbox WHERE state = 'pending'
        AND NOT EXISTS (SELECT 1 FROM outbox_wait WHERE outbox_id = outbox.id) ORDER BY id LIMIT 1
        """)
    return try Row.fetchOne(statement).map(row)
  }

  /// The parked row that is due first.
  static func firstParked(_ db: Database) throws -> OutboxRow? {
    let statement = try db.cachedStatement(
      sql: "SELECT * FROM outbox WHERE state = 'parked' ORDER BY not_before, id LIMIT 1")
    return try Row.fetchOne(statement).map(row)
  }

  static func apply(_ change: OutboxChange, to id: Int64, _ db: Database) throws {
    switch change {
    case .rendered(let posts):
      let statement = try db.cachedStatement(sql: "UPDATE outbox SET posts = ? WHERE id = ? AND posts IS NULL")
      try statement.execute(arguments: [try ArchiveJSON.encode(posts), id])
    case .sentParts(let count):
      let statement = try db.cachedStatement(sql: "UPDATE outbox SET sent_parts = ? WHERE id = ?")
      try statement.execute(arguments: [count, id])
    case .done:
      let statement = try db.cachedStatement(sql: "DELETE FROM outbox WHERE id = ?")
      try statement.execute(arguments: [id])
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

  static func row(_ row: Row) -> OutboxRow {
    var outbox = OutboxRow(
      id: row["id"], payload: decode(row["payload"], kind: row["kind"]), randomID: row["random_id"],
      createdAt: row["created_at"])
    outbox.state = OutboxRow.State(rawValue: row["state"]) ?? .pending
    outbox.notBefore = row["not_before"]
    outbox.attempts = row["attempts"]
    outbox.lastError = row["last_error"]
    outbox.sentParts = max(row["sent_parts"], 0)
    if let posts = row["posts"] as String? {
      do {
        outbox.posts = try ArchiveJSON.decode([Post].self, from: posts)
      } catch {
        outbox.payload = .unreadable(kind: row["kind"], reason: "\(error)")
      }
    }
    return outbox
  }
}
