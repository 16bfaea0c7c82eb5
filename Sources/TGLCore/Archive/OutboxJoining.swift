import GRDB
import TelegramClient

/// Joins the notices of a chat that are waiting into one digest, when more are waiting than can be posted soon.
///
/// Rows that may have been posted stay as they are, and so does what somebody waits for: opened media, and saved links.
struct OutboxJoining {
  let db: Database
  let times: OutboxTimes

  /// Rows that can be joined.
  ///
  /// The parameters: 1 the time, 2 how long an edit may settle.
  private static let joinable = """
    state = 'pending' AND begun = 0 AND kind IN ('deleted', 'edited') AND chat_id IS NOT NULL
      AND (settles_at IS NULL OR settles_at - ?1 NOT BETWEEN 1 AND 2 * ?2)
    """

  /// Whether more than so many rows are waiting.
  static func isBehind(_ limit: Int, _ times: OutboxTimes, _ db: Database) throws -> Bool {
    // Ids only grow: there are at most as many rows as lie between the first and the last.
    let span = try db.cachedStatement(sql: "SELECT (SELECT max(id) FROM outbox) - (SELECT min(id) FROM outbox)")
    guard try span.first(read: { $0[0] as Int }) ?? 0 >= limit else { return false }
    let count = try db.cachedStatement(
      sql: "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE \(joinable) LIMIT ?3)")
    return try count.first(times.now, times.longestSettling, limit + 1) { $0[0] as Int } ?? 0 > limit
  }

  /// Joins what can be joined, and says so in the log chat with the first digest.
  ///
  /// - Returns: how many rows are in digests now.
  func run() throws -> Int {
    let chats = try db.cachedStatement(
      sql: "SELECT chat_id, count(*) FROM outbox WHERE \(Self.joinable) GROUP BY chat_id ORDER BY min(id)")
    var waiting: [(chat: PeerID, count: Int)] = []
    try chats.forEach(times.now, times.longestSettling) { row in
      if let chat = PeerID(rawValue: row[0]) { waiting.append((chat, row[1])) }
    }
    var isTold = try hasDigests()
    var joined = 0
    for (chat, count) in waiting {
      let open = try OutboxTable.openDigest(of: chat, reason: .backlog, db)
      guard open != nil || count > 1 else { continue }
      joined += try join(chat, into: open, announcing: isTold ? nil : waiting.reduce(0) { $0 + $1.count })
      isTold = true
    }
    return joined
  }

  private func hasDigests() throws -> Bool {
    let statement = try db.cachedStatement(
      sql: """
        SELECT 1 FROM outbox WHERE state = 'pending' AND kind = 'digest' AND json_extract(payload, '$.reason') = ? LIMIT 1
        """)
    return try statement.first(DigestNotice.Reason.backlog.rawValue) { $0[0] as Int } != nil
  }

  /// Puts all of a chat's notices into a digest that takes the place of the first.
  ///
  /// - Parameter waiting: how many notices are waiting, where the digest is to say so.
  /// - Returns: how many notices were put into it.
  private func join(_ chat: PeerID, into open: OutboxRow?, announcing waiting: Int?) throws -> Int {
    let next = try db.cachedStatement(
      sql: "\(OutboxTable.selection) WHERE \(Self.joinable) AND chat_id = ?3 AND id > ?4 ORDER BY id LIMIT 200")
    var digest: (row: OutboxRow.ID, notice: DigestNotice)?
    if let open, case .digest(let notice) = open.payload { digest = (open.id, notice) }
    var randomIDs = open.map { [$0.randomID] } ?? []
    var count = 0
    var last: OutboxRow.ID = 0
    while true {
      var rows: [OutboxRow] = []
      try next.forEach(times.now, times.longestSettling, chat.rawValue, last) { rows.append(OutboxTable.row($0)) }
      guard let end = rows.last?.id else { break }
      last = end
      for row in rows {
        // What cannot be read is tried on its own.
        guard case .message(let notice) = row.payload else { continue }
        var current =
          digest
          ?? (
            row.id,
            DigestNotice(chat: notice.chat, count: 0, toldSingly: 0, happenedAt: notice.happenedAt, reason: .backlog)
          )
        if row.id != current.row { try OutboxTable.remove(row.id, db) }
        try OutboxTable.addItem(notice, at: Int64(current.notice.count), of: current.row, db)
        current.notice.count(notice)
        digest = current
        randomIDs.append(row.randomID)
        count += 1
      }
    }
    guard var digest else { return 0 }
    digest.notice.waiting = digest.notice.waiting ?? waiting
    let randomID = try NoticeIdentity(db).randomID(ofJoined: randomIDs)
    try OutboxTable.setPayload(.digest(digest.notice), randomID: randomID, of: digest.row, db)
    // Its files are not posted with it.
    try db.cachedStatement(sql: "DELETE FROM outbox_wait WHERE outbox_id = ?").run(digest.row)
    return count
  }
}

extension Archive {
  /// Joins waiting notices into digests when more than `limit` are waiting.
  ///
  /// - Returns: how many were joined.
  func joinOutbox(beyond limit: Int, _ times: OutboxTimes) async throws(ArchiveError) -> Int {
    guard try await read({ db in try OutboxJoining.isBehind(limit, times, db) }) else { return 0 }
    return try await write { db in try OutboxJoining(db: db, times: times).run() }
  }
}
