/// How many parts of one file to have under way, so that the link is never idle and no queue grows: a value without IO.
///
/// The window follows the bandwidth-delay product: twice the delivery rate times the shortest answer time seen. Each
/// answer measures the rate over its own time under way, as BBR does.
///
/// Source: Cardwell et al., "BBR: Congestion-Based Congestion Control", ACM Queue 14/5, 2016.
struct TransferWindow: Sendable {
  /// Two, so that the server has the next request while it answers one.
  static let minimum = 2

  /// What was known when a part was asked for.
  struct Ticket: Sendable {
    fileprivate let sentAt: Duration
    fileprivate let delivered: Int64
  }

  /// Parts that may be under way now.
  private(set) var size: Int
  private let maximum: Int
  private let partSize: Int
  private var delivered: Int64 = 0
  /// Bytes a second: the best of late, so that one slow answer does not count.
  private var rate = 0.0
  /// In seconds.
  private var shortest: Double?
  /// Until this many bytes have been delivered the window does not grow: answers to what was sent before a flood wait
  /// or a failure say nothing of what the server takes now.
  private var holdsUntil: Int64 = 0

  /// How much of the best rate is left after each answer that did not reach it.
  private static let decay = 0.97
  private static let gain = 2.0

  /// - Parameter maximum: in parts.
  init(partSize: Int, maximum: Int) {
    self.partSize = partSize
    self.maximum = max(maximum, 1)
    size = min(Self.minimum, self.maximum)
  }

  /// A part is asked for at `now`, on any clock that goes steadily.
  func sent(at now: Duration) -> Ticket { Ticket(sentAt: now, delivered: delivered) }

  mutating func answered(_ ticket: Ticket, bytes: Int, at now: Duration) {
    delivered += Int64(bytes)
    let time = max((now - ticket.sentAt) / .seconds(1), 1e-6)
    shortest = min(shortest ?? time, time)
    rate = max(Double(delivered - ticket.delivered) / time, rate * Self.decay)
    guard delivered >= holdsUntil, let shortest else { return }
    let product = Self.gain * rate * shortest / Double(partSize)
    let wanted = Int(min(product.rounded(.up), Double(maximum)))
    // One more for each answer doubles the window in the time of one answer; down it goes as slowly.
    if wanted > size { size += 1 } else if wanted < size { size -= 1 }
    size = max(size, min(Self.minimum, maximum))
  }

  /// The server asks for patience, or a part was not answered: half as many, and what was measured is forgotten.
  mutating func slowDown() {
    size = max(size / 2, 1)
    rate = 0
    shortest = nil
    holdsUntil = delivered + Int64(size * partSize)
  }
}
