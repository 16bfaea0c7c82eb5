import Foundation
import GRDB
import Metrics
import TelegramClient

/// The statements on `set_aside`.
enum SetAsideTable {
  /// Adds an object, or notes that the one that is there has failed again; its bytes stay when there are no newer ones.
  ///
  /// - Returns: whether it was not there before.
  @discardableResult
  static func add(_ object: SetAside, _ db: Database) throws -> Bool {
    // A scope's updates are one thing, wherever they stand.
    if object.kind == .updates, let pts = object.pts {
      let move = try db.cachedStatement(sql: "UPDATE set_aside SET pts = ? WHERE kind = 'updates' AND scope = ?")
      try move.execute(arguments: [pts, object.scope.column])
    }
    let isNew = try id(of: object, db) == nil
    let raw = object.raw.flatMap { $0.count <= SetAside.maximumBytes ? $0 : nil }
    if object.raw != nil, raw == nil { Self.dropped.increment() }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO set_aside (kind, scope, chat_id, message_id, pts, reason, since, look_again_at, layer, raw)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (kind, scope, chat_id, message_id, pts) DO UPDATE SET reason = excluded.reason,
          look_again_at = excluded.look_again_at, layer = excluded.layer, attempts = attempts + 1,
          raw = coalesce(excluded.raw, raw)
        """)
    try statement.execute(
      arguments: [
        object.kind.rawValue, object.scope.column, object.chat?.rawValue ?? 0, object.message ?? 0, object.pts ?? 0,
        String(decoding: object.reason.utf8.prefix(SetAside.maximumReason), as: UTF8.self), object.since,
        object.lookAgainAt, object.layer, raw,
      ])
    if isNew { try keepWithinBounds(db) }
    return isNew
  }

  /// What is due: its time has come, or it was last looked at with an earlier layer than `layer`.
  static func due(_ kind: SetAside.Kind, now: Int64, layer: Int64, limit: Int, _ db: Database) throws -> [SetAside] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT * FROM set_aside WHERE kind = ? AND (look_again_at <= ? OR look_again_at > ? OR layer < ?)
        ORDER BY id LIMIT ?
        """)
    // A time further ahead than anything rests was written by a clock that was wrong.
    return try Row.fetchAll(
      statement, arguments: [kind.rawValue, now, now.addingReportingOverflow(SetAside.rest).partialValue, layer, limit]
    ).compactMap(object)
  }

  static func all(_ kind: SetAside.Kind, limit: Int, _ db: Database) throws -> [SetAside] {
    let statement = try db.cachedStatement(sql: "SELECT * FROM set_aside WHERE kind = ? ORDER BY id LIMIT ?")
    return try Row.fetchAll(statement, arguments: [kind.rawValue, limit]).compactMap(object)
  }

  static func clear(_ object: SetAside, _ db: Database) throws {
    guard let id = try id(of: object, db) else { return }
    try db.execute(sql: "DELETE FROM set_aside WHERE id = ?", arguments: [id])
  }

  static func clear(_ kind: SetAside.Kind, in scope: MessageScope, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "DELETE FROM set_aside WHERE kind = ? AND scope = ?")
    try statement.execute(arguments: [kind.rawValue, scope.column])
  }

  /// At most `SetAside.maximumRows` rows are read for it.
  static func summary(_ db: Database) throws -> SetAsideSummary {
    var summary = SetAsideSummary()
    let counts = try db.cachedStatement(
      sql: "SELECT kind, count(*) AS rows, coalesce(sum(length(raw)), 0) AS bytes FROM set_aside GROUP BY kind")
    for row in try Row.fetchAll(counts) {
      guard let kind = SetAside.Kind(rawValue: row["kind"]) else { continue }
      summary.counts[kind] = row["rows"]
      summary.bytes += row["bytes"]
    }
    guard summary.total > 0 else { return summary }
    let newest = try db.cachedStatement(
      sql: """
        SELECT kind, scope, coalesce(nullif(chat_id, 0), nullif(scope, 0)) AS chat, reason,
          (SELECT coalesce(title, trim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))) FROM peer
            WHERE peer.id = coalesce(nullif(set_aside.chat_id, 0), set_aside.scope)) AS title
        FROM set_aside ORDER BY id DESC LIMIT ?
        """)
    summary.entries = try Row.fetchAll(newest, arguments: [SetAsideSummary.named]).compactMap { row in
      guard let kind = SetAside.Kind(rawValue: row["kind"]) else { return nil }
      let title: String? = row["title"]
      return SetAsideSummary.Entry(
        kind: kind, scope: MessageScope(column: row["scope"]) ?? .common,
        chat: (row["chat"] as Int64?).flatMap(PeerID.init(rawValue:)), title: title?.isEmpty == true ? nil : title,
        reason: row["reason"])
    }
    return summary
  }

  /// How many objects of a chat could not be read.
  static func unreadable(in chat: PeerID, _ db: Database) throws -> Int {
    let statement = try db.cachedStatement(
      sql: "SELECT count(*) FROM set_aside WHERE kind = 'object' AND coalesce(nullif(chat_id, 0), scope) = ?")
    return try Int.fetchOne(statement, arguments: [chat.rawValue]) ?? 0
  }

  // MARK: Bounds

  private static let dropped = Counter(label: "tgl_set_aside_dropped_total")

  /// Lets the oldest rows go, and the bytes of the oldest rows, past what is kept.
  private static func keepWithinBounds(_ db: Database) throws {
    let rows = try Int.fetchOne(db.cachedStatement(sql: "SELECT count(*) FROM set_aside")) ?? 0
    if rows > SetAside.maximumRows {
      try db.execute(
        sql: "DELETE FROM set_aside WHERE id IN (SELECT id FROM set_aside ORDER BY id LIMIT ?)",
        arguments: [rows - SetAside.maximumRows])
      dropped.increment(by: db.changesCount)
    }
    var bytes = try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(sum(length(raw)), 0) FROM set_aside")) ?? 0
    guard bytes > SetAside.maximumTotalBytes else { return }
    let oldest = try Row.fetchAll(
      db, sql: "SELECT id, length(raw) AS bytes FROM set_aside WHERE raw IS NOT NULL ORDER BY id")
    for row in oldest where bytes > SetAside.maximumTotalBytes {
      let (id, size): (Int64, Int64) = (row["id"], row["bytes"])
      try db.execute(sql: "UPDATE set_aside SET raw = NULL WHERE id = ?", arguments: [id])
      bytes -= size
      dropped.increment()
    }
  }

  // MARK: Rows

  private static func id(of object: SetAside, _ db: Database) throws -> Int64? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT id FROM set_aside WHERE kind = ? AND scope = ? AND chat_id = ? AND message_id = ? AND pts = ?
        """)
    return try Int64.fetchOne(
      statement,
      arguments: [
        object.kind.rawValue, object.scope.column, object.chat?.rawValue ?? 0, object.message ?? 0, object.pts ?? 0,
      ])
  }

  /// Nil for a kind that only a later version knows.
  private static func object(_ row: Row) -> SetAside? {
    guard let kind = SetAside.Kind(rawValue: row["kind"]), let scope = MessageScope(column: row["scope"]) else {
      return nil
    }
    let (chat, message, pts): (Int64, Int64, Int64) = (row["chat_id"], row["message_id"], row["pts"])
    var object = SetAside(
      kind: kind, scope: scope, chat: chat == 0 ? nil : PeerID(rawValue: chat), message: message == 0 ? nil : message,
      pts: pts == 0 ? nil : Int32(clamping: pts), reason: row["reason"], now: row["since"], layer: row["layer"],
      raw: row["raw"])
    object.lookAgainAt = row["look_again_at"]
    object.attempts = Int(clamping: row["attempts"] as Int64)
    return object
  }
}
