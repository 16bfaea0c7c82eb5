import GRDB

extension Archive {
  /// The link that is due first.
  func nextSavedLink() async throws(ArchiveError) -> SavedLink? {
    try await read { db in try SavedLinkTable.next(db) }
  }

  func postpone(_ link: SavedLink.ID, until: Int64, reason: String) async throws(ArchiveError) {
    try await write { db in try SavedLinkTable.postpone(link, until: until, reason: reason, db) }
  }
}
