/// What can go wrong in a cryptographic step.
public enum CryptoError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A key, block or number of the wrong length, in bytes.
  case invalidLength(what: String, expected: String, actual: Int)
  /// A PEM text that holds no usable RSA key.
  case invalidKey(String)
  /// A check of Telegram's security guidelines that the other side did not pass.
  case unsafe(String)
  /// Data that is not what was sealed: a wrong key, or altered or truncated bytes.
  case authenticationFailed
  /// OpenSSL refused; its own reason.
  case openSSL(String)

  public var description: String {
    switch self {
    case .invalidLength(let what, let expected, let actual): "\(what) has \(actual) bytes; \(expected) expected"
    case .invalidKey(let reason): "not a usable RSA key: \(reason)"
    case .unsafe(let reason): "security check failed: \(reason)"
    case .authenticationFailed: "wrong key, or altered data"
    case .openSSL(let reason): "OpenSSL: \(reason)"
    }
  }
}
