import TL

/// Sends an account's sessions an update that somebody made up.
struct PushRequest: ControlRequest {
  var user: Reference
  /// An update or a container by the schema's names, or `{"base64": …}`: bytes as they are.
  var update: TLValue
  /// By how much bytes as they are move the account's `pts`.
  var ptsCount: Int32?
  var hold: Bool?
  var delayMilliseconds: Int?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case user, update, hold
    case ptsCount = "pts_count"
    case delayMilliseconds = "delay_ms"
  }
}

extension Control {
  /// - Returns: the account's `pts` after it.
  func push(_ request: PushRequest) async throws -> Int32 {
    let passage = try Passage(hold: request.hold, milliseconds: request.delayMilliseconds)
    return try await hub.perform(passage) { telegram in
      let user = try account(request.user, telegram)
      if case .bytes(let bytes) = request.update {
        let count = request.ptsCount ?? 0
        guard (0...1_000_000).contains(count) else { throw ControlError("pts_count is \(count)") }
        try telegram.world.push(bytes, count: count, to: user)
      } else {
        guard request.ptsCount == nil else { throw ControlError("'pts_count' stands in the update") }
        try telegram.world.push(request.update, to: user)
      }
      return telegram.world.accounts[user]?.box.pts ?? 0
    }
  }
}

/// When what happens is told to the sessions that listen; a difference tells it at once.
enum Passage: Sendable, Equatable {
  case now
  case after(Duration)
  /// Not before `release_updates`.
  case held

  init(hold: Bool?, milliseconds: Int?) throws {
    let milliseconds = milliseconds ?? 0
    guard (0...600_000).contains(milliseconds) else {
      throw ControlError("delay_ms is \(milliseconds); 0 to 600000 is possible")
    }
    guard hold != true || milliseconds == 0 else { throw ControlError("an update is held, or delayed by 'delay_ms'") }
    self = hold == true ? .held : milliseconds > 0 ? .after(.milliseconds(milliseconds)) : .now
  }
}
