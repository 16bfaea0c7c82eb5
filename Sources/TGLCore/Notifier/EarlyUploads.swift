/// Files of outbox rows that are brought to the server before their turn: a value.
///
/// An upload waits for an answer of the server or two, and so does a post; rows are posted in order, but their files may
/// go ahead.
struct EarlyUploads {
  /// A post of a row.
  struct Key: Hashable {
    var row: OutboxRow.ID
    var part: Int
  }

  private enum State {
    /// With whoever waits for its end.
    case underWay(CheckedContinuation<Void, Never>?)
    case done(Key, UploadedMedia, at: Int64)
  }

  /// Rows behind the one that is posted.
  static let limit = 2
  /// Seconds after which a file is uploaded anew rather than posted: the server does not keep it for long.
  private static let lasting: Int64 = 60

  private var states: [OutboxRow.ID: State] = [:]

  /// Notes that a row's files are on their way; false when they are already, or there, or there is no room for them.
  mutating func begin(_ row: OutboxRow.ID, behind current: OutboxRow.ID) -> Bool {
    guard states[row] == nil, states.count(where: { $0.key != current }) < Self.limit else { return false }
    states[row] = .underWay(nil)
    return true
  }

  /// The row's files are at the server; nil when they are not.
  ///
  /// - Returns: who waits for it.
  mutating func end(_ row: OutboxRow.ID, _ upload: (key: Key, media: UploadedMedia)?, now: Int64)
    -> CheckedContinuation<Void, Never>?
  {
    guard case .underWay(let waiting) = states[row] else { return nil }
    states[row] = upload.map { .done($0.key, $0.media, at: now) }
    return waiting
  }

  /// Whether a row's files are on their way.
  func isUnderWay(_ row: OutboxRow.ID) -> Bool { if case .underWay = states[row] { true } else { false } }

  /// Has somebody wait for the end of an upload that is under way.
  mutating func wait(for row: OutboxRow.ID, _ continuation: CheckedContinuation<Void, Never>) {
    states[row] = .underWay(continuation)
  }

  /// What was uploaded for a post; nil when nothing was, or too long ago.
  mutating func take(_ key: Key, now: Int64) -> UploadedMedia? {
    guard case .done(key, let media, let at) = states[key.row] else { return nil }
    states[key.row] = nil
    return now - at < Self.lasting ? media : nil
  }

  /// Forgets what was uploaded for rows that are not among the next ones any more.
  mutating func keepOnly(_ rows: some Sequence<OutboxRow.ID>) {
    if states.isEmpty { return }
    let next = Set(rows)
    states = states.filter { row, state in
      if case .underWay = state { return true }
      return next.contains(row)
    }
  }
}
