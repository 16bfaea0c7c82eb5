import GRDB
import TelegramClient

/// The statements on `peer`.
enum PeerTable {
  private static let upsert = """
    INSERT INTO peer
      (id, type, access_hash, is_min, username, phone, first_name, last_name, title, noforwards, is_forum, seen_at)
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (id) DO UPDATE SET
      type = excluded.type, access_hash = excluded.access_hash, is_min = excluded.is_min, username = excluded.username,
      phone = excluded.phone, first_name = excluded.first_name, last_name = excluded.last_name, title = excluded.title,
      noforwards = excluded.noforwards, is_forum = excluded.is_forum, seen_at = excluded.seen_at
    """

  /// How long a peer that is seen unchanged is not written again, in seconds: every batch brings the same ones.
  private static let restsFor: Int64 = 3_600

  /// Keeps what a peer is now; one that was seen only in passing never replaces what is known better.
  static func save(_ peer: PeerRecord, now: Int64, _ db: Database) throws {
    var peer = peer
    if let (known, seenAt) = try stored(peer.id, db) {
      if peer.isMin, !known.isMin { return }
      // What only came with a message is no use to somebody who is known by himself.
      if peer.accessHash == nil, !known.isMin || peer.isMin { peer.accessHash = known.accessHash }
      if peer == known {
        if now >= seenAt + restsFor {
          try db.cachedStatement(sql: "UPDATE peer SET seen_at = ? WHERE id = ?").run(now, peer.id.rawValue)
        }
        return
      }
    }
    let statement = try db.cachedStatement(sql: upsert)
    try statement.run(
      peer.id.rawValue, peer.type.rawValue, peer.accessHash, peer.isMin, peer.username, peer.phone, peer.firstName,
      peer.lastName, peer.title, peer.noforwards, peer.isForum, now)
  }

  /// Takes over what an update says of somebody who is known.
  static func apply(_ change: PeerChange, to id: PeerID, _ db: Database) throws {
    switch change {
    case .name(let first, let last, let username):
      let statement = try db.cachedStatement(
        sql: "UPDATE peer SET first_name = ?, last_name = ?, username = ? WHERE id = ?")
      try statement.run(first, last, username, id.rawValue)
    case .phone(let phone):
      let statement = try db.cachedStatement(sql: "UPDATE peer SET phone = ? WHERE id = ?")
      try statement.run(phone, id.rawValue)
    }
  }

  static func find(_ id: PeerID, _ db: Database) throws -> PeerRecord? { try stored(id, db)?.peer }

  private static func stored(_ id: PeerID, _ db: Database) throws -> (peer: PeerRecord, seenAt: Int64)? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT type, access_hash, is_min, username, phone, first_name, last_name, title, noforwards, is_forum, seen_at
        FROM peer WHERE id = ?
        """)
    return try statement.first(id.rawValue) { row in
      guard let type = PeerType(rawValue: row[0]) else { return nil }
      let peer = PeerRecord(
        id: id, type: type, accessHash: row[1], isMin: row[2], username: row[3], phone: row[4], firstName: row[5],
        lastName: row[6], title: row[7], noforwards: row[8], isForum: row[9])
      return (peer, row[10])
    }
  }
}
