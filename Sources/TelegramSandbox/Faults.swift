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
  enum Kind: String, Sendable, CaseIterable {
    case drop
    case duplicate
    /// Each update changes places with the one after it.
    case reorder
  }

  private struct Progress: Sendable {
    var remaining: Int
    var held: ByteBuffer?
  }

  private var kind: Kind?
  private var count = 0
  private var sessions: [Int64: Progress] = [:]

  /// Spoils the next `count` updates of every session.
  mutating func start(_ kind: Kind, count: Int) {
    self.kind = kind
    self.count = count
    sessions = [:]
  }

  /// What a session is sent instead of `body`.
  mutating func pass(_ body: ByteBuffer, to session: Int64) -> [ByteBuffer] {
    guard let kind else { return [body] }
    var progress = sessions[session] ?? Progress(remaining: count)
    defer { sessions[session] = progress }
    if let earlier = progress.held {
      progress.held = nil
      return [body, earlier]
    }
    guard progress.remaining > 0 else { return [body] }
    progress.remaining -= 1
    switch kind {
    case .drop: return []
    case .duplicate: return [body, body]
    case .reorder:
      progress.held = body
      return []
    }
  }
}
