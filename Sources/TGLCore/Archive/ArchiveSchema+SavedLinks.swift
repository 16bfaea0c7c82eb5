extension ArchiveSchema {
  // Links the account's owner has written in the log chat. Rows stay when they are done: the message may come again.
  static let savedLinks = """
    CREATE TABLE saved_link (
      id INTEGER PRIMARY KEY,
      message_id INTEGER NOT NULL,
      position INTEGER NOT NULL,
      link TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      done_at INTEGER,
      not_before INTEGER NOT NULL DEFAULT 0,
      attempts INTEGER NOT NULL DEFAULT 0,
      last_error TEXT,
      UNIQUE (message_id, position)
    ) STRICT;
    CREATE INDEX saved_link_open ON saved_link (not_before, id) WHERE done_at IS NULL;

    """
}
