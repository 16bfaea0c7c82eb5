extension ArchiveSchema {
  // What was refused for good or could not be read, one row each; see `SetAside`. `scope` as in `comparison`; what is not
  // known of an object is 0, so that the same one set aside twice is one row.
  static let setAside = """
    CREATE TABLE IF NOT EXISTS set_aside (
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      scope INTEGER NOT NULL DEFAULT 0,
      chat_id INTEGER NOT NULL DEFAULT 0,
      message_id INTEGER NOT NULL DEFAULT 0,
      pts INTEGER NOT NULL DEFAULT 0,
      reason TEXT NOT NULL,
      since INTEGER NOT NULL,
      look_again_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 1,
      layer INTEGER NOT NULL,
      raw BLOB,
      UNIQUE (kind, scope, chat_id, message_id, pts)
    ) STRICT;

    """
}
