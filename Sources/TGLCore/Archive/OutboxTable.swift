import Foundation
import GRDB
import TelegramClient

/// The statements on `outbox` and `outbox_item`.
///
/// A row is deleted when all of it is sent: what was told is in the log chat, and what it told of in `message`.
enum OutboxTable {
  // MARK: Adding and changing

  /// - Parameter settlesAt: when it is due; nil for at once.
  @discardableResult
  static func add(
    _ payload: OutboxPayload, randomID: Int64, settlesAt: Int64? = nil, now: Int64, _ db: Database
  ) throws -> Int64 {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO outbox (kind, created_at, payload, random_id, chat_id, message_id, settles_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.run(
      payload.kind, now, try encode(payload), randomID, payload.chat?.rawValue, payload.messageID, settlesAt)
    return db.lastInsertedRowID
  }

  /// Replaces what a row tells, which must not have begun.
  static func setPayload(_ payload: OutboxPayload, randomID: Int64, of id: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "UPDATE outbox SET kind = ?, payload = ?, random_id = ?, chat_id = ?, message_id = ? WHERE id = ?")
    try statement.run(
      payload.kind, try encode(payload), randomID, payload.chat?.rawValue, payload.messageID, id)
  }

  static func setSettling(until: Int64?, of id: Int64, _ db: Database) throws {
    try db.cachedStatement(sql: "UPDATE outbox SET settles_at = ? WHERE id = ?").run(until, id)
  }

  static func addItem(_ notice: Notice, at position: Int64, of id: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO outbox_item (outbox_id, position, payload) VALUES (?, ?, ?)")
    try statement.run(id, position, try ArchiveJSON.encode(notice))
  }

  static func remove(_ id: OutboxRow.ID, _ db: Database) throws {
    try db.cachedStatement(sql: "DELETE FROM outbox WHERE id = ?").run(id)
  }

  /// Marks a row that is about to be posted.
  static func begin(_ id: OutboxRow.ID, _ db: Database) throws {
    try db.cachedStatement(sql: "UPDATE outbox SET begun = 1 WHERE id = ?").run(id)
  }

  static func apply(_ change: OutboxChange, to id: Int64, _ db: Database) throws {
    switch change {
    case .rendered(let posts):
      let statement = try db.cachedStatement(sql: "UPDATE outbox SET posts = ? WHERE id = ?")
      try statement.run(try ArchiveJSON.encode(posts), id)
    case .renderedAhead(let posts):
      let statement = try db.cachedStatement(sql: "UPDATE outbox SET posts = ?, answers = 0 WHERE id = ?")
      try statement.run(try ArchiveJSON.encode(posts), id)
    case .sentParts(let count):
      try db.cachedStatement(sql: "UPDATE outbox SET sent_parts = ? WHERE id = ?").run(count, id)
    case .sentAhead(let count, let post):
      let statement = try db.cachedStatement(sql: "UPDATE outbox SET sent_parts = ?, answers = ? WHERE id = ?")
      try statement.run(count, post.flatMap { $0 > 0 ? $0 : nil } ?? -1, id)
    case .postponed(let state, let until, let attempts, let error):
      let statement = try db.cachedStatement(
        sql: "UPDATE outbox SET state = ?, not_before = ?, attempts = ?, last_error = ?, begun = 1 WHERE id = ?")
      try statement.run(state.rawValue, until, attempts, error, id)
    }
  }

  // MARK: Finding

  static let selection = """
    SELECT id, kind, created_at, payload, random_id, state, not_before, attempts, last_error, posts, sent_parts, begun,
      settles_at, answers, EXISTS (SELECT 1 FROM outbox_wait WHERE outbox_id = outbox.id)
    FROM outbox
    """

  /// What may be posted: an edit has settled, and the files are there or have been waited for long enough.
  ///
  /// A deadline that lies further ahead than its kind ever does was written under another clock, and counts as past.
  /// The parameters: 1 the time, 2 how long an edit may settle, 3 how long a notice waits for its files.
  private static let isReady = """
    state = 'pending'
      AND (settles_at IS NULL OR settles_at - ?1 NOT BETWEEN 1 AND 2 * ?2)
      AND (answers = 0 OR NOT EXISTS (SELECT 1 FROM outbox_wait WHERE outbox_id = outbox.id)
        OR answers IS NULL AND created_at + ?3 - ?1 NOT BETWEEN 1 AND 2 * ?3)
    """

