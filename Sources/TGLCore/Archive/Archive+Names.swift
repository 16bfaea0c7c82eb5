import GRDB
public import TelegramClient

/// A chat or person as somebody names it.
public enum PeerReference: Sendable, Hashable {
  case id(PeerID)
  /// Without "@".
  case username(String)

  /// Nil for what is neither an id nor a username.
  public init?(_ text: String) {
    if let id = Int64(text) {
      guard let peer = PeerID(rawValue: id) else { return nil }
      self = .id(peer)
    } else {
      let name = text.hasPrefix("@") ? text.dropFirst() : text[...]
      guard !name.isEmpty, name.utf8.allSatisfy({ $0 == 95 || (48...57).contains($0) || (65...90).contains($0 & 0xDF) })
      else { return nil }
      self = .username(String(name))
    }
  }
}

extension Archive {
  /// The peer a reference names; nil for a username that was never seen.
  public func resolve(_ reference: PeerReference) async throws(ArchiveError) -> PeerID? {
    switch reference {
    case .id(let id): return id
    case .username(let name):
      return try await read { db in
        try Int64.fetchOne(
          db, sql: "SELECT id FROM peer WHERE username = ? COLLATE NOCASE ORDER BY seen_at DESC LIMIT 1",
          arguments: [name]
        ).flatMap(PeerID.init(rawValue:))
      }
    }
  }
}
