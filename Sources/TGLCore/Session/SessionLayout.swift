import GRDB

/// The tables of a session file.
enum SessionLayout {
  /// Telethon's layout version that new files get; the newest that is understood.
  static let newest = 8
  /// The oldest whose access hashes can be trusted.
  private static let oldest = 6

  /// Makes the tables of a new file; checks those of an old one and adds only our own.
  static func prepare(_ db: Database, path: String) throws {
    if try db.tableExists("version") {
      // Kurigram and Pyrogram have a table of that name too, with other columns.
      guard try has(["version"], "version", db),
        let version = try DatabaseValue.fetchOne(db, sql: "SELECT version FROM version").flatMap(Int.fromDatabaseValue)
      else { throw SessionFileError.foreign(path: path) }
      guard version <= newest else { throw SessionFileError.tooNew(path: path, version: version) }
      guard try has(["dc_id", "server_address", "port", "auth_key"], "sessions", db),
        try has(["id", "hash", "username", "phone", "name"], "entities", db)
      else { throw SessionFileError.foreign(path: path) }
      guard version >= oldest, try has(["takeout_id"], "sessions", db),
        try has(["id", "pts", "qts", "date", "seq"], "update_state", db)
      else { throw SessionFileError.tooOld(path: path, version: version) }
    } else {
      guard try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 else {
        throw SessionFileError.foreign(path: path)
      }
      try create(db)
    }
    try db.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS tgl_dc (
          dc_id INTEGER PRIMARY KEY, server_address TEXT NOT NULL, port INTEGER NOT NULL, auth_key BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS tgl_hint (
          dc_id INTEGER PRIMARY KEY, salt INTEGER NOT NULL, time_offset_ms INTEGER NOT NULL);
        """)
  }

  private static func has(_ columns: [String], _ table: String, _ db: Database) throws -> Bool {
    guard try db.tableExists(table) else { return false }
    return try Set(columns).isSubset(of: db.columns(in: table).map(\.name))
  }

  private static func create(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE version (version INTEGER PRIMARY KEY);
        CREATE TABLE sessions (
          dc_id INTEGER PRIMARY KEY, server_address TEXT, port INTEGER, auth_key BLOB, takeout_id INTEGER,
          tmp_auth_key BLOB);
        CREATE TABLE entities (
          id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, username TEXT, phone INTEGER, name TEXT, date INTEGER);
        CREATE TABLE sent_files (
          md5_digest BLOB, file_size INTEGER, type INTEGER, id INTEGER, hash INTEGER,
          PRIMARY KEY (md5_digest, file_size, type));
        CREATE TABLE update_state (id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date INTEGER, seq INTEGER);
        """)
    try db.execute(sql: "INSERT INTO version VALUES (?)", arguments: [newest])
  }
}
