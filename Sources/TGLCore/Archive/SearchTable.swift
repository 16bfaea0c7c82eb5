import GRDB
import TelegramClient

/// The statements on the search index that its triggers do not run.
enum SearchTable {
  /// Takes some of the messages in that were there before the index.
  ///
  /// - Returns: how many were dealt with; nil when there are none left.
  static func indexBacklog(_ limit: TransactionLimit, _ db: Database) throws -> Int? {
    guard let place = try Row.fetchOne(db, sql: "SELECT chat_id, id FROM search_backlog") else { return nil }
    let clock = ContinuousClock()
    let end = clock.now + limit.time
    let next = try db.cachedStatement(
      sql: """
        SELECT chat_id, id, version, text FROM message WHERE (chat_id, id) > (?, ?) ORDER BY chat_id, id LIMIT ?
        """)
    var last: MessageKey?
    var additions = SearchAdditions()
    var done = 0
    let rows = try Row.fetchCursor(next, arguments: [place["chat_id"] as Int64, place["id"] as Int64, limit.rows])
    while done == 0 || clock.now < end, let row = try rows.next() {
      let key = MessageKey(chat: row["chat_id"], id: row["id"])
      let version = row["version"] as Int64
      try additions.add(key, version: version, row["text"], db)
      if version > 1 { try addVersions(key, to: &additions, db) }
      last = key
      done += 1
    }
    try additions.write(db)
    if let last, done > 0 {
      let statement = try db.cachedStatement(sql: "UPDATE search_backlog SET chat_id = ?, id = ?")
      try statement.execute(arguments: [last.chat, last.id])
      return done
    }
    try db.execute(sql: "DELETE FROM search_backlog")
    return nil
  }

  private static func addVersions(
    _ key: MessageKey, to additions: inout SearchAdditions, _ db: Database
  ) throws {
    let statement = try db.cachedStatement(
      sql: "SELECT version, text FROM message_version WHERE chat_id = ? AND id = ?")
    for row in try Row.fetchAll(statement, arguments: [key.chat, key.id]) {
      try additions.add(key, version: row["version"], row["text"], db)
    }
  }
}

extension Archive {
  /// Takes some of the messages into the index that were there before it; nil when there are none left.
  func indexBacklog(_ limit: TransactionLimit) async throws(ArchiveError) -> Int? {
    try await write { db in try SearchTable.indexBacklog(limit, db) }
  }

  /// Whether everything is in the index.
  public func isSearchIndexComplete() async throws(ArchiveError) -> Bool {
    try await read { db in try Int.fetchOne(db, sql: "SELECT 1 FROM search_backlog") == nil }
  }
}

extension Archive {
  /// The newest messages that show what is looked for, newest first.
  public func search(_ query: SearchQuery, _ filter: SearchFilter) async throws(ArchiveError) -> [SearchHit] {
    try await search(query, filter, plan: nil)
  }

  /// - Parameter plan: nil for the one that takes less.
  func search(
    _ query: SearchQuery, _ filter: SearchFilter, plan: SearchTable.Plan?
  ) async throws(ArchiveError) -> [SearchHit] {
    try await read { db in
      let plan = try plan ?? SearchTable.plan(query, filter, db)
      let rows = try Row.fetchCursor(
        db, sql: SearchTable.selection(filter, plan),
        arguments: plan == .byMatch ? [query.fts5, filter.limit] : [query.fts5])
      var hits: [SearchHit] = []
      while let row = try rows.next() {
        guard let chat = PeerID(rawValue: row["chat_id"]) else { continue }
        let id: Int64 = row["id"]
        let version: Int = row["version"]
        if let last = hits.last, last.chat == chat, last.id == id {
          // Another text of the same message: the latest one counts.
          if version < last.version { continue }
          hits.removeLast()
        } else if hits.count == filter.limit {
          break
        }
        let sender = (row["sender_id"] as Int64?).flatMap(PeerID.init(rawValue:))
        let text: String = row["text"]
        hits.append(
          SearchHit(
            chat: chat, id: id, chatName: try PeerTable.find(chat, db)?.name, sender: sender,
            senderName: try sender.flatMap { try PeerTable.find($0, db)?.name }, date: row["date"],
            deletedAt: row["deleted_at"], version: version, isCurrent: row["is_current"], text: text,
            ranges: query.hits(in: text)))
      }
      return hits
    }
  }
}

