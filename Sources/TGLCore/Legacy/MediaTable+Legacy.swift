import Foundation
import GRDB
import TL
import TelegramClient

extension MediaTable {
  static func isKnown(_ place: StoredFile.Place, named name: String, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(sql: "SELECT 1 FROM media_file WHERE place = ? AND name = ?")
    return try Int.fetchOne(statement, arguments: [place.rawValue, name]) != nil
  }

  /// Notes a file that is there already.
  static func adopt(
    _ place: StoredFile.Place, name: String, size: Int64, sha256: Data, isEncrypted: Bool, createdAt: Int64,
    _ db: Database
  ) throws -> StoredFile.ID {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO media_file (place, name, size, sha256, encrypted, created_at) VALUES (?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(arguments: [place.rawValue, name, size, sha256, isEncrypted, createdAt])
    return db.lastInsertedRowID
  }

  /// Makes it the file of a message's medium; one that has its file already keeps that.
  static func adopt(
    _ file: StoredFile.ID, place: StoredFile.Place, as medium: MediaFile, of message: MessageRecord, now: Int64,
    _ db: Database
  ) throws {
    let isRecovered = place == .deleted
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO media_job (chat_id, message_id, medium_id, position, kind, size, layer, media, state, is_deleted,
          priority, created_at, buffer_id, deleted_id)
        VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)
        ON CONFLICT (chat_id, message_id, medium_id) DO UPDATE SET
          buffer_id = coalesce(buffer_id, excluded.buffer_id), deleted_id = coalesce(deleted_id, excluded.deleted_id),
          is_deleted = max(is_deleted, excluded.is_deleted),
          state = iif(coalesce(deleted_id, excluded.deleted_id) IS NOT NULL, 'kept',
            iif(state IN ('failed', 'skipped', 'fetch'), excluded.state, state))
        """)
    try statement.execute(
      arguments: [
        message.chat.rawValue, message.id, medium.mediumID, medium.position, message.media?.kind.rawValue ?? "",
        medium.size, Int64(API.layer), message.media?.raw ?? Data(),
        (isRecovered ? MediaState.recovered : .buffered).column,
        isRecovered, MediaPriority.buffered.rawValue, now, isRecovered ? nil : file, isRecovered ? file : nil,
      ])
  }
}
