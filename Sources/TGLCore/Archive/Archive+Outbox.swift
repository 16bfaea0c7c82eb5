import GRDB
import TelegramClient

/// What happened to an outbox row.
public enum OutboxChange: Sendable, Hashable {
  /// What is going to be sent.
  case rendered([Post])
  /// The text that is going to be sent ahead of the files it belongs to.
  case renderedAhead([Post])
  case sentParts(Int)
  /// The text is sent, and the files are to answer this message of the log chat; nil when its id is not known.
  case sentAhead(Int, post: Int64?)
  case postponed(OutboxRow.State, until: Int64, attempts: Int, error: String)
}

/// What decides which rows may be posted; in seconds.
struct OutboxTimes: Sendable, Hashable {
  /// Since 1970.
  var now: Int64
  /// How long an edit may settle.
  var longestSettling: Int64 = 0
  /// How long a notice waits for its files.
  var mediaWait = Self.forever

  /// Longer than anything lasts, and short enough to be added to a time.
  static let forever: Int64 = 1 << 40
}

/// The rows that are to be sent next.
struct OutboxPage: Sendable {
  /// Those that are ready, in order.
  var pending: ArraySlice<OutboxRow> = []
  /// The parked one that is due first.
  var parked: OutboxRow?
  /// When the next one becomes ready by time alone, where none is.
  var nextReady: Int64?
}

extension Archive {
  /// Removes rows that are told, and answers those that are next then: one turn at the database instead of two.
  ///
  /// The pending rows it answers are marked as begun, and that outlasts a power cut: from then on nothing is added to them,
  /// so that what was posted of a row is never posted again as a part of another.
  ///
  /// - Parameter limit: how many pending ones at most.
  func nextOutboxRows(
    removing told: [OutboxRow.ID] = [], limit: Int, _ times: OutboxTimes
  ) async throws(ArchiveError) -> OutboxPage {
    let page = try await peekOutbox(limit: limit, times)
    let isBegun = page.pending.allSatisfy { $0.isBegun || told.contains($0.id) }
    if told.isEmpty, isBegun { return page }
    return try await write(durably: !isBegun) { db in
      for row in told { try OutboxTable.remove(row, db) }
      let page = try Self.page(limit: limit, times, db)
      for row in page.pending where !row.isBegun { try OutboxTable.begin(row.id, db) }
      return page
    }
  }

  /// The rows that are next, as they are now: they may still be changed.
  func peekOutbox(limit: Int, _ times: OutboxTimes) async throws(ArchiveError) -> OutboxPage {
    try await read { db in try Self.page(limit: limit, times, db) }
  }

  private static func page(limit: Int, _ times: OutboxTimes, _ db: Database) throws -> OutboxPage {
    var page = OutboxPage(
      pending: try OutboxTable.pending(limit: limit, times, db)[...],
      parked: try OutboxTable.firstParked(now: times.now, db))
    if page.pending.isEmpty { page.nextReady = try OutboxTable.nextReady(times, db) }
    return page
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
  func digestItems(
    of row: Int64, from position: Int64, limit: Int
  ) async throws(ArchiveError) -> [(position: Int64, notice: Notice)] {
    try await read { db in
      let statement = try db.cachedStatement(
        sql: "SELECT position, payload FROM outbox_item WHERE outbox_id = ? AND position >= ? ORDER BY position LIMIT ?"
      )
      var items: [(Int64, Notice)] = []
      try statement.forEach(row, position, limit) { item in
        items.append((item[0], try ArchiveJSON.decode(Notice.self, from: item[1] as String)))
      }
      return items
    }
  }

  /// Notes where in the log chat the media of a message was posted when it was opened.
  func note(post: Int64, of message: Int64, in chat: PeerID) async throws(ArchiveError) {
    try await write { db in
      let statement = try db.cachedStatement(
        sql: """
          INSERT OR REPLACE INTO posted_notice (chat_id, message_id, post_id)
          SELECT chat_id, id, ? FROM message WHERE chat_id = ? AND id = ?
          """)
      try statement.run(post, chat.rawValue, message)
    }
  }

  /// Where in the log chat the media of a message was posted when it was opened; nil when that is not known.
  func post(of message: Int64, in chat: PeerID) async throws(ArchiveError) -> Int64? {
    try await read { db in
      let statement = try db.cachedStatement(
        sql: "SELECT post_id FROM posted_notice WHERE chat_id = ? AND message_id = ?")
      return try statement.first(chat.rawValue, message) { $0[0] }
    }
  }
}
