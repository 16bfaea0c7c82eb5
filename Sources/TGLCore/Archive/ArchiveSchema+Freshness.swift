import GRDB
import TelegramClient

extension ArchiveSchema {
  // `freshness` has one row for each scope (as in `comparison`) of which anything was ever missed: `value` is the JSON of
  // `Freshness`, `missed_since` is null when nothing is missing. `update_gap` stays as the list of what was missed when.
  static let freshness = """
    CREATE TABLE IF NOT EXISTS freshness (
      scope INTEGER PRIMARY KEY,
      missed_since INTEGER,
      value TEXT NOT NULL
    ) STRICT;

    """

  /// Takes over the windows that are open: each is fetched from its beginning, whatever was fetched of it before.
  static func moveOpenGaps(_ db: Database) throws {
    let sql = """
      SELECT channel_id, since, last_id, noticed_at, min(max(to_pts - from_pts, 0), 1000000000) AS events
      FROM update_gap WHERE reconciled_at IS NULL ORDER BY id
      """
    var values: [MessageScope: Freshness] = [:]
    for row in try Row.fetchAll(db, sql: sql) {
      guard let scope = MessageScope(gapOf: row["channel_id"]) else { continue }
      if values[scope] == nil { values[scope] = try FreshnessTable.load(scope, db) }
      values[scope]?.missed(
        in: scope, newest: row["last_id"], since: row["since"], events: row["events"] ?? 0, now: row["noticed_at"])
    }
    for (scope, value) in values { try FreshnessTable.save(value, of: scope, db) }
    try db.execute(sql: "DELETE FROM history_job WHERE stop_id <> 0")
  }
}

extension MessageScope {
  /// The scope of a row of `update_gap`; nil for a channel that cannot be one.
  init?(gapOf channelID: Int64?) {
    guard let channelID else {
      self = .common
      return
    }
    guard let channel = PeerID.channel(channelID) else { return nil }
    self = .channel(channel)
  }
}
