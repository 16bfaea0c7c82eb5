import Foundation
import GRDB
import TelegramClient

/// The names of chats and people, as the session file of the Python service has them.
///
/// Only names: an access hash is good for one account, and the session file keeps it where it is.
struct LegacyNames {
  private let queue: DatabaseQueue?

  /// - Parameter path: of the session file; without one, or one that cannot be read, nobody has a name.
  init(session path: String) {
    let queue = access(path, F_OK) == 0 ? try? ReadOnlyDatabase.open(path) : nil
    let isSession = try? queue?.read { db in
      try db.tableExists("entities")
        && Set(["id", "username", "name"]).isSubset(of: db.columns(in: "entities").map(\.name))
    }
    self.queue = isSession == true ? queue : nil
  }

  func find(_ id: PeerID) -> (name: String?, username: String?)? {
    let row = try? queue?.read { db in
      try Row.fetchOne(
        db.cachedStatement(sql: "SELECT name, username FROM entities WHERE id = ?"), arguments: [id.rawValue])
    }
    guard let row else { return nil }
    let name = String.fromDatabaseValue(row[0] as DatabaseValue)
    let username = String.fromDatabaseValue(row[1] as DatabaseValue)
    return (name.flatMap { $0.isEmpty ? nil : $0 }, username.flatMap { $0.isEmpty ? nil : $0 })
  }

  /// What is known of a peer; nil when it is nothing.
  ///
  /// Marked as seen in passing, so that whatever Telegram says of it takes its place.
  func peer(_ id: PeerID, type: PeerType?) -> PeerRecord? {
    let known = find(id)
    let fallback: PeerType? = id.kind == .user ? .user : nil
    guard let type = type ?? (known == nil ? nil : fallback) else { return nil }
    var peer = PeerRecord(id: id, type: type, isMin: true, username: known?.username)
    if id.kind == .user { peer.firstName = known?.name } else { peer.title = known?.name }
    return peer
  }
}
