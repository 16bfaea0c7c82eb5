extension ArchiveSchema {
  // The words of all texts, current and earlier ones, kept by triggers, so that whoever writes the tables keeps it too.
  //
  // `search` holds words only: the texts are in `message` and `message_version`, which have no row ids it could refer to.
  // `search_entry` gives each text a number instead; numbers that grow with time are what FTS5 writes fastest, and a text
  // that becomes an earlier version keeps its number. `search_backlog` says from where on the messages that were there
  // before the index are still to be taken in.
  //
  // No bm25 is wanted (newest first), so no sizes are kept (`columnsize=0`).
  static var search: String {
    """
    CREATE VIRTUAL TABLE search USING fts5(
      text, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2');
    CREATE TABLE search_entry (
      entry INTEGER PRIMARY KEY,
      chat_id INTEGER NOT NULL,
      id INTEGER NOT NULL,
      version INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX search_entry_by_message ON search_entry (chat_id, id, version);
    CREATE TABLE search_backlog (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      chat_id INTEGER NOT NULL,
      id INTEGER NOT NULL
    ) STRICT;
    INSERT INTO search_backlog (one, chat_id, id)
      SELECT 1, min(chat_id), -1 FROM message HAVING count(*) > 0;

    CREATE TRIGGER search_message_added AFTER INSERT ON message WHEN NEW.text <> '' BEGIN
      \(add("NEW"))
    END;
    CREATE TRIGGER search_message_changed AFTER UPDATE OF text, version ON message
    WHEN OLD.text <> NEW.text OR OLD.version <> NEW.version BEGIN
      -- The text of another version stays: it is an earlier version now.
      \(remove("OLD", where: "OLD.version = NEW.version AND OLD.text <> ''"))
      \(add("NEW", where: "NEW.text <> ''"))
    END;
    CREATE TRIGGER search_message_removed AFTER DELETE ON message WHEN OLD.text <> '' BEGIN
      \(remove("OLD", where: "1"))
    END;
    CREATE TRIGGER search_version_added AFTER INSERT ON message_version WHEN NEW.text <> '' BEGIN
      \(add("NEW"))
    END;
    CREATE TRIGGER search_version_changed AFTER UPDATE OF text ON message_version WHEN OLD.text <> NEW.text BEGIN
      \(remove("OLD", where: "OLD.text <> ''"))
      \(add("NEW", where: "NEW.text <> ''"))
    END;
    CREATE TRIGGER search_version_removed AFTER DELETE ON message_version WHEN OLD.text <> '' BEGIN
      \(remove("OLD", where: "1"))
    END;

    """
  }

  /// Takes in a text that has no number yet.
  private static func add(_ row: String, where condition: String? = nil) -> String {
    let new = condition.map { "SELECT \(row).chat_id, \(row).id, \(row).version WHERE \($0)" }
    return """
      INSERT OR IGNORE INTO search_entry (chat_id, id, version)
          \(new ?? "VALUES (\(row).chat_id, \(row).id, \(row).version)");
        INSERT INTO search (rowid, text) SELECT last_insert_rowid(), \(SearchText.sql("\(row).text")) WHERE changes() > 0;
      """
  }

  /// FTS5 has to be given the text it was given, to take its words out again.
  private static func remove(_ row: String, where condition: String) -> String {
    """
    INSERT INTO search (search, rowid, text)
        SELECT 'delete', entry, \(SearchText.sql("\(row).text")) FROM search_entry
        WHERE chat_id = \(row).chat_id AND id = \(row).id AND version = \(row).version AND \(condition);
      DELETE FROM search_entry
        WHERE chat_id = \(row).chat_id AND id = \(row).id AND version = \(row).version AND \(condition);
    """
  }
}
