import GRDB
import TelegramClient

/// The statements on `chat_migration`: which basic groups have become supergroups.
enum ChatMigrationTable {
  /// Notes that a group has become another chat; false when that is known.
  static func add(_ group: PeerID, _ successor: PeerID, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO chat_migration (old_id, new_id) VALUES (?, ?)")
    try statement.run(group.rawValue, successor.rawValue)
    return db.changesCount == 1
  }

  static func all(_ db: Database) throws -> [PeerID: PeerID] {
    var successors: [PeerID: PeerID] = [:]
    let statement = try db.cachedStatement(sql: "SELECT old_id, new_id FROM chat_migration")
    try statement.forEach { row in
      guard let group = PeerID(rawValue: row[0]), let successor = PeerID(rawValue: row[1]) else { return }
      successors[group] = successor
    }
    return successors
  }
}

extension Archive {
  /// The supergroups that basic groups have become, by the groups.
  func chatSuccessors() async throws(ArchiveError) -> [PeerID: PeerID] {
    try await read { db in try ChatMigrationTable.all(db) }
  }
}

extension ArchiveSchema {
  static let chatMigrations = """
    CREATE TABLE IF NOT EXISTS chat_migration (
      old_id INTEGER PRIMARY KEY,
      new_id INTEGER NOT NULL
    ) STRICT;

    """
}
