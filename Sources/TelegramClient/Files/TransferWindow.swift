import NIOCore

/// How many parts of a file are on their way at once: a value.
///
/// As many as make the transfer faster: a window that is too small leaves the link idle for a round trip a part, one
/// that is too large only makes each part slower. It doubles while that helps, and halves when the server asks for
/// patience.
struct TransferWindow: Sendable, Hashable {
  static let smallest = 2
  static let largest = 8

  private(set) var size = smallest
  private var bestRate = 0.0
  private var roundStart: Duration?
  private var roundBytes = 0
  private var roundParts = 0

  /// A part has arrived.
  ///
  /// - Parameter now: on any clock that only moves forward.
  mutating func finished(bytes: Int, at now: Duration) {
    guard let start = roundStart else {
      // What came before there was anything to measure from.
      roundStart = now
      return
    }
    roundBytes += bytes
    roundParts += 1
    guard roundParts >= size, now > start else { return }
    let rate = Double(roundBytes) / ((now - start) / .seconds(1))
    if rate > bestRate * 1.15 {
      bestRate = rate
      size = min(size * 2, Self.largest)
    } else if rate < bestRate * 0.7 {
      // The link has become slower: what is best has to be found again.
      bestRate = rate
      size = max(size - 1, Self.smallest)
    }
    (roundStart, roundBytes, roundParts) = (now, 0, 0)
  }

  /// The server, or the link, could not keep up.
  mutating func slowDown() {
    size = max(size / 2, Self.smallest)
    (roundStart, roundBytes, roundParts) = (nil, 0, 0)
  }
}

extension Duration {
  /// The event loops' clock now.
  static var uptime: Duration { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }
}
