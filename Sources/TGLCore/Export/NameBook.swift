import TelegramClient

/// The names of peers, each looked up once.
struct NameBook {
  private let snapshot: ArchiveSnapshot
  private var known: [PeerID: PeerRecord?] = [:]

  init(_ snapshot: ArchiveSnapshot) { self.snapshot = snapshot }

  mutating func peer(_ id: PeerID) throws -> PeerRecord? {
    if let peer = known[id] { return peer }
    let peer = try snapshot.peer(id)
    known[id] = .some(peer)
    return peer
  }

  /// Nil for a peer without a name.
  mutating func name(_ id: PeerID) throws -> String? { try peer(id)?.name }
}
