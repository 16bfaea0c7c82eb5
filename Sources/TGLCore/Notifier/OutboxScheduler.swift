/// The rows that may be sent next.
public struct OutboxHeads: Sendable, Hashable {
  /// The first pending row that is ready; all others wait for it, so that the log chat tells things in order.
  public var pending: OutboxRow?
  /// The parked row that is due first.
  public var parked: OutboxRow?
  /// When another row becomes ready, in seconds since 1970: an edit has settled, or files have been waited for.
  public var nextReady: Int64?

  public init(pending: OutboxRow? = nil, parked: OutboxRow? = nil, nextReady: Int64? = nil) {
    self.pending = pending
    self.parked = parked
    self.nextReady = nextReady
  }
}

/// Why a post could not be sent, as far as it decides what to do next.
public enum LogChatError: Error, Sendable, Hashable {
  /// The server asks to wait; in seconds.
  case floodWait(Int64)
  /// The server cannot be reached, or failed itself: the same call may do later.
  case unavailable(String)
  /// The log chat takes no posts from this account.
  case chatRefused(String)
  /// The server does not take this post.
  case postRefused(String)
}

/// Decides which outbox row is sent when.
///
/// A value: the rows and the time go in, what to do comes out.
/// Pending rows go out strictly in order. A row the server refuses for what it holds is parked and tried again at
/// growing intervals, while the others go on; nothing is ever given up. Times are in seconds since 1970.
public struct OutboxScheduler: Sendable {
  public enum Action: Sendable, Hashable {
    case send(OutboxRow)
    /// Nothing is due before this time.
    case wait(until: Int64)
    /// Nothing is in the outbox.
    case idle
  }

  /// When the whole log chat may be posted to again, after a flood wait or while it cannot be reached.
  public private(set) var closedUntil: Int64 = 0
  /// For how many seconds that was when it was said.
  private var closedFor: Int64 = 0
  private var failuresInARow = 0

  public init() {}

  public func next(_ heads: OutboxHeads, now: Int64) -> Action {
    guard heads.pending != nil || heads.parked != nil else {
      return heads.nextReady.map { .wait(until: max($0, now + 1)) } ?? .idle
    }
    let candidates = [heads.pending, heads.parked].compactMap(\.self).map { row in
      (row: row, due: StoredDeadline.trusted(row.notBefore, now: now, longest: Self.longestWait + 1))
    }
    let opens = StoredDeadline.trusted(closedUntil, now: now, longest: closedFor)
    if now >= opens, let due = candidates.first(where: { $0.due <= now }) { return .send(due.row) }
    let earliest = candidates.map(\.due).min() ?? now
    // At once would be never: whatever is asked again must have had time to change.
    return .wait(until: max(min(earliest, heads.nextReady ?? earliest), opens, now + 1))
  }

  /// The server has taken a part.
  public mutating func succeeded() {
    failuresInARow = 0
    closedUntil = 0
  }

  /// A part was not taken: what becomes of its row.
  public mutating func failed(_ row: OutboxRow, _ error: LogChatError, now: Int64) -> OutboxChange {
    switch error {
    case .floodWait(let seconds):
      // One more: the server counts in seconds of its own clock.
      close(for: min(max(seconds, 0), Self.longestWait) + 1, now: now)
      return .postponed(
        row.state, until: closedUntil, attempts: row.attempts, error: "the server asks to wait \(seconds) s")
    case .unavailable(let reason):
      failuresInARow += 1
      close(for: Self.delay(first: 1, doubledTimes: failuresInARow - 1, longest: 60), now: now)
      return .postponed(row.state, until: closedUntil, attempts: row.attempts, error: reason)
    case .chatRefused(let reason):
      failuresInARow += 1
      close(for: Self.delay(first: 30, doubledTimes: failuresInARow - 1, longest: 3600), now: now)
      return .postponed(row.state, until: closedUntil, attempts: row.attempts, error: reason)
    case .postRefused(let reason):
      let until = now + Self.delay(first: 60, doubledTimes: row.attempts, longest: Self.longestWait)
      return .postponed(.parked, until: until, attempts: row.attempts + 1, error: reason)
    }
  }

  private mutating func close(for seconds: Int64, now: Int64) {
    closedUntil = now + seconds
    closedFor = seconds
  }

  static let longestWait = StoredDeadline.longest

  private static func delay(first: Int64, doubledTimes: Int, longest: Int64) -> Int64 {
    min(first << Int64(min(max(doubledTimes, 0), 30)), longest)
  }
}
