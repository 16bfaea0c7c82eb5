import GRDB
public import TelegramClient

/// A message with what the archive knows of its fate.
public struct ArchivedMessage: Sendable, Hashable {
  public var message: MessageRecord
  /// Which version `message` is; the first is 1.
  public var version: Int
  /// When its deletion was heard of, in seconds since 1970.
  public var deletedAt: Int64?
}

/// A text that an edit replaced.
public struct EarlierVersion: Sendable, Hashable {
  public var version: Int
  /// Since when it stood there, in seconds since 1970.
  public var date: Int64
  public var text: FormattedText
}

/// How a user can be named in a call.
public enum UserReference: Sendable, Hashable {
  case accessHash(Int64)
  /// As the sender of a message.
  case seen(chat: PeerID, message: Int64)
}

/// How much is in the archive.
public struct ArchiveCounts: Sendable, Hashable {
  public var messages = 0
  public var deleted = 0
  public var versions = 0
  public var peers = 0
  public var unknownUpdates = 0
  public var outboxPending = 0
  public var outboxParked = 0
}

extension Archive {
  public func message(chat: PeerID, id: Int64) async throws(ArchiveError) -> ArchivedMessage? {
    try await read { db in
      try MessageTable.find(chat: chat, id: id, db).map {
        ArchivedMessage(message: $0.message, version: Int($0.version), deletedAt: $0.deletedAt)
      }
    }
  }

  /// What a message said before, oldest first.
  public func earlierVersions(chat: PeerID, id: Int64) async throws(ArchiveError) -> [EarlierVersion] {
    try await read { db in
      let sql = "SELECT * FROM message_version WHERE chat_id = ? AND id = ? ORDER BY version"
      return try Row.fetchAll(db, sql: sql, arguments: [chat.rawValue, id]).map { row in
        EarlierVersion(
          version: row["version"], date: row["date"],
          text: FormattedText(row["text"], entities: ArchiveJSON.decode(entities: row["entities"])))
      }
    }
  }

  public func peer(_ id: PeerID) async throws(ArchiveError) -> PeerRecord? {
    try await read { db in try PeerTable.find(id, db) }
  }

  /// How users can be named, by their bare ids, as far as it is known.
  ///
  /// Source: "Min constructors", core.telegram.org/api/min.
  /// - Parameter chat: where users were met whose access hash is not good by itself.
  public func references(
    toUsers ids: Set<Int64>, metIn chat: PeerID?
  ) async throws(ArchiveError) -> [Int64: UserReference] {
    if ids.isEmpty { return [:] }
    return try await read { db in
      var references: [Int64: UserReference] = [:]
      for id in ids {
        guard let user = PeerID.user(id), let peer = try PeerTable.find(user, db) else { continue }
        if let hash = peer.accessHash, !peer.isMin {
          references[id] = .accessHash(hash)
        } else if let chat, let message = try MessageTable.newest(by: user, in: chat, db) {
          references[id] = .seen(chat: chat, message: message)
        }
      }
      return references
    }
  }

  /// Counts everything; takes time on a large archive.
  public func counts() async throws(ArchiveError) -> ArchiveCounts {
    try await read { db in
      func count(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: "SELECT count(*) FROM \(sql)") ?? 0 }
      return ArchiveCounts(
        messages: try count("message"), deleted: try count("message WHERE deleted_at IS NOT NULL"),
        versions: try count("message_version"), peers: try count("peer"),
        unknownUpdates: try count("unknown_update"), outboxPending: try count("outbox WHERE state = 'pending'"),
        outboxParked: try count("outbox WHERE state = 'parked'"))
    }
  }
}
