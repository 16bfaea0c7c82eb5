import Foundation
import GRDB
import TelegramClient

/// The statements on `unknown_update`: updates without typed Swift, for a version that can read them.
enum UnknownUpdateTable {
  /// Rows; older ones are forgotten.
  static let maximumCount: Int64 = 10_000
  /// Bytes of all rows; counted at every `step`th, so that for a while there may be `step` more of them.
  static let maximumBytes: Int64 = 16 << 20
  static let step: Int64 = 64

  /// A server that speaks another layer does not fill the disk: only the newest are kept.
  static func keep(_ raw: Data, chat: PeerID?, layer: Int64, now: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO unknown_update (received_at, layer, raw, chat_id) VALUES (?, ?, ?, ?)")
    try statement.run(now, layer, raw, chat?.rawValue)
    let last = db.lastInsertedRowID
    let forget = try db.cachedStatement(sql: "DELETE FROM unknown_update WHERE id <= ?")
    try forget.run(last - maximumCount)
    guard last % step == 0 else { return }
    let tooMany = try db.cachedStatement(
      sql: """
        SELECT id FROM (SELECT id, sum(length(raw)) OVER (ORDER BY id DESC) AS bytes FROM unknown_update)
        WHERE bytes > ? ORDER BY id DESC LIMIT 1
        """)
    if let id = try tooMany.first(maximumBytes, read: { $0[0] as Int64 }) { try forget.run(id) }
  }

  /// Removes what has been kept as long as the messages of its chat; what names no chat counts as of a group.
  static func remove(_ plan: RetentionPlan, _ db: Database) throws -> Int {
    let chats = try (Int64?).fetchAll(db, sql: "SELECT DISTINCT chat_id FROM unknown_update")
    var removed = 0
    for raw in chats {
      let chat = raw.flatMap(PeerID.init(rawValue:))
      let cutoff =
        if let chat { plan.cutoff(of: chat, try RetentionTable.type(of: chat, db)) } else {
          plan.chats == nil ? plan.messages[.group] : nil
        }
      guard let cutoff else { continue }
      let statement = try db.cachedStatement(
        sql: "DELETE FROM unknown_update WHERE chat_id IS ? AND received_at < ?")
      try statement.run(raw, cutoff)
      removed += db.changesCount
    }
    return removed
  }

  /// How much is kept.
  static func space(_ db: Database) throws -> (rows: Int, bytes: Int) {
    let statement = try db.cachedStatement(sql: "SELECT count(*), ifnull(sum(length(raw)), 0) FROM unknown_update")
    return try statement.first { ($0[0], $0[1]) } ?? (0, 0)
  }
}
