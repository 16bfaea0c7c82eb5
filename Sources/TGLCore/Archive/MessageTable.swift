import Foundation
import GRDB
import TelegramClient

/// The statements on `message` and `message_version`, prepared once a connection.
enum MessageTable {
  private static let columns = """
    chat_id, id, sender_id, date, edit_date, outgoing, post, noforwards, ttl_seconds, ttl_period, reply_to_id, \
    reply_to_chat_id, topic_id, grouped_id, via_bot_id, post_author, forward, text, entities, media_kind, media_id, \
    action_kind, layer, media, action, rich
    """
  private static let insertion = """
    INSERT INTO message (\(columns), received_at)
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (chat_id, id) DO NOTHING
    """
  static let selection = "SELECT \(columns), version, deleted_at, opened_at, received_at FROM message"

  /// A message with what the archive adds to it.
  struct Stored {
    var message: MessageRecord
    var version: Int64
    var deletedAt: Int64?
    /// When media that may be looked at only for a while was first looked at.
    var openedAt: Int64?
    /// Of the schema, for what is kept as raw TL.
    var layer: Int64?
    var receivedAt: Int64
  }

  /// Adds a message; false when there is one with its chat and id.
  static func insert(
    _ message: MessageRecord, receivedAt: Int64, layer: Int64, search: inout SearchAdditions, _ db: Database
  ) throws -> Bool {
    let entry = try search.add(message.key, version: 1, message.text.text, db)
    let statement = try db.cachedStatement(sql: insertion)
    let isRaw = message.media != nil || message.action != nil || message.rest != nil
    try statement.run(
      message.chat.rawValue, message.id, message.sender?.rawValue, message.date, message.editDate,
      message.isOutgoing, message.isPost, message.noforwards, message.ttlSeconds, message.ttlPeriod,
      message.replyToID, message.replyToChat?.rawValue, message.topicID, message.groupedID, message.viaBotID,
      message.postAuthor, try message.forward.map(ArchiveJSON.encode), message.text.text,
      ArchiveJSON.encode(entities: message.text.entities), message.media?.kind.rawValue, message.media?.id,
      message.action?.kind, isRaw ? layer : nil, message.media?.raw, message.action?.raw, message.rest, receivedAt)
    if db.changesCount == 1 { return true }
    if let entry { try search.withdraw(entry, db) }
    return false
  }

  static func find(chat: PeerID, id: Int64, _ db: Database) throws -> Stored? {
    let statement = try db.cachedStatement(sql: "\(selection) WHERE chat_id = ? AND id = ?")
    return try statement.first(chat.rawValue, id, read: stored)
  }

  /// The message of a private chat or basic group; one of a channel is never found, whatever its id.
  ///
  /// The bound is written out as in the partial index `message_without_chat`, or SQLite would not use that.
  static func findWithoutChat(id: Int64, _ db: Database) throws -> Stored? {
    let statement = try db.cachedStatement(sql: "\(selection) WHERE id = ? AND chat_id > -1000000000000")
    return try statement.first(id, read: stored)
  }