  /// The rows that are to be posted next, in order.
  ///
  /// Edits come after everything else, but nothing overtakes an edit of the same chat that is ready. What is not ready holds
  /// up nothing.
  static func pending(limit: Int, _ times: OutboxTimes, _ db: Database) throws -> [OutboxRow] {
    var page: [OutboxRow] = []
    var taken = Set<OutboxRow.ID>()
    let urgent = try db.cachedStatement(
      sql: "\(selection) WHERE \(isReady) AND kind <> 'edited' ORDER BY id LIMIT ?4")
    let earlier = try db.cachedStatement(
      sql: """
        \(selection) WHERE \(isReady) AND kind = 'edited' AND chat_id = ?5 AND id < ?6 ORDER BY id LIMIT ?4
        """)
    var first: [OutboxRow] = []
    try urgent.forEach(times.now, times.longestSettling, times.mediaWait, limit) { first.append(row($0)) }
    for next in first where page.count < limit {
      if let chat = next.payload.chat {
        try earlier.forEach(
          times.now, times.longestSettling, times.mediaWait, limit, chat.rawValue, next.id
        ) { edit in
          if taken.insert(edit[0]).inserted { page.append(row(edit)) }
        }
      }
      page.append(next)
    }
    if page.count < limit {
      let edits = try db.cachedStatement(
        sql: "\(selection) WHERE \(isReady) AND kind = 'edited' ORDER BY id LIMIT ?4")
      try edits.forEach(times.now, times.longestSettling, times.mediaWait, limit) { edit in
        if taken.insert(edit[0]).inserted { page.append(row(edit)) }
      }
    }
    return Array(page.prefix(limit))
  }

  /// The parked row that is due first; those put off further than anything is come before the others.
  static func firstParked(now: Int64, _ db: Database) throws -> OutboxRow? {
    let latest = StoredDeadline.latest(now: now, longest: OutboxScheduler.longestWait + 1)
    let late = try db.cachedStatement(
      sql: "\(selection) WHERE state = 'parked' AND not_before > ? ORDER BY not_before, id LIMIT 1")
    if let row = try late.first(latest, read: row) { return row }
    let statement = try db.cachedStatement(
      sql: "\(selection) WHERE state = 'parked' ORDER BY not_before, id LIMIT 1")
    return try statement.first(read: row)
  }

  /// When the next row becomes ready by time alone; nil when none does.
  static func nextReady(_ times: OutboxTimes, _ db: Database) throws -> Int64? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT min(due) FROM (
          SELECT min(settles_at) AS due FROM outbox WHERE state = 'pending' AND settles_at > ?1
          UNION ALL
          SELECT min(created_at + ?2) FROM outbox WHERE state = 'pending' AND answers IS NULL AND created_at + ?2 > ?1
            AND ?2 < \(OutboxTimes.forever) AND EXISTS (SELECT 1 FROM outbox_wait WHERE outbox_id = outbox.id))
        """)
    return try statement.first(times.now, times.mediaWait) { $0[0] }
  }

  /// The notice of a message's edits that more may be added to: it has not begun.
  static func openEdit(chat: PeerID, message: Int64, _ db: Database) throws -> OutboxRow? {
    let statement = try db.cachedStatement(
      sql: """
        \(selection) WHERE chat_id = ? AND message_id = ? AND kind = 'edited' AND state = 'pending' AND begun = 0
        ORDER BY id DESC LIMIT 1
        """)
    return try statement.first(chat.rawValue, message, read: row)
  }

  /// The digest of a chat that more may be added to: it has not begun.
  ///
  /// - Parameter reason: what it was begun for.
  static func openDigest(of chat: PeerID, reason: DigestNotice.Reason, _ db: Database) throws -> OutboxRow? {
    let statement = try db.cachedStatement(
      sql: """
        \(selection) WHERE chat_id = ? AND message_id IS NULL AND kind = 'digest' AND state = 'pending' AND begun = 0
        AND json_extract(payload, '$.reason') = ? ORDER BY id DESC LIMIT 1
        """)
    return try statement.first(chat.rawValue, reason.rawValue, read: row)
  }

  // MARK: Rows

  private static func encode(_ payload: OutboxPayload) throws -> String {
    switch payload {
    case .message(let notice): try ArchiveJSON.encode(notice)
    case .digest(let notice): try ArchiveJSON.encode(notice)
    case .note(let note): try ArchiveJSON.encode(note)
    case .unreadable(let kind, let reason): throw ArchiveJSON.Unreadable(detail: "\(kind): \(reason)")
    }
  }

  private static func decode(_ payload: String, kind: String) -> OutboxPayload {
    do {
      if kind == "digest" { return .digest(try ArchiveJSON.decode(DigestNotice.self, from: payload)) }
      if kind == "note" { return .note(try ArchiveJSON.decode(LogNote.self, from: payload)) }
      return .message(try ArchiveJSON.decode(Notice.self, from: payload))
    } catch {
      return .unreadable(kind: kind, reason: "\(error)")
    }
  }

  /// A row of `selection`.
  static func row(_ row: SQLiteRow) -> OutboxRow {
    let kind: String = row[1]
    var outbox = OutboxRow(
      id: row[0], payload: decode(row[3], kind: kind), randomID: row[4], createdAt: row[2])
    outbox.state = OutboxRow.State(rawValue: row[5]) ?? .pending
    outbox.notBefore = row[6]
    outbox.attempts = row[7]
    outbox.lastError = row[8]
    outbox.sentParts = max(row[10], 0)
    outbox.isBegun = row[11]
    outbox.settlesAt = row[12]
    if let answers = row[13] as Int64? {
      outbox.ahead = answers == 0 ? .posting : .posted(answers > 0 ? answers : nil)
    }
    outbox.isWaitingForFiles = row[14]
    if let posts = row[9] as String? {
      do {
        outbox.posts = try ArchiveJSON.decode([Post].self, from: posts)
      } catch {
        outbox.payload = .unreadable(kind: kind, reason: "\(error)")
      }
    }
    return outbox
  }
}
