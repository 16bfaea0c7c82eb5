extension Archive {
  /// Notes that something failed for good; the same again counts as one more failure.
  ///
  /// - Returns: whether it was not there before, which is worth a line in the log.
  @discardableResult
  public func setAside(_ object: SetAside) async throws(ArchiveError) -> Bool {
    try await write { db in try SetAsideTable.add(object, db) }
  }

  /// What of a kind is to be looked at again: its time has come, or it was last looked at by a program that knew less.
  public func dueSetAside(
    _ kind: SetAside.Kind, now: Int64, layer: Int64 = SetAside.knownLayer, limit: Int = 100
  ) async throws(ArchiveError) -> [SetAside] {
    try await read { db in try SetAsideTable.due(kind, now: now, layer: layer, limit: limit, db) }
  }

  /// What of a kind is set aside, the oldest first.
  public func setAside(_ kind: SetAside.Kind, limit: Int = 1_000) async throws(ArchiveError) -> [SetAside] {
    try await read { db in try SetAsideTable.all(kind, limit: limit, db) }
  }

  /// Forgets an object: it went well, or is no longer wanted.
  public func clearSetAside(_ object: SetAside) async throws(ArchiveError) {
    try await write { db in try SetAsideTable.clear(object, db) }
  }

  /// Forgets what of a kind is set aside in a scope.
  public func clearSetAside(_ kind: SetAside.Kind, in scope: MessageScope) async throws(ArchiveError) {
    try await write { db in try SetAsideTable.clear(kind, in: scope, db) }
  }
}
