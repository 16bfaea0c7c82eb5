import Foundation
import GRDB
import TelegramClient

/// Which messages are meant.
struct MessageFilter: Sendable, Hashable {
  /// Sent at this time or later, in seconds since 1970, as all times here.
  var since: Int64?
  /// Sent before this time.
  var until: Int64?
  var onlyDeleted = false
  /// With `onlyDeleted`: what is deleted or edited.
  var onlyEdited = false
  /// Received, edited or deleted at this time or later.
  var changedSince: Int64?

  fileprivate var condition: String {
    var parts: [String] = []
    if let since { parts.append("date >= \(since)") }
    if let until { parts.append("date < \(until)") }
    switch (onlyDeleted, onlyEdited) {
    case (true, true): parts.append("(deleted_at IS NOT NULL OR version > 1)")
    case (true, false): parts.append("deleted_at IS NOT NULL")
    case (false, true): parts.append("version > 1")
    case (false, false): break
    }
    if let changedSince {
      parts.append(
        """
        (received_at >= \(changedSince) OR deleted_at >= \(changedSince) OR (version > 1 AND EXISTS (
          SELECT 1 FROM message_version AS old WHERE old.chat_id = message.chat_id AND old.id = message.id
          AND replaced_at >= \(changedSince))))
        """)
    }
    return parts.isEmpty ? "1" : parts.joined(separator: " AND ")
  }
}

/// A message with all that the archive knows of it.
struct SnapshotMessage: Sendable {
  struct Version: Sendable {
    var version: Int
    /// Since when it stood there.
    var date: Int64
    var replacedAt: Int64
    var text: FormattedText
    var mediaKind: MediaKind?
    var media: MediaRecord?
  }

  struct File: Sendable {
    var position: Int
    var mediumID: Int64
    /// Nil when it is not on disk; `reason` then says why.
    var stored: StoredFile?
    var reason: String?
  }

  var record: MessageRecord
  var version: Int
  var receivedAt: Int64
  var deletedAt: Int64?
  /// Of the schema, for what is kept as raw TL.
  var layer: Int64?
  /// What it said before, oldest first.
  var earlier: [Version] = []
  var files: [File] = []
  /// What a voice or video message says, as Telegram heard it.
  var transcription: String?

  /// Whether it shows files, or did so before an edit.
  var hasFiles: Bool {
    record.media?.kind.hasFile == true || earlier.contains { $0.mediaKind?.hasFile == true }
  }

  /// When something last happened to it.
  var changedAt: Int64 {
    max(receivedAt, deletedAt ?? 0, earlier.last?.replacedAt ?? 0)
  }
}

/// One moment of the archive, for reading all of it a row at a time.
struct ArchiveSnapshot {
  let db: Database

  /// The account whose archive it is; nil before its first start.
  func account() throws -> PeerID? {
    try Int64.fetchOne(db, sql: "SELECT user_id FROM account").flatMap(PeerID.init(rawValue:))
  }

  func peer(_ id: PeerID) throws -> PeerRecord? { try PeerTable.find(id, db) }

  func peer(username: String) throws -> PeerID? {
    let sql = "SELECT id FROM peer WHERE username = ? COLLATE NOCASE AND username IS NOT NULL ORDER BY seen_at DESC"
    return try Int64.fetchOne(db, sql: sql, arguments: [username]).flatMap(PeerID.init(rawValue:))
  }

  /// All chats with messages, by jumping from one to the next in the key's order.
  func chats() throws -> [PeerID] {
    let sql = """
      WITH RECURSIVE chat (id) AS (
        SELECT min(chat_id) FROM message
        UNION ALL SELECT (SELECT min(chat_id) FROM message WHERE chat_id > chat.id) FROM chat WHERE id IS NOT NULL
      ) SELECT id FROM chat WHERE id IS NOT NULL
      """
    return try Int64.fetchAll(db, sql: sql).compactMap(PeerID.init(rawValue:))
  }

  func count(in chat: PeerID, _ filter: MessageFilter) throws -> Int {
    let sql = "SELECT count(*) FROM message WHERE chat_id = ? AND \(filter.condition)"
    return try Int.fetchOne(db, sql: sql, arguments: [chat.rawValue]) ?? 0
  }

  /// Gives the messages of a chat to `body`, in the order of their ids.
  ///
  /// - Parameter withFiles: whether their media's files are looked up.
  func messages(
    in chat: PeerID, _ filter: MessageFilter, withFiles: Bool, _ body: (SnapshotMessage) throws -> Void
  ) throws {
    let sql = "\(MessageTable.selection) WHERE chat_id = ? AND \(filter.condition) ORDER BY id"
    try db.makeStatement(sql: sql).forEach(chat.rawValue) { row in
      guard let stored = MessageTable.stored(row) else { return }
      var message = SnapshotMessage(
        record: stored.message, version: Int(stored.version), receivedAt: stored.receivedAt,
        deletedAt: stored.deletedAt, layer: stored.layer)
      if message.version > 1 { message.earlier = try versions(of: message.record) }
      if withFiles, message.hasFiles { message.files = try files(of: message.record) }
      if message.record.media?.kind.isSpoken == true {
        message.transcription = try LaterMediaTable.transcription(of: message.record.key, db)
      }
      try body(message)
    }
  }

  private func versions(of message: MessageRecord) throws -> [SnapshotMessage.Version] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT version, date, replaced_at, text, entities, media_kind, media FROM message_version
        WHERE chat_id = ? AND id = ? ORDER BY version
        """)
    return try Row.fetchAll(statement, arguments: [message.chat.rawValue, message.id]).map { row in
      let kind = (row[5] as String?).map { MediaKind(rawValue: $0) ?? .unsupported }
      let media = row[6] as Data?
      return SnapshotMessage.Version(
        version: row[0], date: row[1], replacedAt: row[2],
        text: FormattedText(row[3], entities: ArchiveJSON.decode(entities: row[4])), mediaKind: kind,
        media: kind.flatMap { kind in media.map { MediaRecord(kind: kind, raw: $0) } })
    }
  }

  private func files(of message: MessageRecord) throws -> [SnapshotMessage.File] {
    try MediaTable.jobs(chat: message.chat, message: message.id, db).map { job in
      let id = job.deletedID ?? job.bufferID
      return SnapshotMessage.File(
        position: job.position, mediumID: job.mediumID, stored: try id.flatMap { try MediaTable.file($0, db) },
        reason: job.lastError ?? (job.state.isOpen ? "it is still to be downloaded" : nil))
    }
  }
}
