/// Where a signed-in account's keys and known peers are kept between runs.
///
/// The client calls it from one task at a time for each kind of data, and expects what it saved to be read back.
public protocol SessionStore: Sendable {
  /// The data centre the account lives on; nil before the first sign-in.
  func home() async throws -> StoredDC?
  func setHome(_ dc: StoredDC) async throws

  /// What is known of a data centre that is not home; nil when it was never used.
  func authorization(dc: Int) async throws -> StoredDC?
  func setAuthorization(_ dc: StoredDC) async throws

  /// What lets the next connection to `dc` start without a correction; nil when nothing was kept, which costs a round
  /// trip or two.
  func sessionHint(dc: Int) async throws -> StoredSessionHint?
  func setSessionHint(_ hint: StoredSessionHint) async throws

  func entity(_ id: PeerID) async throws -> StoredEntity?
  /// The peer with the public name `username`, without "@", compared without regard to case.
  func entity(username: String) async throws -> StoredEntity?
  /// Adds or replaces; a nil field of a new value clears the old one.
  func save(entities: [StoredEntity]) async throws

  /// Forgets everything, after a log-out.
  func clear() async throws
}
