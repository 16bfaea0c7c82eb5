/// Decides whether the socket is read while the consumer of updates is behind.
///
/// A full buffer stops the reading, but never while a call waits for its answer (the consumer itself may be the
/// caller), and never long enough to look like a dead connection. When reading goes on with a full buffer,
/// updates are dropped and a gap is noted: the difference brings them back.
struct ReadGate {
  /// Well below the ping interval.
  static let longestPause: Duration = .seconds(10)

  private var isFull = false
  private var callsWaiting = 0
  private var fullSince: Duration = .zero

  mutating func bufferFilled(at uptime: Duration) {
    guard !isFull else { return }
    isFull = true
    fullSince = uptime
  }

  mutating func bufferDrained() { isFull = false }
  mutating func callStarted() { callsWaiting += 1 }
  mutating func callEnded() { callsWaiting -= 1 }

  func isPaused(at uptime: Duration) -> Bool {
    isFull && callsWaiting == 0 && uptime < fullSince + Self.longestPause
  }

  /// When a pause must end although nothing else happens.
  func deadline(at uptime: Duration) -> Duration? {
    isPaused(at: uptime) ? fullSince + Self.longestPause : nil
  }
}
