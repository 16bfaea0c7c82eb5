/// How far into Telegram's event sequences the archive is.
///
/// Source: "Working with Updates", core.telegram.org/api/updates, section "Event sequences".
public struct UpdatesState: Sendable, Equatable {
  /// Counts message events of private chats and basic groups.
  public var pts: Int32
  /// Counts events of secret chats and bots.
  public var qts: Int32
  /// Unix time of the last event applied.
  public var date: Int32
  /// Counts containers of updates that carry no `pts`.
  public var seq: Int32
  /// `pts` of each channel and supergroup, by its bare id.
  public var channels: [Int64: Int32]

  public init(pts: Int32, qts: Int32, date: Int32, seq: Int32, channels: [Int64: Int32] = [:]) {
    self.pts = pts
    self.qts = qts
    self.date = date
    self.seq = seq
    self.channels = channels
  }
}

/// What a batch changes in an `UpdatesState`; committed in the same transaction as the batch.
public struct UpdatesStateChange: Sendable, Equatable {
  /// The account's own sequences, whole, when one of them moved; its `channels` are empty.
  public var account: UpdatesState?
  /// New `pts` by channel; nil where the channel is no longer followed.
  public var channels: [Int64: Int32?] = [:]

  public init(account: UpdatesState? = nil, channels: [Int64: Int32?] = [:]) {
    self.account = account
    self.channels = channels
  }

  public var isEmpty: Bool { account == nil && channels.isEmpty }

  mutating func merge(_ later: UpdatesStateChange) {
    account = later.account ?? account
    channels.merge(later.channels) { _, new in new }
  }
}
