import GRDB
import TelegramClient

/// A chat with messages, and what it is.
struct RetainedChat: Sendable, Hashable {
  var id: PeerID
  var type: RetentionType
}

struct MessageKey: Sendable, Hashable {
  var chat: Int64
  var id: Int64
}

extension MessageRecord {
  var key: MessageKey { MessageKey(chat: chat.rawValue, id: id) }
}

/// A message that is old enough to go.
struct ExpiredMessage: Sendable, Hashable {
  var key: MessageKey
  var receivedAt: Int64
  /// Earlier versions.
  var versions: Int
  /// Of its content, and that of its versions.
  var bytes: Int64
  var isNeeded: Bool
}

/// Messages that outbox rows speak of; rows that come later are added.
struct NeededMessages: Sendable {
  private(set) var keys: Set<MessageKey> = []
  private var lastRow: Int64 = 0

  func contains(_ key: MessageKey) -> Bool { keys.contains(key) }

  mutating func refresh(_ db: Database) throws {
    let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM outbox")) ?? 0
    // A digest takes more in until it is posted.
    let open = "SELECT id FROM outbox WHERE state = 'pending' AND kind = 'digest' AND begun = 0"
    let hasOpen = try Bool.fetchOne(db.cachedStatement(sql: "SELECT EXISTS (\(open))")) ?? false
    guard last > lastRow || hasOpen else { return }
    // Ids are never used again, so that what comes later has greater ones.
    for table in [
      "SELECT payload FROM outbox WHERE id > ?1",
      "SELECT payload FROM outbox_item WHERE outbox_id > ?1 OR outbox_id IN (\(open))",
    ] {
      let statement = try db.cachedStatement(
        sql: """
          SELECT json_extract(payload, '$.chat.id') AS chat, json_extract(payload, '$.messageID') AS id,
            json_extract(payload, '$.album') AS album
          FROM (\(table)) WHERE json_valid(payload)
          """)
      let rows = try Row.fetchCursor(statement, arguments: [lastRow])
      while let row = try rows.next() {
        guard let chat = row["chat"] as Int64?, let id = row["id"] as Int64? else { continue }
        keys.insert(MessageKey(chat: chat, id: id))
        guard let album = row["album"] as String? else { continue }
        for id in (try? ArchiveJSON.decode([Int64].self, from: album)) ?? [] {
          keys.insert(MessageKey(chat: chat, id: id))
        }
      }
    }
    lastRow = last
  }
}

/// The statements that find and remove what has been kept long enough.
enum RetentionTable {
  /// All chats with messages.
  ///
  /// Goes from one to the next through the primary key, past their messages.
  static func chats(_ db: Database) throws -> [RetainedChat] {
    let sql = """
      WITH RECURSIVE chat (id) AS (
        SELECT min(chat_id) FROM message UNION ALL
        SELECT (SELECT min(chat_id) FROM message WHERE chat_id > chat.id) FROM chat WHERE chat.id IS NOT NULL)
      SELECT chat.id, peer.type FROM chat LEFT JOIN peer ON peer.id = chat.id WHERE chat.id IS NOT NULL
      """
    return try Row.fetchAll(db, sql: sql).compactMap { row in
      guard let id = PeerID(rawValue: row["id"]) else { return nil }
      return RetainedChat(id: id, type: RetentionType((row["type"] as String?).flatMap(PeerType.init(rawValue:))))
    }
  }

  /// Seconds for which a machine's clock is believed without a word from Telegram.
  static let longestSilence: Int64 = 30 * 86_400

  /// 2013-08-14: Telegram has told of no time before there was a Telegram.
  private static let telegramsBeginning: Int64 = 1_376_438_400

  /// The last time that Telegram told: of its updates, and of messages; nil in an archive without either.
  static func lastKnownTime(_ db: Database) throws -> Int64? {
    let sql = "SELECT max(ifnull((SELECT max(date) FROM update_state), 0), ifnull((SELECT max(date) FROM message), 0))"
    return try Int64.fetchOne(db, sql: sql).flatMap { $0 > telegramsBeginning ? $0 : nil }
  }

  static func type(of chat: PeerID, _ db: Database) throws -> RetentionType {
    RetentionType(try PeerTable.find(chat, db)?.type)
  }

  /// Scopes with a window that was not seen and is still to be looked through.
  static func heldScopes(now: Int64, _ db: Database) throws -> Set<MessageScope> {
    Set(try FreshnessTable.open(db).filter { $0.value.holdsBack(now: now) }.map(\.scope))
  }

