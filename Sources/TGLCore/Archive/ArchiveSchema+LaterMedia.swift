import GRDB

extension ArchiveSchema {
  // `later_media` finds the messages of an update that names only a link's preview or a poll: it holds the newest
  // messages with such media. `transcription` is what a voice or video message says, as Telegram heard it.
  // `unknown_update.chat_id` is the chat an update without typed Swift is of, where that can be read.
  private static let laterMedia = """
    CREATE TABLE IF NOT EXISTS later_media (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      medium_id INTEGER NOT NULL,
      chat_id INTEGER NOT NULL,
      message_id INTEGER NOT NULL,
      UNIQUE (medium_id, chat_id, message_id)
    ) STRICT;

    CREATE TABLE IF NOT EXISTS transcription (
      chat_id INTEGER NOT NULL,
      id INTEGER NOT NULL,
      text TEXT NOT NULL,
      PRIMARY KEY (chat_id, id),
      FOREIGN KEY (chat_id, id) REFERENCES message (chat_id, id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    """

  static func addLaterMedia(_ db: Database) throws {
    try db.execute(sql: laterMedia)
    try addColumn("chat_id", "INTEGER", to: "unknown_update", db)
  }
}
