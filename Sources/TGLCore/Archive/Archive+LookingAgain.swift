import GRDB
public import TelegramClient

/// A stored message that may have changed since.
public struct StoredMessage: Sendable, Hashable {
  public var chat: PeerID
  public var id: Int64
  public var version: Int64
  public var editDate: Int64?
  /// When it was sent, in seconds since 1970, as all times here.
  public var date: Int64
  /// When it was last known to be there.
  public var lastSeenAt: Int64
}

/// How much is going on in a scope.
public struct ScopeActivity: Sendable, Hashable {
  public var scope: MessageScope
  /// When its newest message was sent, in seconds since 1970.
  public var newest: Int64
  /// When all its recent messages were last asked for.
  public var comparedAt: Int64?
}

extension Archive {
  /// Scopes with messages sent since a time (seconds since 1970).
  func activity(since: Int64) async throws(ArchiveError) -> [ScopeActivity] {
    try await read { db in try LookingAgainTable.activity(since: since, db) }
  }

  /// Messages that are not deleted, newest first, from below an id on.
  func storedMessages(
    in scope: MessageScope, below id: Int64?, limit: Int
  ) async throws(ArchiveError) -> [StoredMessage] {
    try await read { db in try LookingAgainTable.stored(in: scope, below: id, limit: limit, db) }
  }

  /// Messages of a scope by their ids, as far as they are stored and not deleted.
  func storedMessages(
    _ ids: some Sequence<Int64> & Sendable, in scope: MessageScope
  ) async throws(ArchiveError) -> [StoredMessage] {
    try await read { db in
      try ids.compactMap { id in
        try LookingAgainTable.stored(in: scope, below: id + 1, limit: 1, db).first { $0.id == id }
      }
    }
  }

  /// The scopes of which something may be missing, the longest missing first.
  func openGaps() async throws(ArchiveError) -> [(scope: MessageScope, value: Freshness)] {
    try await read { db in try FreshnessTable.open(db) }
  }

  /// What is known of a scope.
  public func freshness(of scope: MessageScope) async throws(ArchiveError) -> Freshness {
    try await read { db in try FreshnessTable.load(scope, db) }
  }

  /// Channels that are followed, by bare id.
  func followedChannels() async throws(ArchiveError) -> Set<Int64> {
    try await read { db in try Int64.fetchSet(db, sql: "SELECT channel_id FROM channel_state") }
  }

  func add(jobs: [HistoryJob]) async throws(ArchiveError) {
    try await write { db in
      for job in jobs { try LookingAgainTable.add(job, db) }
    }
  }

  /// Jobs that are not finished; those behind a message that is stored first.
  func openJobs(limit: Int) async throws(ArchiveError) -> [HistoryJob] {
    try await read { db in try LookingAgainTable.openJobs(limit: limit, db) }
  }
}
