extension ArchiveSchema {
  // `message_by_receipt` finds what has been kept long enough without reading what has not. `newest_seen` remembers the
  // newest message of a scope (as in `comparison`) whose messages have all gone: a window that was not seen begins behind it.
  static let retention = """
    CREATE INDEX message_by_receipt ON message (chat_id, received_at);
    CREATE INDEX media_file_by_age ON media_file (place, created_at);
    CREATE TABLE newest_seen (
      scope INTEGER PRIMARY KEY,
      id INTEGER NOT NULL,
      received_at INTEGER NOT NULL
    ) STRICT;

    """
}
