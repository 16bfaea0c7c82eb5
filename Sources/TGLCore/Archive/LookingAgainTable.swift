import GRDB
import TelegramClient

/// The statements on `comparison` and `history_job`.
enum LookingAgainTable {
  static func apply(_ step: LookingAgain, now: Int64, _ db: Database) throws {
    switch step {
    case .compared(let scope):
      let statement = try db.cachedStatement(
        sql: """
          INSERT INTO comparison (scope, compared_at) VALUES (?, ?)
          ON CONFLICT (scope) DO UPDATE SET compared_at = excluded.compared_at
          """)
      try statement.execute(arguments: [scope.column, now])
    case .looked(let scope, let step):
      try FreshnessTable.apply(step, to: scope, now: now, db)
    case .fetched(let id, let count, let below, let isFinished):
      let statement = try db.cachedStatement(
        sql: """
          UPDATE history_job SET fetched = fetched + ?, below_id = ?, finished_at = ? WHERE chat_id = ? AND stop_id = ?
          """)
      try statement.execute(arguments: [count, below, isFinished ? now : nil, id.chat.rawValue, id.stop])
    }
  }

  /// The newest message of a scope, and when it came; one that has been removed for its age counts too.
  static func newest(in scope: MessageScope, _ db: Database) throws -> (id: Int64, receivedAt: Int64)? {
    let statement: Statement
    switch scope {
    case .common:
      statement = try db.cachedStatement(
        sql: """
          SELECT id, received_at FROM message INDEXED BY message_without_chat WHERE chat_id > -1000000000000
          ORDER BY id DESC LIMIT 1
          """)
    case .channel(let channel):
      statement = try db.cachedStatement(
        sql: "SELECT id, received_at FROM message WHERE chat_id = ? ORDER BY id DESC LIMIT 1")
      statement.arguments = [channel.rawValue]
    }
    let stored = try Row.fetchOne(statement).map { (id: $0["id"] as Int64, receivedAt: $0["received_at"] as Int64) }
    let removed = try RetentionTable.newestRemoved(in: scope, db)
    guard let stored, let removed else { return stored ?? removed }
    return stored.id >= removed.id ? stored : removed
  }

  /// Stored messages of a scope that are not deleted, newest first.
  static func stored(
    in scope: MessageScope, below id: Int64?, limit: Int, _ db: Database
  ) throws -> [StoredMessage] {
    let columns = "SELECT chat_id, id, version, edit_date, date, received_at FROM message"
    let order = "AND id < ? AND deleted_at IS NULL ORDER BY id DESC LIMIT ?"
    let statement: Statement
    switch scope {
    case .common:
      statement = try db.cachedStatement(
        sql: "\(columns) INDEXED BY message_without_chat WHERE chat_id > -1000000000000 \(order)")
      statement.arguments = [id ?? .max, limit]
    case .channel(let channel):
      statement = try db.cachedStatement(sql: "\(columns) WHERE chat_id = ? \(order)")
      statement.arguments = [channel.rawValue, id ?? .max, limit]
    }
    let compared = try comparedAt(scope, db) ?? 0
    return try Row.fetchAll(statement).compactMap { row in
      guard let chat = PeerID(rawValue: row["chat_id"]) else { return nil }
      return StoredMessage(
        chat: chat, id: row["id"], version: row["version"], editDate: row["edit_date"], date: row["date"],
        lastSeenAt: max(row["received_at"], compared))
    }
  }

  /// Scopes with messages sent since a time, and when they were last compared.
  static func activity(since: Int64, _ db: Database) throws -> [ScopeActivity] {
    let sql = """
      SELECT CASE WHEN chat_id > -1000000000000 THEN 0 ELSE chat_id END AS scope, max(date) AS newest
      FROM message WHERE date >= ? GROUP BY 1
      """
    return try Row.fetchAll(db, sql: sql, arguments: [since]).compactMap { row in
      guard let scope = MessageScope(column: row["scope"]) else { return nil }
      return ScopeActivity(scope: scope, newest: row["newest"], comparedAt: try comparedAt(scope, db))
    }
  }

  /// Adds a job; one that is there is taken up again when more is wanted than before.
  static func add(_ job: HistoryJob, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO history_job (chat_id, stop_id, below_id, wanted) VALUES (?, ?, ?, ?)
        ON CONFLICT (chat_id, stop_id) DO UPDATE SET wanted = excluded.wanted, finished_at = NULL
        WHERE excluded.wanted > wanted
        """)
    try statement.execute(arguments: [job.id.chat.rawValue, job.id.stop, job.below, job.wanted])
  }

  static func openJobs(limit: Int, _ db: Database) throws -> [HistoryJob] {
    let sql = """
      SELECT * FROM history_job WHERE finished_at IS NULL ORDER BY stop_id DESC, chat_id LIMIT ?
      """
    return try Row.fetchAll(db, sql: sql, arguments: [limit]).compactMap { row in
      guard let chat = PeerID(rawValue: row["chat_id"]) else { return nil }
      return HistoryJob(
        id: HistoryJob.ID(chat: chat, stop: row["stop_id"]), below: row["below_id"], wanted: row["wanted"],
        fetched: row["fetched"])
    }
  }

  private static func comparedAt(_ scope: MessageScope, _ db: Database) throws -> Int64? {
    let statement = try db.cachedStatement(sql: "SELECT compared_at FROM comparison WHERE scope = ?")
    return try Int64.fetchOne(statement, arguments: [scope.column])
  }
}

extension MessageScope {
  /// As the column `scope` has it.
  var column: Int64 {
    switch self {
    case .common: 0
    case .channel(let id): id.rawValue
    }
  }

  init?(column: Int64) {
    if column == 0 {
      self = .common
    } else {
      guard let id = PeerID(rawValue: column), id.kind == .channel else { return nil }
      self = .channel(id)
    }
  }
}
