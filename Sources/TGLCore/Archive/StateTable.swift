import GRDB
import MTProto
import TelegramClient

/// The statements on `update_state`, `channel_state` and `update_gap`, the list of what was missed when.
enum StateTable {
  static func save(_ change: UpdatesStateChange, _ db: Database) throws {
    if let state = change.account {
      let statement = try db.cachedStatement(
        sql: """
          INSERT INTO update_state (id, pts, qts, date, seq) VALUES (1, ?, ?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET pts = excluded.pts, qts = excluded.qts, date = excluded.date, seq = excluded.seq
          """)
      try statement.run(Int(state.pts), Int(state.qts), Int(state.date), Int(state.seq))
    }
    for (channel, pts) in change.channels {
      if let pts {
        let statement = try db.cachedStatement(
          sql: """
            INSERT INTO channel_state (channel_id, pts) VALUES (?, ?)
            ON CONFLICT (channel_id) DO UPDATE SET pts = excluded.pts
            """)
        try statement.run(channel, Int(pts))
      } else {
        let statement = try db.cachedStatement(sql: "DELETE FROM channel_state WHERE channel_id = ?")
        try statement.execute(arguments: [channel])
      }
    }
  }

  /// Notes a window that was not seen: it begins behind the newest message that is stored.
  static func add(_ gap: UpdateGap, now: Int64, _ db: Database) throws {
    guard let scope = MessageScope(gapOf: gap.channelID) else { return }
    let newest = try LookingAgainTable.newest(in: scope, db)
    var freshness = try FreshnessTable.load(scope, db)
    let events = gap.toPts.map { max(Int64($0) - Int64(gap.fromPts), 0) } ?? 0
    freshness.missed(
      in: scope, newest: newest?.id ?? 0, since: newest?.receivedAt ?? now, events: events, now: now)
    try FreshnessTable.save(freshness, of: scope, db)
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO update_gap (channel_id, from_pts, to_pts, reason, noticed_at, since, last_id)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(
      arguments: [
        gap.channelID, gap.fromPts, gap.toPts, gap.reason.rawValue, now, newest?.receivedAt ?? now, newest?.id ?? 0,
      ])
  }

  /// Notes that what was missed in a scope has been seen.
  static func closeGaps(of scope: MessageScope, now: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "UPDATE update_gap SET reconciled_at = ? WHERE reconciled_at IS NULL AND channel_id IS ?")
    try statement.execute(arguments: [now, scope.channelID])
  }

  /// The position in the updates of a scope that is applied; nil when it is not followed.
  static func pts(of scope: MessageScope, _ db: Database) throws -> Int32? {
    switch scope {
    case .common:
      return try Int64.fetchOne(db.cachedStatement(sql: "SELECT pts FROM update_state")).map(number)
    case .channel(let channel):
      let statement = try db.cachedStatement(sql: "SELECT pts FROM channel_state WHERE channel_id = ?")
      return try Int64.fetchOne(statement, arguments: [channel.bareID]).map(number)
    }
  }

  /// Nil before the first batch was committed.
  static func load(_ db: Database) throws -> UpdatesState? {
    guard let row = try Row.fetchOne(db, sql: "SELECT pts, qts, date, seq FROM update_state") else { return nil }
    var state = UpdatesState(
      pts: number(row["pts"]), qts: number(row["qts"]), date: number(row["date"]), seq: number(row["seq"]))
    let channels = try Row.fetchCursor(db, sql: "SELECT channel_id, pts FROM channel_state")
    while let row = try channels.next() { state.channels[row["channel_id"]] = number(row["pts"]) }
    return state
  }

  /// The columns hold more than the schema's `int`, and the file may be anyone's.
  private static func number(_ value: Int64) -> Int32 { Int32(clamping: value) }
}
