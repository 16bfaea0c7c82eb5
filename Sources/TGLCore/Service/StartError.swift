/// Why the service cannot start as it is set up.
public enum StartError: Error, Sendable, CustomStringConvertible {
  /// The account cannot post to the log chat.
  case logChat(id: String, reason: String)

  public var description: String {
    switch self {
    case .logChat(let id, let reason): "LOG_CHAT_ID: '\(id)': \(reason)"
    }
  }
}
