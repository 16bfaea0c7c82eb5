/// When which scope is compared with the server's messages.
///
/// A value without IO: what is in the archive goes in, what to do comes out. Times are in seconds since 1970.
struct ComparisonPlan {
  /// Seconds between two comparisons of a scope.
  var interval: Int64
  /// Seconds back to the oldest message that is compared.
  var window: Int64

  /// The scopes to compare now, those with the newest messages first.
  ///
  /// One that was compared half an interval ago, by a run before this one or because of a gap, can wait for the next
  /// round.
  func due(_ activity: [ScopeActivity], now: Int64) -> [MessageScope] {
    activity
      .filter { scope in
        guard let compared = scope.comparedAt else { return true }
        return compared > now || now - compared >= interval / 2
      }
      .sorted { $0.newest > $1.newest }
      .map(\.scope)
  }

  /// Sent earlier than this, a message is not compared.
  func oldest(now: Int64, gapsSince: Int64? = nil) -> Int64 {
    min(now, gapsSince ?? now) - window
  }
}
