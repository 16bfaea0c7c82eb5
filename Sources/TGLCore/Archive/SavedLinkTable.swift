import GRDB

/// A link whose message is to be saved.
struct SavedLink: Sendable, Hashable, Identifiable {
  var id: Int64
  /// The message of the log chat it stands in.
  var message: Int64
  /// Which of that message's links.
  var position: Int
  var link: String
  var attempts: Int
  var notBefore: Int64
}

/// The statements on `saved_link`.
enum SavedLinkTable {
  /// Adds the links of a message; those it had before stay as they are.
  /// - Returns: how many are new.
  static func add(_ links: [String], of message: Int64, now: Int64, _ db: Database) throws -> Int {
    let statement = try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO saved_link (message_id, position, link, created_at) VALUES (?, ?, ?, ?)")
    var added = 0
    for (position, link) in links.enumerated() {
      try statement.execute(arguments: [message, position, link, now])
      added += db.changesCount
    }
    return added
  }

  static func next(now: Int64, _ db: Database) throws -> SavedLink? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT * FROM saved_link WHERE done_at IS NULL ORDER BY iif(not_before > ?, 0, not_before), id LIMIT 1
        """)
    return try Row.fetchOne(statement, arguments: [StoredDeadline.latest(now: now)]).map { row in
      SavedLink(
        id: row["id"], message: row["message_id"], position: row["position"], link: row["link"],
        attempts: row["attempts"], notBefore: row["not_before"])
    }
  }

  static func finish(_ id: SavedLink.ID, now: Int64, _ db: Database) throws {
    try db.execute(sql: "UPDATE saved_link SET done_at = ?, last_error = NULL WHERE id = ?", arguments: [now, id])
  }

  static func postpone(_ id: SavedLink.ID, until: Int64, reason: String, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE saved_link SET not_before = ?, attempts = attempts + 1, last_error = ? WHERE id = ?",
      arguments: [until, reason, id])
  }
}
