import GRDB
import MTProto
import TelegramClient

/// The statements on `update_state`, `channel_state` and `update_gap`.
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
    let scope: MessageScope = gap.channelID.flatMap(PeerID.channel).map { .channel($0) } ?? .common
    let newest = try LookingAgainTable.newest(in: scope, db)
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
