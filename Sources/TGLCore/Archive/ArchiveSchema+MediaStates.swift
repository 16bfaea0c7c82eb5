import GRDB

extension ArchiveSchema {
  /// Adds how jobs have ended, and how often they were put off.
  ///
  /// `ending` says how a job of the state 'failed' has ended: 'refused', 'gone' or 'lost'; NULL in older rows stands for
  /// 'lost'. `outages` counts the attempts that failed for what is not the file's fault: no connection, a flood wait.
  static func addMediaStates(_ db: Database) throws {
    try addColumn("ending", "TEXT", to: "media_job", db)
    try addColumn("outages", "INTEGER NOT NULL DEFAULT 0", to: "media_job", db)
  }
}
