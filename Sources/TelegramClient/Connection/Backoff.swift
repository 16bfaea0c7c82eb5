/// How long to wait before the next attempt: doubling from `base` to `limit`, half of it at random.
struct Backoff: Sendable {
  private let base: Duration
  private let limit: Duration
  /// Failures since the last success.
  private(set) var failures = 0

  init(base: Duration = .milliseconds(500), limit: Duration = .seconds(60)) {
    self.base = base
    self.limit = limit
  }

  /// Counts a failure and says how long to wait: between half and all of base x 2^failures, never above the limit.
  mutating func failed(using generator: inout some RandomNumberGenerator) -> Duration {
    let full = min(limit, base * (1 << min(failures, 16)))
    failures += 1
    return full / 2 + full / 2 * Double.random(in: 0...1, using: &generator)
  }

  mutating func succeeded() { failures = 0 }
}

extension Duration {
  /// As log lines tell it: seconds with one decimal, as in `0.4 s`.
  var inTenths: String {
    let tenths = Int64((self / .milliseconds(100)).rounded())
    return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10) s"
  }
}
