/// A session that lives as long as the process.
public actor InMemorySessionStore: SessionStore {
  private var homeDC: StoredDC?
  private var authorizations: [Int: StoredDC] = [:]
  private var hints: [Int: StoredSessionHint] = [:]
  private var entities: [PeerID: StoredEntity] = [:]
  private var idsByUsername: [String: PeerID] = [:]

  public init(home: StoredDC? = nil) { homeDC = home }

  public func home() -> StoredDC? { homeDC }
  public func setHome(_ dc: StoredDC) { homeDC = dc }

  public func authorization(dc: Int) -> StoredDC? { authorizations[dc] }
  public func setAuthorization(_ dc: StoredDC) { authorizations[dc.id] = dc }

  public func sessionHint(dc: Int) -> StoredSessionHint? { hints[dc] }
  public func setSessionHint(_ hint: StoredSessionHint) { hints[hint.dc] = hint }

  public func entity(_ id: PeerID) -> StoredEntity? { entities[id] }

  public func entity(username: String) -> StoredEntity? {
    idsByUsername[username.lowercased()].flatMap { entities[$0] }
  }

  public func save(entities new: [StoredEntity]) {
    for entity in new {
      if let old = entities[entity.id]?.username?.lowercased(), idsByUsername[old] == entity.id {
        idsByUsername[old] = nil
      }
      entities[entity.id] = entity
      if let username = entity.username { idsByUsername[username.lowercased()] = entity.id }
    }
  }

  public func clear() {
    homeDC = nil
    authorizations = [:]
    hints = [:]
    entities = [:]
    idsByUsername = [:]
  }
}
