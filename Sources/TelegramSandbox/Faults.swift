import NIOCore
import TL

/// What goes wrong on request.
struct Faults: Sendable {
  /// Answers that come instead of results.
  private var failures: [CallFault] = []
  var updates = UpdateFaults()
  /// Messages that are not spoken of when they are asked for by their ids.
  var omissions: [Omission] = []

  /// Whether an answer says nothing of a message.
  ///
  /// - Parameter channel: the channel that was asked; nil for private chats and basic groups.
  func leavesOut(_ id: Int32, ofChannel channel: Int64?, for viewer: Int64) -> Bool {
    omissions.contains { $0.concerns(channel, viewer) && ($0.ids.isEmpty || $0.ids.contains(id)) }
  }

  /// Counts an answer to a question for messages by their ids.
  mutating func noteAnswer(ofChannel channel: Int64?, for viewer: Int64) {
    for index in omissions.indices where omissions[index].concerns(channel, viewer) {
      if let left = omissions[index].remaining { omissions[index].remaining = left - 1 }
    }
  }

  mutating func fail(_ fault: CallFault) { failures.append(fault) }

  mutating func fail(_ method: String, with failure: RPCFailure, times: Int) {
    fail(CallFault(method: method, failure: failure, remaining: times))
  }

  /// What a call is answered instead of its result; a fault of the method itself goes before one of all methods.
  ///
  /// - Parameter request: the call's bytes, its wrappers taken off.
  mutating func failure(for method: String, request: ByteBuffer, caller: Int64?) -> RPCFailure? {
    guard !failures.isEmpty else { return nil }
    failures.removeAll { $0.remaining == 0 }
    for name in [method, "*"] {
      for index in failures.indices where failures[index].method == name {
        guard failures[index].concerns(request, caller: caller) else { continue }
        if failures[index].strikes() { return failures[index].failure }
      }
    }
    return nil
  }
}

/// Messages that `getMessages` leaves out of its answer, as if they had not been asked for.
struct Omission: Sendable {
  /// All of them when empty.
  let ids: Set<Int32>
  /// nil for private chats and basic groups.
  let channel: Int64?
  let viewer: Int64
  /// Answers that are still concerned; nil for all.
  var remaining: Int?

  func concerns(_ channel: Int64?, _ viewer: Int64) -> Bool {
    remaining != 0 && channel == self.channel && viewer == self.viewer
  }
}

/// An error that calls are answered with.
struct CallFault: Sendable {
  /// The schema's name, or `*` for every method.
  let method: String
  let failure: RPCFailure
  /// Calls that are still to fail; nil for all.
  var remaining: Int?
  /// One of so many calls fails, the last of each.
  var every = 1
  /// Only calls that name this conversation.
  var chat: PeerKey?
  /// Only calls of this account.
  var user: Int64?
  private var seen = 0

  init(
    method: String, failure: RPCFailure, remaining: Int? = nil, every: Int = 1, chat: PeerKey? = nil, user: Int64? = nil
  ) {
    (self.method, self.failure, self.remaining) = (method, failure, remaining)
    (self.every, self.chat, self.user) = (every, chat, user)
  }

  func concerns(_ request: ByteBuffer, caller: Int64?) -> Bool {
    guard remaining != 0, user == nil || user == caller else { return false }
    guard let chat else { return true }
    var reader = TLReader(request)
    return (try? TLSchema.api.value(from: &reader)).map { Self.names(chat, in: $0) } ?? false
  }

  /// Counts a call that the fault concerns.
  mutating func strikes() -> Bool {
    seen += 1
    guard seen % every == 0 else { return false }
    if let left = remaining { remaining = left - 1 }
    return true
  }

  /// Whether an input of a value addresses the conversation.
  private static func names(_ chat: PeerKey, in value: TLValue) -> Bool {
    switch value {
    case .vector(let elements): return elements.contains { names(chat, in: $0) }
    case .object(let name, let fields):
      let isNamed =
        switch (name, chat) {
        case ("inputPeerUser", .user(let id)), ("inputUser", .user(let id)): fields["user_id"] == .long(id)
        case ("inputPeerChat", .group(let id)): fields["chat_id"] == .long(id)
        case ("inputPeerChannel", .channel(let id)), ("inputChannel", .channel(let id)):
          fields["channel_id"] == .long(id)
        default: false
        }
      return isNamed || fields.values.contains { names(chat, in: $0) }
    default: return false
    }
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
