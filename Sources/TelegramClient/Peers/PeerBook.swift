import Logging
import TL

/// Remembers every peer that answers and updates describe, so that it can be addressed later.
actor PeerBook {
  /// What was saved lately need not be saved again: a busy chat names the same peers in every update.
  private static let recentLimit = 4096

  private let store: any SessionStore
  private let wallClock: WallClock
  private let logger: Logger
  private var recent: [PeerID: StoredEntity] = [:]

  init(store: any SessionStore, wallClock: WallClock, logger: Logger) {
    self.store = store
    self.wallClock = wallClock
    self.logger = logger
  }

  /// Saves the peers `value` carries; those only sketched ("min") never replace what is known.
  ///
  /// A store that fails is logged: what was asked for has been answered all the same.
  func harvest(_ value: any PeerCarrying) async {
    let date = wallClock.secondsSince1970
    let found =
      value.carriedUsers.compactMap { StoredEntity($0, date: date) }
      + value.carriedChats.compactMap { StoredEntity($0, date: date) }
    let news = found.filter { entity in
      guard var known = recent[entity.id] else { return true }
      known.date = entity.date
      return known != entity
    }
    guard !news.isEmpty else { return }
    do {
      try await store.save(entities: news)
    } catch {
      logger.error("peers not saved", metadata: ["count": "\(news.count)", "error": "\(error)"])
      return
    }
    if recent.count + news.count > Self.recentLimit { recent = [:] }
    for entity in news { recent[entity.id] = entity }
  }

  func entity(_ id: PeerID) async throws(TelegramError) -> StoredEntity? {
    if let entity = recent[id] { return entity }
    do { return try await store.entity(id) } catch { throw .store("\(error)") }
  }

  func entity(username: String) async throws(TelegramError) -> StoredEntity? {
    do { return try await store.entity(username: username) } catch { throw .store("\(error)") }
  }

  func forgetAll() { recent = [:] }
}
