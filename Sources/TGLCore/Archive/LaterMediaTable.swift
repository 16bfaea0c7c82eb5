import GRDB
import TelegramClient

extension MediaKind {
  /// Whether there may be words of it.
  var isSpoken: Bool { self == .voice || self == .videoNote }
}

/// The statements on `later_media` and `transcription`: what is added to messages without an edit.
enum LaterMediaTable {
  /// How many rows of `later_media` are kept, the newest: a preview is loaded within seconds.
  static let maximumCount: Int64 = 20_000

  /// Notes by which id a later update may name the media of a message.
  static func note(_ medium: Int64, of message: MessageRecord, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT OR REPLACE INTO later_media (medium_id, chat_id, message_id) VALUES (?, ?, ?)")
    try statement.run(medium, message.chat.rawValue, message.id)
    let forget = try db.cachedStatement(sql: "DELETE FROM later_media WHERE id <= ?")
    try forget.run(db.lastInsertedRowID - maximumCount)
  }

  /// The messages with a medium, as far as they are noted.
  static func messages(with medium: Int64, _ db: Database) throws -> [MessageTable.Stored] {
    var keys: [MessageKey] = []
    let statement = try db.cachedStatement(sql: "SELECT chat_id, message_id FROM later_media WHERE medium_id = ?")
    try statement.forEach(medium) { keys.append(MessageKey(chat: $0[0], id: $0[1])) }
    return try keys.compactMap { key in
      try PeerID(rawValue: key.chat).flatMap { try MessageTable.find(chat: $0, id: key.id, db) }
    }
  }

  /// Keeps what a voice or video message says; a message that is not there has none.
  static func transcribe(chat: PeerID, id: Int64, _ text: String, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO transcription (chat_id, id, text)
        SELECT chat_id, id, ? FROM message WHERE chat_id = ? AND id = ?
        ON CONFLICT (chat_id, id) DO UPDATE SET text = excluded.text
        """)
    try statement.run(text, chat.rawValue, id)
  }

  static func transcription(of key: MessageKey, _ db: Database) throws -> String? {
    let statement = try db.cachedStatement(sql: "SELECT text FROM transcription WHERE chat_id = ? AND id = ?")
    return try statement.first(key.chat, key.id) { $0[0] }
  }
}
