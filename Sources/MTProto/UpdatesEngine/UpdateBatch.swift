public import TL

/// Updates in the order they happened, the peers they speak of, and the state they lead to.
public struct UpdateBatch: Sendable {
  /// Updates in order; the short forms are expanded, and messages of a difference stand as `updateNewMessage`
  /// or `updateNewChannelMessage` with a `pts` of 0.
  public var updates: [API.AnyUpdate] = []
  public var users: [API.AnyUser] = []
  public var chats: [API.AnyChat] = []
  /// What to commit together with the updates.
  public var stateChange = UpdatesStateChange()
  /// Stretches of events the server no longer tells.
  public var gaps: [UpdateGap] = []
  /// What was refused for good or could not be read, and so was left out.
  public var setAside: [SetAsideEvent] = []
  /// Sequences whose difference the server answered; channels by their bare ids, nil for private chats and basic groups.
  public var answered: Set<Int64?> = []

  public init() {}

  public var isEmpty: Bool {
    updates.isEmpty && users.isEmpty && chats.isEmpty && stateChange.isEmpty && gaps.isEmpty && setAside.isEmpty
      && answered.isEmpty
  }

  /// Adds a later batch, so that both can be committed in one transaction.
  public mutating func append(_ later: UpdateBatch) {
    updates += later.updates
    users += later.users
    chats += later.chats
    stateChange.merge(later.stateChange)
    gaps += later.gaps
    // The later word counts: a difference may be refused after it was answered, and answered after it was refused.
    setAside.removeAll { $0.isRefusal && later.answered.contains($0.channelID) }
    answered.subtract(later.setAside.lazy.filter(\.isRefusal).map(\.channelID))
    setAside += later.setAside
    answered.formUnion(later.answered)
  }
}

/// A stretch of events that can no longer be fetched: what happened in it is known only by looking again.
public struct UpdateGap: Sendable, Equatable {
  public enum Reason: String, Sendable {
    /// `updates.differenceTooLong` or `updates.channelDifferenceTooLong`.
    case tooLong
    /// The channel can no longer be read.
    case accessLost
    /// The difference is refused for good.
    case refused
    /// An event could not be read, and nothing of it is known.
    case unreadable
  }

  /// The channel's bare id; nil for private chats and basic groups.
  public var channelID: Int64?
  public var fromPts: Int32
  /// The first `pts` that is known again; nil while there is none.
  public var toPts: Int32?
  public var reason: Reason

  public init(channelID: Int64?, fromPts: Int32, toPts: Int32?, reason: Reason) {
    self.channelID = channelID
    self.fromPts = fromPts
    self.toPts = toPts
    self.reason = reason
  }
}
