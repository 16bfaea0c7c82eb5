import GRDB

/// Texts that a transaction takes into the search index, all of them at its end.
///
/// Whatever FTS5 has been given it writes down before the next statement that has triggers begins, since that could be undone
/// by itself. Given text after text between messages, it makes each a part of the index of its own and merges them later,
/// which takes four times as long as writing all of them at once.
///
/// Source: "xSavepoint", sqlite.org/vtab.html.
struct SearchAdditions {
  private var texts: [(entry: Int64, text: String)] = []

  /// Gives a text its number, before its row is written: the triggers then find that this is done.
  ///
  /// They would do it in SQL, where making a text ready takes longer than all the rest of adding a message.
  /// - Returns: the number; nil for a text that has one, and for none.
  @discardableResult
  mutating func add(
    _ key: (chat: Int64, id: Int64), version: Int64, _ text: String, _ db: Database
  ) throws -> Int64? {
    if text.isEmpty { return nil }
    let statement = try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO search_entry (chat_id, id, version) VALUES (?, ?, ?)")
    try statement.execute(arguments: [key.chat, key.id, version])
    guard db.changesCount > 0 else { return nil }
    let entry = db.lastInsertedRowID
    texts.append((entry, text))
    return entry
  }

  /// Takes back the last text that was added: its row was there already, with another.
  mutating func withdraw(_ entry: Int64, _ db: Database) throws {
    guard texts.last?.entry == entry else { return }
    texts.removeLast()
    let statement = try db.cachedStatement(sql: "DELETE FROM search_entry WHERE entry = ?")
    try statement.execute(arguments: [entry])
  }

  /// Writes what was added; to be called before the transaction ends.
  mutating func write(_ db: Database) throws {
    let statement = try db.cachedStatement(sql: "INSERT INTO search (rowid, text) VALUES (?, ?)")
    for (entry, text) in texts { try statement.execute(arguments: [entry, SearchText.indexed(text)]) }
    texts.removeAll(keepingCapacity: true)
  }
}
