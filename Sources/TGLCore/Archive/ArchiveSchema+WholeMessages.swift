extension ArchiveSchema {
  // Since this migration `rich` of `message` and `message_version` holds all fields that have no column (`MessageRest`);
  // before it, rich content alone. So no row of a plain text grows, and no row is rewritten. `whole_since` is when the
  // newest message of before was received: of those, keyboards and quotes are not known. The query visits each chat
  // once, through `message_by_receipt`.
  static let wholeMessages = """
    CREATE TABLE IF NOT EXISTS whole_since (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      received_at INTEGER NOT NULL
    ) STRICT;
    WITH RECURSIVE chat (id) AS (
      SELECT min(chat_id) FROM message
      UNION ALL
      SELECT (SELECT min(chat_id) FROM message WHERE chat_id > chat.id) FROM chat WHERE chat.id IS NOT NULL
    )
    INSERT OR REPLACE INTO whole_since (id, received_at)
    SELECT 1, COALESCE(max((SELECT max(received_at) FROM message WHERE chat_id = chat.id)), -1)
    FROM chat WHERE chat.id IS NOT NULL;

    """
}
