import GRDB

/// What happened to an outbox row.
public enum OutboxChange: Sendable, Hashable {
  /// What is going to be sent; once set, it stays.
  case rendered([Post])
  case sentParts(Int)
  case postponed(OutboxRow.State, until: Int64, attempts: Int, error: String)
}

/// The rows that are to be sent next.
struct OutboxPage: Sendable {
  /// The oldest pending ones, in order.
  var pending: ArraySlice<OutboxRow> = []
  /// The parked one that is due first.
  var parked: OutboxRow?
}

extension Archive {
  /// Removes rows that are told, and answers those that are next then: one turn at the database instead of two.
  ///
  /// - Parameters:
  ///   - limit: how many pending ones at most.
  ///   - now: seconds since 1970.
  func nextOutboxRows(
    removing told: [OutboxRow.ID] = [], limit: Int, now: Int64 = .max
  ) async throws(ArchiveError) -> OutboxPage {
    @Sendable func page(_ db: Database) throws -> OutboxPage {
      OutboxPage(
        pending: try OutboxTable.pending(limit: limit, db)[...], parked: try OutboxTable.firstParked(now: now, db))
    }
    if told.isEmpty { return try await read(page) }
    return try await write { db in
      for row in told { try OutboxTable.remove(row, db) }
      return try page(db)
    }
  }

  /// Records what happened to a row.
  func apply(_ change: OutboxChange, to row: Int64) async throws(ArchiveError) {
    try await write { db in try OutboxTable.apply(change, to: row, db) }
  }

  /// Makes sure that a row, and everything committed before it, outlasts a power cut.
  ///
  /// For digests: which messages of a deletion one tells of depends on what else is in the archive, so that after a loss
  /// it may be written again as another, with a `random_id` the server does not know.
  func makeDurable(_ row: Int64) async throws(ArchiveError) {
    try await write(durably: true) { db in
      try db.execute(sql: "UPDATE outbox SET attempts = attempts WHERE id = ?", arguments: [row])
    }
  }

  /// Some of a digest's messages, in order, from `position` on.
  func digestItems(of row: Int64, from position: Int, limit: Int) async throws(ArchiveError) -> [Notice] {
    try await read { db in
      let sql = "SELECT payload FROM outbox_item WHERE outbox_id = ? AND position >= ? ORDER BY position LIMIT ?"
      return try String.fetchAll(db, sql: sql, arguments: [row, position, limit]).map { payload in
        try ArchiveJSON.decode(Notice.self, from: payload)
      }
    }
  }
}