  /// A message of somebody that is still there, among the newest of a chat.
  static func newest(by sender: PeerID, in chat: PeerID, _ db: Database) throws -> Int64? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT id FROM message WHERE chat_id = ?1 AND sender_id = ?2 AND deleted_at IS NULL
        AND id > (SELECT max(id) FROM message WHERE chat_id = ?1) - 5000 ORDER BY id DESC LIMIT 1
        """)
    return try statement.first(chat.rawValue, sender.rawValue) { $0[0] }
  }

  /// Puts the current content away as an earlier version and the new content in its place.
  ///
  /// A change without a date, as when a photo expires, leaves the date of the last edit: a date of our own clock would
  /// hide the edits that follow.
  static func addVersion(
    _ message: MessageRecord, over stored: Stored, now: Int64, layer: Int64, search: inout SearchAdditions,
    _ db: Database
  ) throws {
    let mediaStays = MessageContent.isSame(message.media, stored.message.media)
    let copy = try db.cachedStatement(
      sql: """
        INSERT INTO message_version
          (chat_id, id, version, date, replaced_at, text, entities, media_kind, media_id, layer, media, rich)
        SELECT chat_id, id, version, COALESCE(edit_date, date), ?, text, entities, media_kind, media_id,
          iif(? AND rich IS NULL, NULL, layer), iif(?, NULL, media), rich
        FROM message WHERE chat_id = ? AND id = ?
        """)
    try copy.run(now, mediaStays, mediaStays, message.chat.rawValue, message.id)
    let update = try db.cachedStatement(
      sql: """
        UPDATE message SET version = version + 1, edit_date = ?, text = ?, entities = ?, noforwards = ?,
          media_kind = ?, media_id = ?, media = ?, rich = ?, ttl_seconds = ?, layer = ?
        WHERE chat_id = ? AND id = ?
        """)
    let isRaw = message.media != nil || message.rest != nil || stored.message.action != nil
    try search.add(message.key, version: stored.version + 1, message.text.text, db)
    try update.run(
      message.editDate ?? stored.message.editDate, message.text.text,
      ArchiveJSON.encode(entities: message.text.entities),
      message.noforwards, message.media?.kind.rawValue, message.media?.id, message.media?.raw, message.rest,
      message.ttlSeconds, isRaw ? layer : nil, message.chat.rawValue, message.id)
  }

  /// Takes over what may change without the message being another one: the edit's date, and the media's references.
  static func refresh(_ message: MessageRecord, layer: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE message SET edit_date = ?, noforwards = ?, media_kind = ?, media_id = ?, media = ?, rich = ?,
          layer = iif(? AND action IS NULL, NULL, ?)
        WHERE chat_id = ? AND id = ?
        """)
    try statement.run(
      message.editDate, message.noforwards, message.media?.kind.rawValue, message.media?.id, message.media?.raw,
      message.rest, message.media == nil && message.rest == nil, layer, message.chat.rawValue, message.id)
  }

  /// Messages received later were kept with all of their fields.
  static func wholeSince(_ db: Database) throws -> Int64 {
    try Int64.fetchOne(db, sql: "SELECT received_at FROM whole_since") ?? -1
  }

  static func markDeleted(chat: PeerID, id: Int64, at now: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "UPDATE message SET deleted_at = ? WHERE chat_id = ? AND id = ?")
    try statement.run(now, chat.rawValue, id)
  }

  static func markOpened(chat: PeerID, id: Int64, at now: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "UPDATE message SET opened_at = ? WHERE chat_id = ? AND id = ? AND opened_at IS NULL")
    try statement.run(now, chat.rawValue, id)
  }

  /// A row of `selection`; nil for one whose chat is no peer's id, which this program never writes.
  static func stored(_ row: SQLiteRow) -> Stored? {
    guard let chat = PeerID(rawValue: row[0]) else { return nil }
    var message = MessageRecord(chat: chat, id: row[1], date: row[3])
    message.sender = (row[2] as Int64?).flatMap(PeerID.init(rawValue:))
    message.editDate = row[4]
    message.isOutgoing = row[5]
    message.isPost = row[6]
    message.noforwards = row[7]
    message.ttlSeconds = row[8]
    message.ttlPeriod = row[9]
    message.replyToID = row[10]
    message.replyToChat = (row[11] as Int64?).flatMap(PeerID.init(rawValue:))
    message.topicID = row[12]
    message.groupedID = row[13]
    message.viaBotID = row[14]
    message.postAuthor = row[15]
    message.forward = (row[16] as String?).flatMap { try? ArchiveJSON.decode(ForwardRecord.self, from: $0) }
    message.text = FormattedText(row[17], entities: ArchiveJSON.decode(entities: row[18]))
    if let kind = (row[19] as String?) {
      message.media = MediaRecord(kind: MediaKind(rawValue: kind) ?? .unsupported, id: row[20], raw: row[23] ?? Data())
    }
    if let kind = (row[21] as String?) { message.action = RawRecord(kind: kind, raw: row[24] ?? Data()) }
    message.rest = row[25]
    return Stored(
      message: message, version: row[26], deletedAt: row[27], openedAt: row[28], layer: row[22], receivedAt: row[29])
  }
}
