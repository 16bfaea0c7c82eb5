import GRDB

/// The archive's tables, as named migrations that are only ever added to.
///
/// Those behind version 1 (tgl 0.1) only add, and may run again on an archive that has what they add: who goes back to an
/// earlier version has the archive forget their names (docs/operations.md, "Upgrade"). So they say `IF NOT EXISTS`,
/// and add columns by `addColumn`.
///
/// Conventions: chats and users by Bot-API style id; times in seconds since 1970 unless the column's name says
/// otherwise; `entities` in the JSON of `FormattedText`; TL values as the bytes of their boxed form with the layer
/// they are of, so that a new layer of Telegram's schema never migrates the archive.
enum ArchiveSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("messages") { db in
      try db.execute(sql: peers + messages)
    }
    migrator.registerMigration("update state") { db in
      try db.execute(sql: updates)
    }
    migrator.registerMigration("outbox") { db in
      try db.execute(sql: outbox)
    }
    migrator.registerMigration("account") { db in
      try db.execute(sql: account)
    }
    migrator.registerMigration("reconciliation") { db in
      try db.execute(sql: reconciliation)
    }
    migrator.registerMigration("notice salt") { db in
      try db.execute(sql: noticeSalt)
    }
    migrator.registerMigration("media") { db in
      try db.execute(sql: media)
    }
    migrator.registerMigration("saved links") { db in
      try db.execute(sql: savedLinks)
    }
    migrator.registerMigration("retention") { db in
      try db.execute(sql: retention)
    }
    migrator.registerMigration("search") { db in
      try db.execute(sql: search)
    }
    migrator.registerMigration("set aside") { db in
      try db.execute(sql: setAside)
    }
    migrator.registerMigration("freshness") { db in
      try db.execute(sql: freshness)
      try moveOpenGaps(db)
    }
    migrator.registerMigration("media states") { db in
      try addMediaStates(db)
    }
    migrator.registerMigration("notice order") { db in try addNoticeOrder(db) }
    migrator.registerMigration("whole messages") { db in
      try db.execute(sql: wholeMessages)
    }
    migrator.registerMigration("later media") { db in
      try addLaterMedia(db)
    }
    migrator.registerMigration("chat migrations") { db in
      try db.execute(sql: chatMigrations)
    }
    return migrator
  }

  /// Adds a column unless the table has it.
  static func addColumn(_ name: String, _ definition: String, to table: String, _ db: Database) throws {
    guard try !db.columns(in: table).contains(where: { $0.name == name }) else { return }
    try db.execute(sql: "ALTER TABLE \(table) ADD COLUMN \(name) \(definition)")
  }

  /// Refuses a database that another program made.
  static func checkIsOurs(_ db: Database, path: String) throws {
    if try db.tableExists("grdb_migrations") { return }
    guard try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 else {
      throw ArchiveError.corrupt(path: path, detail: "it is a database, but no archive of tgl")
    }
  }

  private static let peers = """
    CREATE TABLE peer (
      id INTEGER PRIMARY KEY,
      type TEXT NOT NULL CHECK (type IN ('user', 'bot', 'group', 'supergroup', 'channel')),
      access_hash INTEGER,
      is_min INTEGER NOT NULL DEFAULT 0,
      username TEXT,
      phone TEXT,
      first_name TEXT,
      last_name TEXT,
      title TEXT,
      noforwards INTEGER NOT NULL DEFAULT 0,
      is_forum INTEGER NOT NULL DEFAULT 0,
      seen_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX peer_by_username ON peer (username COLLATE NOCASE) WHERE username IS NOT NULL;

    """

  // `message_without_chat` serves `updateDeleteMessages`, which names messages of private chats and basic groups by
  // their id alone. Channels and supergroups (and monoforums) lie below -1000000000000 and are not in it at all.
  private static let messages = """
    CREATE TABLE message (
      chat_id INTEGER NOT NULL,
      id INTEGER NOT NULL,
      sender_id INTEGER,
      date INTEGER NOT NULL,
      edit_date INTEGER,
      received_at INTEGER NOT NULL,
      deleted_at INTEGER,
      version INTEGER NOT NULL DEFAULT 1,
      outgoing INTEGER NOT NULL DEFAULT 0,
      post INTEGER NOT NULL DEFAULT 0,
      noforwards INTEGER NOT NULL DEFAULT 0,
      ttl_seconds INTEGER,
      ttl_period INTEGER,
      reply_to_id INTEGER,
      reply_to_chat_id INTEGER,
      topic_id INTEGER,
      grouped_id INTEGER,
      via_bot_id INTEGER,
      post_author TEXT,
      forward TEXT,
      text TEXT NOT NULL DEFAULT '',
      entities TEXT,
      media_kind TEXT,
      media_id INTEGER,
      action_kind TEXT,
      layer INTEGER,
      media BLOB,
      action BLOB,
      rich BLOB,
      PRIMARY KEY (chat_id, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX message_without_chat ON message (id) WHERE chat_id > -1000000000000;
    CREATE INDEX message_by_date ON message (date);

    CREATE TABLE message_version (
      chat_id INTEGER NOT NULL,
      id INTEGER NOT NULL,
      version INTEGER NOT NULL,
      date INTEGER NOT NULL,
      replaced_at INTEGER NOT NULL,
      text TEXT NOT NULL,
      entities TEXT,
      media_kind TEXT,
      media_id INTEGER,
      layer INTEGER,
      media BLOB,
      rich BLOB,
      PRIMARY KEY (chat_id, id, version),
      FOREIGN KEY (chat_id, id) REFERENCES message (chat_id, id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    """

  private static let updates = """
    CREATE TABLE update_state (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      pts INTEGER NOT NULL,
      qts INTEGER NOT NULL,
      date INTEGER NOT NULL,
      seq INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE channel_state (
      channel_id INTEGER PRIMARY KEY,
      pts INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE update_gap (
      id INTEGER PRIMARY KEY,
      channel_id INTEGER,
      from_pts INTEGER NOT NULL,
      to_pts INTEGER,
      reason TEXT NOT NULL,
      noticed_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE unknown_update (
      id INTEGER PRIMARY KEY,
      received_at INTEGER NOT NULL,
      layer INTEGER NOT NULL,
      raw BLOB NOT NULL
    ) STRICT;

    """

  // AUTOINCREMENT: rows go out in the order of their ids, so an id must never be used again. The oldest pending row is
  // found by walking the table, past the few that are parked.
  private static let outbox = """
    CREATE TABLE outbox (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      payload TEXT NOT NULL,
      random_id INTEGER NOT NULL,
      state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'parked')),
      not_before INTEGER NOT NULL DEFAULT 0,
      attempts INTEGER NOT NULL DEFAULT 0,
      last_error TEXT,
      posts TEXT,
      sent_parts INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX outbox_parked ON outbox (not_before, id) WHERE state = 'parked';
    CREATE TABLE outbox_item (
      outbox_id INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      payload TEXT NOT NULL,
      PRIMARY KEY (outbox_id, position)
    ) STRICT, WITHOUT ROWID;

    """

  // What was not seen, what has been compared since, and which earlier messages are still to be fetched. `scope` is a
  // channel's chat id, or 0 for private chats and basic groups, whose messages share one numbering.
  private static let reconciliation = """
    ALTER TABLE update_gap ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE update_gap ADD COLUMN last_id INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE update_gap ADD COLUMN reconciled_at INTEGER;
    CREATE INDEX update_gap_open ON update_gap (id) WHERE reconciled_at IS NULL;
    CREATE TABLE comparison (
      scope INTEGER PRIMARY KEY,
      compared_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE history_job (
      chat_id INTEGER NOT NULL,
      stop_id INTEGER NOT NULL,
      below_id INTEGER NOT NULL,
      wanted INTEGER NOT NULL,
      fetched INTEGER NOT NULL DEFAULT 0,
      finished_at INTEGER,
      PRIMARY KEY (chat_id, stop_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX history_job_open ON history_job (chat_id) WHERE finished_at IS NULL;

    """

  // See `NoticeIdentity`.
  private static let noticeSalt = """
    CREATE TABLE notice_salt (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      salt INTEGER NOT NULL
    ) STRICT;
    INSERT INTO notice_salt (id, salt) VALUES (1, random());

    """

  // Whose messages these are: the update state of one account means nothing for another.
  private static let account = """
    CREATE TABLE account (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      user_id INTEGER NOT NULL
    ) STRICT;

    """
}
