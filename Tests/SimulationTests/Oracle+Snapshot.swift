import GRDB
import MTProto

@testable import TGLCore

extension Oracle {
  struct Row {
    var key: MessageKey
    var versions: [String]
    var isDeleted: Bool
    /// In seconds since 1970.
    var receivedAt: Int64
  }

  struct Gap {
    var channel: Int64?
    var from: Int32
    var to: Int32?
    /// The newest message that was stored before it; 0 for none.
    var lastID: Int64
    var isClosed: Bool
  }

  struct FileJob {
    var key: MessageKey
    var state: String
    var isDeleted: Bool
  }

  /// What is in the archive at the end.
  struct Snapshot {
    var rows: [MessageKey: Row] = [:]
    var gaps: [Gap] = []
    var state: UpdatesState?
    var outbox = 0
    var files: [FileJob] = []

    init(_ db: Database) throws {
      var earlier: [MessageKey: [String]] = [:]
      let versions = try GRDB.Row.fetchCursor(db, sql: "SELECT chat_id, id, text FROM message_version ORDER BY version")
      while let row = try versions.next() {
        earlier[MessageKey(chat: row["chat_id"], id: row["id"]), default: []].append(row["text"])
      }
      let messages = try GRDB.Row.fetchCursor(
        db, sql: "SELECT chat_id, id, text, deleted_at, received_at FROM message")
      while let row = try messages.next() {
        let key = MessageKey(chat: row["chat_id"], id: row["id"])
        rows[key] = Row(
          key: key, versions: earlier[key, default: []] + [row["text"]], isDeleted: row["deleted_at"] as Int64? != nil,
          receivedAt: row["received_at"])
      }
      gaps = try GRDB.Row.fetchAll(db, sql: "SELECT * FROM update_gap ORDER BY id").map { row in
        Gap(
          channel: row["channel_id"], from: row["from_pts"], to: row["to_pts"], lastID: row["last_id"],
          isClosed: row["reconciled_at"] as Int64? != nil)
      }
      files = try GRDB.Row.fetchAll(db, sql: "SELECT chat_id, message_id, state, is_deleted FROM media_job ORDER BY id")
        .map { row in
          FileJob(
            key: MessageKey(chat: row["chat_id"], id: row["message_id"]), state: row["state"],
            isDeleted: row["is_deleted"])
        }
      state = try StateTable.load(db)
      outbox = try Int.fetchOne(db, sql: "SELECT count(*) FROM outbox") ?? 0
    }
  }
}
