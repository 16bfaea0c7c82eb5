/// The identifiers of the newest messages received, so that none is taken twice.
///
/// Source: core.telegram.org/mtproto/security_guidelines, "Checking msg_id".
struct ReceivedIDs: Sendable {
  /// Identifiers kept before the older half is let go.
  static let capacity = 2_000

  private var ids: Set<Int64> = []
  /// Everything up to here counts as received: what fell out of the set.
  private var floor = Int64.min

  var count: Int { ids.count }
  var highest: Int64 { ids.max() ?? floor }

  enum Verdict { case new, duplicate, tooOld }

  /// Whether it cannot be told any more if the message was received.
  func isTooOld(_ id: Int64) -> Bool { id <= floor }

  mutating func insert(_ id: Int64) -> Verdict {
    guard id > floor else { return ids.contains(id) ? .duplicate : .tooOld }
    guard ids.insert(id).inserted else { return .duplicate }
    if ids.count > Self.capacity {
      let sorted = ids.sorted()
      floor = sorted[sorted.count / 2 - 1]
      ids = Set(sorted[(sorted.count / 2)...])
    }
    return .new
  }

  /// A byte of `msgs_state_info`: 1 forgotten, 2 not received, 3 newer than anything received, 4 received.
  func state(of id: Int64) -> UInt8 {
    if ids.contains(id) { return 4 }
    if id <= floor { return 1 }
    return id > highest ? 3 : 2
  }
}
