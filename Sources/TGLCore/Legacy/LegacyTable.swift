import Foundation
import GRDB

/// The Python service's table: `messages` of `db/messages.db`, as SQLAlchemy made it.
enum LegacyTable {
  /// Bytes; more is no medium.
  static let largestMedium = 16 << 20

  /// Whether the database is the Python service's and not ours.
  static func isIn(_ db: Database) throws -> Bool {
    guard try db.tableExists("messages"), try !db.tableExists("message") else { return false }
    return try Set(["id", "chat_id"]).isSubset(of: db.columns(in: "messages").map(\.name))
  }

  static func count(_ db: Database) throws -> Int {
    try Int.fetchOne(db, sql: "SELECT count(*) FROM messages") ?? 0
  }

  static func counts(_ db: Database) throws -> ArchiveStatus.Counts {
    func time(_ sql: String) throws -> Int64? {
      try DatabaseValue.fetchOne(db, sql: sql).flatMap(LegacyRow.time)
    }
    let columns = try columns(db)
    let dated = columns.contains("created_at")
    return ArchiveStatus.Counts(
      messages: try count(db),
      chats: try Int.fetchOne(db, sql: "SELECT count(DISTINCT chat_id) FROM messages") ?? 0,
      media: columns.contains("media")
        ? try Int.fetchOne(db, sql: "SELECT count(*) FROM messages WHERE media IS NOT NULL") ?? 0 : 0,
      oldest: dated ? try time("SELECT min(created_at) FROM messages") : nil,
      newest: dated ? try time("SELECT max(created_at) FROM messages") : nil)
  }

  /// All rows, one at a time; columns an older service did not have are NULL.
  static func rows(_ db: Database) throws -> RowCursor {
    let there = try columns(db)
    func column(_ name: String) -> String { there.contains(name) ? name : "NULL" }
    // As bytes, since a text may hold a NUL, and need not be UTF-8.
    return try Row.fetchCursor(
      db,
      sql: """
        SELECT id, chat_id, \(column("from_id")), \(column("type")), CAST(\(column("msg_text")) AS BLOB),
          iif(length(\(column("media"))) <= \(largestMedium), CAST(\(column("media")) AS BLOB), NULL),
          length(\(column("media"))), \(column("noforwards")), \(column("self_destructing")), \(column("created_at")),
          \(column("edited_at"))
        FROM messages
        """)
  }

  private static func columns(_ db: Database) throws -> Set<String> {
    Set(try db.columns(in: "messages").map(\.name))
  }
}

/// One row of it, with whatever its columns hold.
struct LegacyRow {
  var id: Int64?
  var chatID: Int64?
  var senderID: Int64?
  var type: Int64
  var text: String
  var media: Data?
  /// Bytes of the medium, also when it is too large to be read.
  var mediaSize: Int64
  var noforwards: Bool
  var isSelfDestructing: Bool
  var createdAt: Int64?
  var editedAt: Int64?

  init(_ row: Row) {
    func value(_ index: Int) -> DatabaseValue { row[index] }
    func number(_ index: Int) -> Int64? { Int64.fromDatabaseValue(value(index)) }
    id = number(0)
    chatID = number(1)
    senderID = number(2)
    type = number(3) ?? 0
    text = Data.fromDatabaseValue(value(4)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    media = Data.fromDatabaseValue(value(5))
    mediaSize = number(6) ?? 0
    noforwards = number(7) ?? 0 != 0
    isSelfDestructing = number(8) ?? 0 != 0
    createdAt = Self.time(value(9))
    editedAt = Self.time(value(10))
  }

  /// `2026-11-23 10:11:12.345678`, in UTC; also with a T, without a fraction, and as a number of seconds.
  ///
  /// Source: SQLAlchemy's `DateTime` for SQLite, `sqlalchemy/dialects/sqlite/base.py`.
  static func time(_ value: DatabaseValue) -> Int64? {
    switch value.storage {
    case .int64(let seconds): return seconds > 0 ? seconds : nil
    case .double(let seconds): return seconds > 0 ? Int64(exactly: seconds.rounded(.down)) : nil
    case .null, .blob: return nil
    case .string(let text):
      let bytes = Array(text.utf8)
      func number(_ range: Range<Int>) -> Int64? {
        guard range.upperBound <= bytes.count else { return nil }
        var number: Int64 = 0
        for byte in bytes[range] {
          guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
          number = number * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return number
      }
      guard bytes.count >= 19, let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
        let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
        hour < 24, minute < 60, second < 60, let days = CivilDate.days(year, month, day)
      else { return nil }
      return days * 86_400 + hour * 3600 + minute * 60 + second
    }
  }
}
