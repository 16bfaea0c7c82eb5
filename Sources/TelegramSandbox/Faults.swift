import NIOCore

/// What goes wrong on request.
struct Faults: Sendable {
  /// Answers that come instead of results, a queue a method; `*` stands for every method.
  private var failures: [String: [RPCFailure]] = [:]
  var updates = UpdateFaults()

  mutating func fail(_ method: String, with failure: RPCFailure, times: Int) {
    failures[method, default: []] += Array(repeating: failure, count: times)
  }

  mutating func failure(for method: String) -> RPCFailure? {
    for key in [method, "*"] where failures[key]?.isEmpty == false {
      return failures[key]?.removeFirst()
    }
    return nil
  }
}

/// What happens to the updates that sessions are sent.
struct UpdateFaults: Sendable {
  enum Kind: Sendable, Hashable {
    case drop
    case duplicate
    /// Each update changes places with the one after it.
    case reorder
    case delay(Duration)
  }

  /// A body that is sent, now or later.
  struct Delivery: Sendable {
    var body: ByteBuffer
    var after: Duration = .zero
  }

  private struct Progress: Sendable {
    var remaining: Int
    var held: ByteBuffer?
  }

  private var kind: Kind?
  private var count = 0
  private var sessions: [Int64: Progress] = [:]
  /// Kinds that strike one of so many updates.
  private var rates: [(kind: Kind, oneOf: Int)] = []
  private var generator = SeededGenerator(seed: 1)

  /// Spoils the next `count` updates of every session.
  mutating func start(_ kind: Kind, count: Int) {
    self.kind = kind
    self.count = count
    sessions = [:]
  }

  /// Spoils one of `every` so many updates from now on, drawn by a seed.
  mutating func spoil(_ kind: Kind, oneOf every: Int) { rates.append((kind, every)) }

  /// What a session is sent instead of `body`.
  mutating func pass(_ body: ByteBuffer, to session: Int64) -> [Delivery] {
    guard kind != nil || !rates.isEmpty else { return [Delivery(body: body)] }
    var progress = sessions[session] ?? Progress(remaining: count)
    defer { sessions[session] = progress }
    if let earlier = progress.held {
      progress.held = nil
      return [Delivery(body: body), Delivery(body: earlier)]
    }
    var struck = rates.first { Int.random(in: 0..<$0.oneOf, using: &generator) == 0 }?.kind
    if let kind, progress.remaining > 0 {
      progress.remaining -= 1
      struck = kind
    }
    switch struck {
    case nil: return [Delivery(body: body)]
    case .drop: return []
    case .duplicate: return [Delivery(body: body), Delivery(body: body)]
    case .delay(let time): return [Delivery(body: body, after: time)]
    case .reorder:
      progress.held = body
      return []
    }
  }
}