extension SearchTable {
  /// Where a search begins.
  enum Plan: CaseIterable {
    /// With the texts that match: all of them are looked up and put in order.
    case byMatch
    /// With the newest messages, until enough of them are among the texts that match, which are listed before.
    case byDate
    /// With the newest messages, asking for each whether it matches, until enough of them do.
    case byDateOneByOne
  }

  /// Of a text that matches, looking it up and ordering it takes as long as going past this many messages.
  private static let lookup = 40
  /// Asking whether one text matches takes as long as listing this many that do.
  private static let question = 650

  /// The plan that takes less, as far as the number of matches tells.
  static func plan(_ query: SearchQuery, _ filter: SearchFilter, _ db: Database) throws -> Plan {
    let entries = try Int.fetchOne(db, sql: "SELECT max(entry) FROM search_entry") ?? 0
    let count = try db.cachedStatement(
      sql: "SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT ?)")
    return try plan(entries: entries, filter) { limit in
      try count.first(query.fts5, limit + 1) { $0[0] as Int } == limit + 1
    }
  }

  /// - Parameters:
  ///   - entries: texts in the index.
  ///   - hasMoreThan: whether more texts than so many match.
  static func plan(
    entries: Int, _ filter: SearchFilter, hasMoreThan: (Int) throws -> Bool
  ) rethrows -> Plan {
    let entries = Double(entries)
    // Matches are about as frequent among the newest; among those of one chat or person, nobody knows.
    let isNarrow = !filter.chats.isEmpty || !filter.senders.isEmpty || filter.onlyDeleted
    let wanted = entries * Double(filter.limit)
    let few = isNarrow ? entries / Double(lookup) : (wanted / Double(lookup)).squareRoot()
    if try !hasMoreThan(Int(few)) { return .byMatch }
    if !isNarrow, try hasMoreThan(Int((wanted * Double(question)).squareRoot())) { return .byDateOneByOne }
    return .byDate
  }

  /// What matches, newest first.
  ///
  /// By date it goes on without end, and gives every text of a message that matches.
  fileprivate static func selection(_ filter: SearchFilter, _ plan: Plan) -> String {
    var conditions = ["(e.version = m.version OR v.version IS NOT NULL)"]
    // Numbers only: nothing here can be anything else.
    func list(_ peers: Set<PeerID>) -> String { peers.map { "\($0.rawValue)" }.sorted().joined(separator: ", ") }
    if !filter.chats.isEmpty { conditions.append("m.chat_id IN (\(list(filter.chats)))") }
    if !filter.senders.isEmpty { conditions.append("m.sender_id IN (\(list(filter.senders)))") }
    if let since = filter.since { conditions.append("m.date >= \(since)") }
    if let until = filter.until { conditions.append("m.date < \(until)") }
    if filter.onlyDeleted { conditions.append("m.deleted_at IS NOT NULL") }
    let columns = """
      e.version = m.version AS is_current, m.sender_id, m.date, m.deleted_at,
        iif(e.version = m.version, m.text, v.text) AS text
      """
    let versions = """
      LEFT JOIN message_version AS v ON v.chat_id = e.chat_id AND v.id = e.id AND v.version = e.version
        AND e.version <> m.version
      """
    let order = "ORDER BY m.date DESC, m.chat_id DESC, m.id DESC"
    let matching =
      switch plan {
      case .byMatch, .byDate: "e.entry IN (SELECT rowid FROM search WHERE search MATCH ?)"
      case .byDateOneByOne: "EXISTS (SELECT 1 FROM search WHERE search MATCH ? AND rowid = e.entry)"
      }
    switch plan {
    case .byMatch:
      // SQLite gives the other columns of the row that has the maximum.
      return """
        SELECT e.chat_id, e.id, max(e.version) AS version, \(columns)
        FROM search AS s
        CROSS JOIN search_entry AS e ON e.entry = s.rowid
        CROSS JOIN message AS m ON m.chat_id = e.chat_id AND m.id = e.id
        \(versions)
        WHERE search MATCH ? AND \(conditions.joined(separator: " AND "))
        GROUP BY e.chat_id, e.id \(order) LIMIT ?
        """
    case .byDate, .byDateOneByOne:
      return """
        SELECT e.chat_id, e.id, e.version, \(columns)
        FROM message AS m INDEXED BY message_by_date
        CROSS JOIN search_entry AS e ON e.chat_id = m.chat_id AND e.id = m.id
        \(versions)
        WHERE \(matching) AND \(conditions.joined(separator: " AND "))
        \(order)
        """
    }
  }
}
