import GRDB
import TelegramClient

/// The statements on `freshness`.
enum FreshnessTable {
  /// What is known of a scope, with the position that is applied.
  static func load(_ scope: MessageScope, _ db: Database) throws -> Freshness {
    let statement = try db.cachedStatement(sql: "SELECT missed_since, value FROM freshness WHERE scope = ?")
    let row = try Row.fetchOne(statement, arguments: [scope.column])
    var value = row.map { decode($0["value"], missedSince: $0["missed_since"], scope) } ?? Freshness()
    value.pts = try StateTable.pts(of: scope, db)
    return value
  }

  static func save(_ value: Freshness, of scope: MessageScope, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO freshness (scope, missed_since, value) VALUES (?, ?, ?)
        ON CONFLICT (scope) DO UPDATE SET missed_since = excluded.missed_since, value = excluded.value
        """)
    try statement.execute(arguments: [scope.column, value.missedSince, try ArchiveJSON.encode(value)])
  }

  /// The scopes of which something may be missing, the longest missing first.
  static func open(_ db: Database) throws -> [(scope: MessageScope, value: Freshness)] {
    let statement = try db.cachedStatement(
      sql: "SELECT scope FROM freshness WHERE missed_since IS NOT NULL ORDER BY missed_since, scope")
    return try Int64.fetchAll(statement).compactMap { column in
      guard let scope = MessageScope(column: column) else { return nil }
      return (scope, try load(scope, db))
    }
  }

  /// Applies a step of the reconciler's in the transaction that records what it found.
  static func apply(_ step: FreshnessStep, to scope: MessageScope, now: Int64, _ db: Database) throws {
    var value = try load(scope, db)
    switch step {
    case .listed(let chats, let misses):
      value.listed(chats.map { ($0.key, $0.value) }, misses: misses, now: now)
    case .fetched(let page, let misses):
      value.fetched(page, misses: misses, now: now)
    case .compared(let lowest, let isLast, let unsettled, let misses):
      value.compared(downTo: lowest, isLast: isLast, unsettled: unsettled, misses: misses, now: now)
    case .settled(let asked, let still, let misses):
      value.settled(asked, still: still, misses: misses, now: now)
    case .closed(let misses):
      guard value.close(misses: misses) else { return }
      try StateTable.closeGaps(of: scope, now: now, db)
    }
    try save(value, of: scope, db)
  }

  /// Notes that messages of a scope are about to be stored that no update has told of.
  static func noteUntold(_ top: Int64, in scope: MessageScope, _ db: Database) throws {
    let newest = try LookingAgainTable.newest(in: scope, db)?.id ?? 0
    guard top > newest else { return }
    var value = try load(scope, db)
    value.stored(untold: top, newest: newest)
    try save(value, of: scope, db)
  }

  /// One that cannot be read is taken for a window of which nothing is known.
  private static func decode(_ json: String, missedSince: Int64?, _ scope: MessageScope) -> Freshness {
    if var value = try? ArchiveJSON.decode(Freshness.self, from: json) {
      value.sanitize()
      return value
    }
    var value = Freshness()
    if let missedSince {
      value.missed(in: scope, newest: 0, since: missedSince, events: 10_000, now: missedSince)
    }
    return value
  }
}