  /// Messages of a chat received before a time, in the order they were received, behind those seen already.
  ///
  /// - Parameter deletedBefore: those that are deleted only when it was then or before; nil for none of them.
  static func expired(
    in chat: PeerID, before cutoff: Int64, deletedBefore: Int64?, after: (receivedAt: Int64, id: Int64), limit: Int,
    _ db: Database
  ) throws -> [ExpiredMessage] {
    func size(_ columns: [String]) -> String {
      columns.map { "ifnull(length(CAST(\($0) AS BLOB)), 0)" }.joined(separator: " + ")
    }
    let statement = try db.cachedStatement(
      sql: """
        SELECT id, received_at, \(size(["text", "entities", "forward"]))
            + ifnull(length(media), 0) + ifnull(length(action), 0) + ifnull(length(rich), 0) AS bytes,
          version > 1 AND EXISTS (SELECT 1 FROM message_version AS v WHERE v.chat_id = m.chat_id AND v.id = m.id)
            AS is_edited, \(isAwaited) AS is_awaited
        FROM message AS m INDEXED BY message_by_receipt
        WHERE chat_id = ?1 AND received_at < ?2 AND (received_at, id) > (?3, ?4) AND (deleted_at IS NULL OR deleted_at <= ?5)
        ORDER BY received_at, id LIMIT ?6
        """)
    let rows = try Row.fetchAll(
      statement, arguments: [chat.rawValue, cutoff, after.receivedAt, after.id, deletedBefore, limit])
    return try rows.map { row in
      var message = ExpiredMessage(
        key: MessageKey(chat: chat.rawValue, id: row["id"]), receivedAt: row["received_at"], versions: 0,
        bytes: row["bytes"], isNeeded: row["is_awaited"])
      if row["is_edited"] {
        let versions = try db.cachedStatement(
          sql: """
            SELECT count(*) AS count, total(\(size(["text", "entities"])) + ifnull(length(media), 0)
              + ifnull(length(rich), 0)) AS bytes FROM message_version WHERE chat_id = ? AND id = ?
            """)
        let row = try Row.fetchOne(versions, arguments: [message.key.chat, message.key.id])
        message.versions = row?["count"] ?? 0
        message.bytes += Int64(row?["bytes"] as Double? ?? 0)
      }
      return message
    }
  }

  /// Whether a file of a message that has vanished is still being fetched or copied.
  private static let isAwaited = """
    EXISTS (SELECT 1 FROM media_job AS j WHERE j.chat_id = m.chat_id AND j.message_id = m.id AND j.is_deleted
      AND j.state IN ('fetch', 'preserve'))
    """

  /// Removes messages with their versions and media jobs, as far as they are still to go; says which did.
  static func remove(
    _ messages: some Sequence<ExpiredMessage>, deletedBefore: Int64?, _ db: Database
  ) throws -> Set<MessageKey> {
    var search = SearchRemovals()
    let gone = try messages.filter { message in
      let statement = try db.cachedStatement(
        sql: """
          SELECT 1 FROM message AS m WHERE chat_id = ?1 AND id = ?2 AND received_at = ?3
          AND (deleted_at IS NULL OR deleted_at <= ?4) AND NOT \(isAwaited)
          """)
      let isToGo = try statement.first(message.key.chat, message.key.id, message.receivedAt, deletedBefore) { _ in true
      }
      guard isToGo != nil else { return false }
      try search.add(message.key, db)
      return true
    }
    try search.write(db)
    let statement = try db.cachedStatement(sql: "DELETE FROM message WHERE chat_id = ? AND id = ?")
    let jobs = try db.cachedStatement(sql: "DELETE FROM media_job WHERE chat_id = ? AND message_id = ?")
    for message in gone {
      try statement.run(message.key.chat, message.key.id)
      try jobs.run(message.key.chat, message.key.id)
    }
    try noteNewest(of: gone, db)
    return Set(gone.map(\.key))
  }

  private static func noteNewest(of gone: [ExpiredMessage], _ db: Database) throws {
    var newest: [Int64: ExpiredMessage] = [:]
    for message in gone {
      let scope = PeerID(rawValue: message.key.chat).map { MessageScope(of: $0).column } ?? message.key.chat
      if let known = newest[scope], known.key.id >= message.key.id { continue }
      newest[scope] = message
    }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO newest_seen (scope, id, received_at) VALUES (?, ?, ?)
        ON CONFLICT (scope) DO UPDATE SET id = excluded.id, received_at = excluded.received_at WHERE excluded.id > id
        """)
    for (scope, message) in newest {
      try statement.execute(arguments: [scope, message.key.id, message.receivedAt])
    }
  }

  static func newestRemoved(in scope: MessageScope, _ db: Database) throws -> (id: Int64, receivedAt: Int64)? {
    let statement = try db.cachedStatement(sql: "SELECT id, received_at FROM newest_seen WHERE scope = ?")
    return try Row.fetchOne(statement, arguments: [scope.column]).map { (id: $0["id"], receivedAt: $0["received_at"]) }
  }
}
