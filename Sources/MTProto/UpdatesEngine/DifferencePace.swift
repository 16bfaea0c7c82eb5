/// How one sequence asks for differences: how small the pieces are, and how long it pauses while nothing moves.
///
/// No answer of a server may be followed by requests without a pause and a bound.
struct DifferencePace: Sendable {
  /// The most events a piece may hold; nil for the server's own measure.
  private(set) var limit: Int32?
  /// Answers in a row that moved nothing.
  private var idle = 0
  /// Answers in a row that were not the last of a difference.
  private var pieces = 0
  /// Events in a row that could not be read.
  private(set) var unreadable = 0
  /// Refusals for good in a row.
  private var refusals = 0

  /// How long a difference that is refused for good is left alone.
  static let refusedRest: Duration = .seconds(24 * 3600)
  /// The longest pause between two requests of a sequence that does not move.
  static let longestPause: Duration = .seconds(15 * 60)
  /// Pieces asked for without a pause; more than any absence Telegram tells of in full takes.
  static let maximumPieces = 1_000
  /// Events stepped over in a row before the server is taken to ignore the size it was asked for.
  static let maximumUnreadable = 100

  /// Takes in an answer after which more is wanted; returns the pause before that is asked for.
  ///
  /// - Parameter moved: whether the sequence is further than before.
  mutating func goOn(moved: Bool) -> Duration {
    unreadable = 0
    idle = moved ? 0 : idle + 1
    pieces += 1
    return max(pause(idle), pieces > Self.maximumPieces ? .seconds(1) : .zero)
  }

  /// Takes in that the server no longer tells a stretch; returns the pause before what is behind it is asked for.
  mutating func skipped() -> Duration {
    idle += 1
    return pause(idle - 1)
  }

  /// Takes in the last answer of a difference; returns how long a hole it did not close is left alone.
  ///
  /// - Parameter closed: whether nothing is held back behind a hole.
  mutating func finished(closed: Bool) -> Duration {
    limit = nil
    unreadable = 0
    pieces = 0
    refusals = 0
    idle = closed ? 0 : idle + 1
    return pause(idle - 1)
  }

  private func pause(_ idle: Int) -> Duration {
    idle < 1 ? .zero : min(.seconds(1 << min(idle - 1, 20)), Self.longestPause)
  }

  /// The pause behind an event that was stepped over: none for the first ones.
  var pauseAfterStep: Duration { unreadable > 10 ? .seconds(1) : .zero }

  /// Notes that the server refused the difference for good.
  mutating func refused() {
    limit = nil
    unreadable = 0
    refusals += 1
  }

  /// How long a refused difference rests after its scope was heard of again.
  var restAfterPush: Duration { min(.seconds(60 << min(max(refusals - 1, 0), 20)), Self.refusedRest) }

  /// Asks for pieces half as large from now on; false when they are one event already.
  mutating func shrink() -> Bool {
    let size = limit ?? 100
    guard size > 1 else { return false }
    limit = size / 2
    return true
  }

  /// Notes that one event was stepped over; false when there were too many in a row.
  mutating func stepped() -> Bool {
    limit = nil
    unreadable += 1
    return unreadable <= Self.maximumUnreadable
  }
}
