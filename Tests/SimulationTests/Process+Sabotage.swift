import GRDB
import MTProto
import TL
import TelegramClient

@testable import TGLCore

// Ways to break an invariant that are in the archive, or in what it is given.

extension Process {
  private static let holdBack = """
    CREATE TRIGGER sabotage AFTER INSERT ON outbox WHEN new.kind <> 'digest' BEGIN
      INSERT INTO held_back (kind, created_at, payload, random_id)
        VALUES (new.kind, new.created_at, new.payload, new.random_id);
      DELETE FROM outbox WHERE id = new.id;
    END;
    """

  func sabotageArchive() throws {
    guard world.sabotage == .noticeBehindTransaction else { return }
    try archive.pool.write { db in
      try db.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS held_back (
            id INTEGER PRIMARY KEY, kind TEXT, created_at INTEGER, payload TEXT, random_id INTEGER);
          DELETE FROM held_back;
          DROP TRIGGER IF EXISTS sabotage;
          \(Self.holdBack)
          """)
    }
  }

  /// What may have been missed is forgotten.
  func forgetGaps() async {
    try? await archive.write { db in
      try db.execute(
        sql: "DELETE FROM freshness; UPDATE update_gap SET reconciled_at = noticed_at WHERE reconciled_at IS NULL")
    }
  }

  func letNoticesGo() async throws {
    try await archive.write { db in
      try db.execute(
        sql: """
          DROP TRIGGER IF EXISTS sabotage;
          INSERT INTO outbox (kind, created_at, payload, random_id)
            SELECT kind, created_at, payload, random_id FROM held_back ORDER BY id;
          DELETE FROM held_back;
          \(Self.holdBack)
          """)
    }
  }

  /// What was before an edit once more behind it, with the edit's date.
  func repeatingOlder(_ updates: [API.AnyUpdate]) -> [API.AnyUpdate] {
    updates.flatMap { update -> [API.AnyUpdate] in
      guard case .updateEditMessage(var edit) = update, case .message(var message) = edit.message,
        let chat = PeerID(message.peerId),
        case .message(let first) = world.server.message(MessageKey(chat: chat.rawValue, id: message.id), version: 0)
      else { return [update] }
      message.message = first.message
      edit.message = .message(message)
      return [update, .updateEditMessage(edit)]
    }
  }

  /// Renumbers updates so that none leaves a hole: what an engine does that does not look at `pts`.
  func closingHoles(_ payload: UpdatePayload) -> UpdatePayload {
    guard case .updates(.updates(var container)) = payload else { return payload }
    func next(_ channel: Int64?, _ count: Int32) -> Int32 {
      let pts = (world.oracle.reached[channel] ?? 0) + count
      world.oracle.reached[channel] = pts
      return pts
    }
    container.updates = container.updates.map { update in
      switch update {
      case .updateNewMessage(var update):
        update.pts = next(nil, update.ptsCount)
        return .updateNewMessage(update)
      case .updateEditMessage(var update):
        update.pts = next(nil, update.ptsCount)
        return .updateEditMessage(update)
      case .updateDeleteMessages(var update):
        update.pts = next(nil, update.ptsCount)
        return .updateDeleteMessages(update)
      default: return update
      }
    }
    return .updates(.updates(container))
  }
}
