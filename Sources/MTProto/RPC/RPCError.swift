/// A call the server refused: its code, and its name with the number inside taken out.
///
/// Source: core.telegram.org/api/errors.
public struct RPCError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What a client is expected to do about it.
  public enum Kind: Sendable, Hashable {
    /// Call again after this long (FLOOD_WAIT_X and its relatives).
    case floodWait(Duration)
    /// The chat is in slow mode: send again after this long.
    case slowModeWait(Duration)
    /// Call another data centre.
    case migrate(Migration, dc: Int)
    /// The file reference is too old: fetch its message again.
    case fileReferenceExpired
    /// The session is not signed in, or not any more.
    case unauthorized
    /// The server no longer knows whether it ran the call: whether to repeat it is the caller's to say.
    case outcomeUnknown
    /// The server failed; the call may work later.
    case serverFailure
    case other
  }

  /// What moves to the other data centre.
  public enum Migration: String, Sendable, Hashable {
    case phone = "PHONE_MIGRATE"
    case network = "NETWORK_MIGRATE"
    case user = "USER_MIGRATE"
    case file = "FILE_MIGRATE"
    case stats = "STATS_MIGRATE"
  }

  /// As in HTTP; 420 for FLOOD_WAIT, negative for failures of this client's making.
  public let code: Int32
  /// As the server sent it, as in `FLOOD_WAIT_42`.
  public let message: String
  /// Without its number, as in `FLOOD_WAIT`; `X` stands for one in the middle, as in `FILE_PART_X_MISSING`.
  public let name: String
  /// The number in the message.
  public let argument: Int?

  public init(code: Int32, message: String) {
    self.code = code
    self.message = message
    var parts = message.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
    let number = parts.lastIndex { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    argument = number.flatMap { Int(parts[$0]) }
    if let number, argument != nil {
      if number == parts.count - 1, number > 0 { parts.removeLast() } else { parts[number] = "X" }
    }
    name = parts.joined(separator: "_")
  }

  /// The server forgot a call before it said what became of it.
  public static let outcomeUnknown = RPCError(code: -1, message: "OUTCOME_UNKNOWN")
  /// The server rejected the same message too often.
  public static let rejected = RPCError(code: -2, message: "MESSAGE_REJECTED")

  public var kind: Kind {
    switch name {
    case "FLOOD_WAIT", "FLOOD_PREMIUM_WAIT", "FLOOD_TEST_PHONE_WAIT": .floodWait(seconds)
    case "SLOWMODE_WAIT": .slowModeWait(seconds)
    case "FILE_REFERENCE_EXPIRED", "FILE_REFERENCE_INVALID", "FILE_REFERENCE_EMPTY", "FILE_REFERENCE_X_EXPIRED",
      "FILE_REFERENCE_X_INVALID", "FILE_REFERENCE_X_EMPTY":
      .fileReferenceExpired
    case "OUTCOME_UNKNOWN": .outcomeUnknown
    // Never taken by the server, so that it may be sent once more.
    case "MESSAGE_REJECTED": .serverFailure
    // The message was sent before, whatever the code; calling again would get the same.
    case "RANDOM_ID_DUPLICATE": .other
    default:
      if let migration = Migration(rawValue: name), let argument {
        .migrate(migration, dc: argument)
      } else if name == "AUTH_KEY_DUPLICATED" || code == 401 && name != "SESSION_PASSWORD_NEEDED" {
        .unauthorized
      } else if code >= 500 || code == -503 {
        .serverFailure
      } else {
        .other
      }
    }
  }

  public var description: String { "\(message) (\(code))" }

  private var seconds: Duration { .seconds(min(max(argument ?? 0, 0), Int(Int32.max))) }
}
