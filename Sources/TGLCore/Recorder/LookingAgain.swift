public import TelegramClient

/// Messages that share one numbering, so that one request can ask for any of them.
public enum MessageScope: Sendable, Hashable {
  /// Private chats and basic groups.
  case common
  /// A channel or supergroup.
  case channel(PeerID)
}

/// A message that is no longer there.
public struct MissingMessage: Sendable, Hashable {
  public var id: Int64
  /// When it was last known to be there, in seconds since 1970; nil when Telegram told of the deletion.
  public var lastSeenAt: Int64?

  public init(id: Int64, lastSeenAt: Int64? = nil) {
    self.id = id
    self.lastSeenAt = lastSeenAt
  }
}

/// A step of looking at Telegram's messages again; committed together with what it found.
public enum LookingAgain: Sendable, Hashable {
  /// Every recent message of the scope was asked for.
  case compared(MessageScope)
  /// Something that was missed in the scope has been looked for.
  case looked(MessageScope, FreshnessStep)
  /// Some earlier messages were fetched; `below` is where the next ones start.
  case fetched(HistoryJob.ID, count: Int, below: Int64, isFinished: Bool)
}

/// A step of looking for what was missed in a scope; `misses` says which misses its answer has seen.
public enum FreshnessStep: Sendable, Hashable {
  /// The chats of the scope with their newest messages.
  case listed([PeerID: Int64], misses: Int64)
  case fetched(FetchedSpan, misses: Int64)
  /// Stored messages from `lowest` on were compared; `isLast` when those were the last.
  case compared(lowest: Int64?, isLast: Bool, unsettled: [Int64: Freshness.Unsettled], misses: Int64)
  /// Some of the unsettled were asked for again; `still` are those that are unsettled still.
  case settled([Int64], still: [Int64: Freshness.Unsettled], misses: Int64)
  /// Everything has been seen.
  case closed(misses: Int64)
}

/// Earlier messages of one chat that are to be fetched, newest first.
public struct HistoryJob: Sendable, Hashable, Identifiable {
  public struct ID: Sendable, Hashable {
    public var chat: PeerID
    /// Messages up to this id are known already; 0 for none.
    public var stop: Int64

    public init(chat: PeerID, stop: Int64) {
      self.chat = chat
      self.stop = stop
    }
  }

  public var id: ID
  /// Only messages with smaller ids are still to be fetched; 0 for all.
  public var below: Int64
  /// How many messages at most.
  public var wanted: Int
  public var fetched: Int

  public init(id: ID, below: Int64 = 0, wanted: Int, fetched: Int = 0) {
    self.id = id
    self.below = below
    self.wanted = wanted
    self.fetched = fetched
  }
}
