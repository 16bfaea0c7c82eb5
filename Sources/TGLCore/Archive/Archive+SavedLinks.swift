import GRDB

extension Archive {
  /// The link that is due first.
  ///
  /// - Parameter now: seconds since 1970.
  func nextSavedLink(now: Int64 = .max) async throws(ArchiveError) -> SavedLink? {
    try await read { db in try SavedLinkTable.next(now: now, db) }
  }

  func postpone(_ link: SavedLink.ID, until: Int64, reason: String) async throws(ArchiveError) {
    try await write { db in try SavedLinkTable.postpone(link, until: until, reason: reason, db) }
  }
}
