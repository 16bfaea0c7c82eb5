/// How the client stands with its home data centre.
public enum ConnectionState: Sendable, Equatable {
  /// No attempt has been made yet, or the client was stopped.
  case idle
  case connecting
  /// Calls are answered.
  case connected
  /// The last attempt failed for `reason`; the next one starts after `wait`.
  case waiting(Duration, reason: String)
}
