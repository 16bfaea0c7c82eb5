import GRDB
import TelegramClient

/// The statements on `peer`.
enum PeerTable {
  /// A peer that is seen unchanged is written again at most once an hour: every batch brings the same ones.
  private static let upsert = """
    INSERT INTO peer
      (id, type, access_hash, is_min, username, phone, first_name, last_name, title, noforwards, is_forum, seen_at)
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (id) DO UPDATE SET
      type = excluded.type,
      access_hash = CASE
        WHEN excluded.access_hash IS NOT NULL THEN excluded.access_hash
        WHEN peer.is_min AND NOT excluded.is_min THEN NULL
        ELSE peer.access_hash END,
      is_min = excluded.is_min, username = excluded.username, phone = excluded.phone,
      first_name = excluded.first_name, last_name = excluded.last_name, title = excluded.title,
      noforwards = excluded.noforwards, is_forum = excluded.is_forum, seen_at = excluded.seen_at
    WHERE (peer.is_min OR NOT excluded.is_min) AND (
      excluded.seen_at >= peer.seen_at + 3600 OR (
        excluded.type, excluded.is_min, excluded.username, excluded.phone, excluded.first_name, excluded.last_name,
        excluded.title, excluded.noforwards, excluded.is_forum, COALESCE(excluded.access_hash, peer.access_hash)
      ) IS NOT (
        peer.type, peer.is_min, peer.username, peer.phone, peer.first_name, peer.last_name, peer.title,
        peer.noforwards, peer.is_forum, peer.access_hash))
    """

  static func save(_ peer: PeerRecord, now: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: upsert)
    try statement.execute(
      arguments: [
        peer.id.rawValue, peer.type.rawValue, peer.accessHash, peer.isMin, peer.username, peer.phone, peer.firstName,
        peer.lastName, peer.title, peer.noforwards, peer.isForum, now,
      ])
  }

  static func find(_ id: PeerID, _ db: Database) throws -> PeerRecord? {
    let statement = try db.cachedStatement(sql: "SELECT * FROM peer WHERE id = ?")
    return try Row.fetchOne(statement, arguments: [id.rawValue]).flatMap { row in
      guard let type = PeerType(rawValue: row["type"]) else { return nil }
      return PeerRecord(
        id: id, type: type, accessHash: row["access_hash"], isMin: row["is_min"], username: row["username"],
        phone: row["phone"], firstName: row["first_name"], lastName: row["last_name"], title: row["title"],
        noforwards: row["noforwards"], isForum: row["is_forum"])
    }
  }
}
