/// Message ids of the server's side: answers end in 1, everything else in 3.
///
/// Source: "Mobile Protocol: Detailed Description", Message Identifier.
struct ServerMessageIDs: Sendable {
  private var last: Int64 = 0

  mutating func next(unixTime: Duration, isAnswer: Bool) -> Int64 {
    let (seconds, attoseconds) = unixTime.components
    let base = (seconds << 32 | (attoseconds / 1_000_000_000) * 4_294_967_296 / 1_000_000_000) & ~3
    last = max((last & ~3) + 4, base) | (isAnswer ? 1 : 3)
    return last
  }
}
