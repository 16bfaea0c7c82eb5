import GRDB

// Whatever FTS5 has been given it writes down before the next statement that has triggers begins, since that could be undone
// by itself. Given text after text between messages, it makes each a part of the index of its own and merges them later,
// which takes four times as long as writing all of them at once. So texts are collected, and given to it together.
//
// Source: "xSavepoint", sqlite.org/vtab.html.

private typealias Entry = (number: Int64, text: String)

/// Texts that a transaction takes into the search index at its end.
struct SearchAdditions {
  private var texts: [Entry] = []

  /// Gives a text its number, before its row is written: the triggers then find that this is done.
  ///
  /// They would do it in SQL, where making a text ready takes longer than all the rest of adding a message.
  /// - Returns: the number; nil for a text that has one, and for none.
  @discardableResult
  mutating func add(_ key: MessageKey, version: Int64, _ text: String, _ db: Database) throws -> Int64? {
    if text.isEmpty { return nil }
    let statement = try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO search_entry (chat_id, id, version) VALUES (?, ?, ?)")
    try statement.run(key.chat, key.id, version)
    guard db.changesCount > 0 else { return nil }
    let entry = db.lastInsertedRowID
    texts.append((entry, text))
    return entry
  }

  /// Takes back the last text that was added: its row was there already, with another.
  mutating func withdraw(_ entry: Int64, _ db: Database) throws {
    guard texts.last?.number == entry else { return }
    texts.removeLast()
    let statement = try db.cachedStatement(sql: "DELETE FROM search_entry WHERE entry = ?")
    try statement.run(entry)
  }

  /// Writes what was added; to be called before the transaction ends.
  mutating func write(_ db: Database) throws {
    let statement = try db.cachedStatement(sql: "INSERT INTO search (rowid, text) VALUES (?, ?)")
    for (number, text) in texts { try statement.run(number, SearchText.indexed(text)) }
    texts.removeAll(keepingCapacity: true)
  }
}

/// Texts that a transaction takes out of the search index before it removes their rows.
struct SearchRemovals {
  private var texts: [Entry] = []

  /// Adds all texts of a message, and takes their numbers away: the triggers then find that this is done.
  mutating func add(_ key: MessageKey, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        SELECT e.entry, iif(e.version = m.version, m.text, v.text) FROM search_entry AS e
        JOIN message AS m ON m.chat_id = e.chat_id AND m.id = e.id
        LEFT JOIN message_version AS v ON v.chat_id = e.chat_id AND v.id = e.id AND v.version = e.version
          AND e.version <> m.version
        WHERE e.chat_id = ? AND e.id = ?
        """)
    try statement.forEach(key.chat, key.id) { texts.append(($0[0], $0[1])) }
    let forget = try db.cachedStatement(sql: "DELETE FROM search_entry WHERE chat_id = ? AND id = ?")
    try forget.run(key.chat, key.id)
  }

  /// Takes the words out; to be called before the rows are removed.
  mutating func write(_ db: Database) throws {
    // FTS5 has to be given the text it was given.
    let statement = try db.cachedStatement(sql: "INSERT INTO search (search, rowid, text) VALUES ('delete', ?, ?)")
    for (number, text) in texts where !text.isEmpty {
      try statement.run(number, SearchText.indexed(text))
    }
    texts.removeAll(keepingCapacity: true)
  }
}
