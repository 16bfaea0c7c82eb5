import GRDB

/// What the archive still has to do; read often, so that it may cost nothing.
struct ArchiveBacklog: Sendable, Equatable {
  var outboxPending = 0
  var outboxParked = 0
  /// Why the log chat refused the notice that was refused last.
  var outboxError: String?
  /// Files to be downloaded, and downloaded ones to be kept.
  var mediaToFetch = 0
  var mediaToKeep = 0
  /// Scopes of which something was missed that is still to be looked for.
  var gaps = 0
  var setAside = SetAsideSummary()

  var mediaPending: Int { mediaToFetch + mediaToKeep }
}

extension Archive {
  /// Reads indexes of what is open only: its time does not grow with the archive.
  func backlog() async throws(ArchiveError) -> ArchiveBacklog {
    try await read { db in
      func count(_ sql: String) throws -> Int {
        try Int.fetchOne(db.cachedStatement(sql: "SELECT count(*) FROM \(sql)")) ?? 0
      }
      var backlog = ArchiveBacklog()
      backlog.outboxParked = try count("outbox WHERE state = 'parked'")
      backlog.outboxPending = try count("outbox WHERE state = 'pending'")
      if backlog.outboxParked > 0 {
        let sql = "SELECT last_error FROM outbox WHERE state = 'parked' ORDER BY not_before DESC LIMIT 1"
        backlog.outboxError = try String.fetchOne(db.cachedStatement(sql: sql))
      }
      // As the index has it, or it is not used.
      let open = "media_job INDEXED BY media_job_open WHERE state IN ('fetch', 'preserve')"
      backlog.mediaToKeep = try count("\(open) AND state = 'preserve'")
      backlog.mediaToFetch = try count(open) - backlog.mediaToKeep
      backlog.gaps = try count("freshness WHERE missed_since IS NOT NULL")
      backlog.setAside = try SetAsideTable.summary(db)
      return backlog
    }
  }
}
