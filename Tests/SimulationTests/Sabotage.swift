/// Ways to break an invariant on purpose: the simulation is worth what it notices of them.
enum Sabotage: String, CaseIterable, Sendable {
  /// The update state commits in a transaction of its own, before what it covers.
  case stateBeforeData
  /// Notices are kept in memory and get into the outbox in a second transaction.
  case noticeBehindTransaction
  /// Each attempt to post has a `random_id` of its own.
  case newRandomIDEachTry
  /// The ids of `updateDeleteMessages` are taken for ids of every chat.
  case deletionsTouchChannels
  /// A batch the archive has no room or time for is passed over.
  case busyDropsBatch
  /// Updates are applied as they come, whatever their `pts`.
  case holesIgnored
  /// A post that fails is taken for made.
  case failedPostsForgotten
  /// A second window that was not seen takes the place of the first.
  case secondGapReplacesFirst
  /// A window is closed although nobody has looked through it.
  case gapsClosedUnseen
  /// Messages go for their age before their deletion can have been told.
  case retentionIgnoresFreshness
  /// An earlier state of a message is taken for a later one.
  case olderStateOverNewer
  /// Notices that say different things have one `random_id`.
  case noticesShareRandomIDs
}
