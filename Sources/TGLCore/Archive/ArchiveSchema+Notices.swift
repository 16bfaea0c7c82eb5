import GRDB

extension ArchiveSchema {
  // `chat_id` and `message_id` say what a row is about, so that the order inside a chat is kept and a later edit finds the
  // notice of the one before. `settles_at` is when an edit's notice is due. `begun` is set before a row is first posted: such
  // a row is never changed again. `answers` belongs to a notice whose text goes ahead of its files: 0 until the text is
  // posted, then the id of that post in the log chat, or -1 where the server did not tell it.
  // `posted_notice` remembers where in the log chat opened media was posted.
  private static let noticeOrder = """
    CREATE INDEX IF NOT EXISTS outbox_by_chat ON outbox (chat_id, message_id, id) WHERE chat_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS outbox_urgent ON outbox (id) WHERE state = 'pending' AND kind <> 'edited';
    CREATE INDEX IF NOT EXISTS outbox_settling ON outbox (settles_at) WHERE settles_at IS NOT NULL;
    CREATE TABLE IF NOT EXISTS posted_notice (
      chat_id INTEGER NOT NULL,
      message_id INTEGER NOT NULL,
      post_id INTEGER NOT NULL,
      PRIMARY KEY (chat_id, message_id),
      FOREIGN KEY (chat_id, message_id) REFERENCES message (chat_id, id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    """

  /// The version that wrote the rows that are there may have posted them without a note of it: none is changed any more.
  static func addNoticeOrder(_ db: Database) throws {
    for name in ["chat_id", "message_id", "settles_at", "answers"] { try addColumn(name, "INTEGER", to: "outbox", db) }
    try addColumn("begun", "INTEGER NOT NULL DEFAULT 0", to: "outbox", db)
    try db.execute(sql: noticeOrder)
    try db.execute(
      sql: """
        UPDATE outbox SET begun = 1;
        UPDATE outbox SET chat_id = json_extract(payload, '$.chat.id')
        WHERE CASE WHEN json_valid(payload) THEN json_type(payload, '$.chat.id') = 'integer' END;
        """)
  }
}
