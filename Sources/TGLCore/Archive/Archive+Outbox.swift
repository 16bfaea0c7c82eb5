import GRDB

/// What happened to an outbox row.
public enum OutboxChange: Sendable, Hashable {
  /// What is going to be sent; once set, it stays.
  case rendered([Post])
  case sentParts(Int)
  /// All of it is in the log chat.
  case done
  case postponed(OutboxRow.State, until: Int64, attempts: Int, error: String)
}

extension Archive {
  /// The rows to choose from: the oldest pending one, and the parked one that is due first.
  func outboxHeads() async throws(ArchiveError) -> OutboxHeads {
    try await read { db in
      OutboxHeads(pending: try OutboxTable.firstPending(db), parked: try OutboxTable.firstParked(db))
    }
  }

  /// Removes a row that is told, and answers the rows to choose from then: one turn at the database instead of two.
  func finish(_ row: Int64) async throws(ArchiveError) -> OutboxHeads {
    try await write { db in
      try OutboxTable.apply(.done, to: row, db)
      return OutboxHeads(pending: try OutboxTable.firstPending(db), parked: try OutboxTable.firstParked(db))
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
