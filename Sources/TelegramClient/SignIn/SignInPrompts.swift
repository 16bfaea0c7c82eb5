/// What the person who signs in is asked; a terminal's prompts, or a test's.
public protocol SignInPrompts: Sendable {
  /// The account's phone number in international form; signs and blanks in it do not matter.
  func phone(retry: PhoneRetry?) async throws -> String
  /// The login code, or what to do instead.
  func code(_ request: CodeRequest, retry: CodeRetry?) async throws -> CodeAnswer
  /// The two-step verification password; `hint` is the person's own.
  func password(hint: String?, isRetry: Bool) async throws -> String
}

/// Why the phone number is asked for once more.
public enum PhoneRetry: Sendable, Equatable {
  /// It is no international phone number.
  case malformed
  /// Telegram does not take it for one.
  case invalid
}

/// What is known of the code that is asked for.
public struct CodeRequest: Sendable, Equatable {
  /// International, digits only.
  public var phone: String
  public var delivery: CodeDelivery
  /// How it could be sent once more; nil when it cannot.
  public var next: NextCodeDelivery?
  /// How long to wait before it is sent once more.
  public var timeout: Duration?
}

/// Why the code is asked for once more.
public enum CodeRetry: Sendable, Equatable {
  case wrong
  case empty
  /// The code was too old; a new one was sent.
  case expired
  /// Sent once more, as asked.
  case resent
  /// It cannot be sent once more; the server's reason.
  case cannotResend(String)
}

public enum CodeAnswer: Sendable, Equatable {
  case code(String)
  /// Send it once more, another way if there is one.
  case resend
  case cancel
}

/// Why nobody was signed in.
public enum SignInError: Error, Sendable {
  case phoneRejected(String)
  /// The number is banned from Telegram.
  case phoneBanned
  /// Too many attempts; wait as long as told, where it is told.
  case flood(Duration?)
  /// No account has this number; this client creates none.
  case signUpRequired
  /// The code cannot be had with this client.
  case codeUnavailable(CodeDelivery)
  /// Telegram wants money for sending a code to this number.
  case paymentRequired(supportEmail: String)
  case tooManyAttempts(String)
  /// The password is checked with an algorithm this client does not know.
  case passwordAlgorithmUnknown
  /// The server's values for the password check are not safe.
  case unsafePasswordCheck(String)
  case cancelled
  /// The prompts failed.
  case prompt(any Error)
  case client(TelegramError)
}

extension SignInError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .phoneRejected(let phone): "Telegram does not accept the phone number \(phone)"
    case .phoneBanned: "this phone number is banned from Telegram; see telegram.org/support"
    case .flood(let wait?): "too many attempts; try again in \(wait.components.seconds) s"
    case .flood(nil): "too many attempts; try again tomorrow"
    case .signUpRequired:
      "no Telegram account has this phone number; create one in an official Telegram application first"
    case .codeUnavailable(.emailSetUpRequired):
      "the account needs a login e-mail address; set it in an official Telegram application first"
    case .codeUnavailable(let delivery): "a code sent \(delivery) cannot be used with this client"
    case .paymentRequired(let email):
      "Telegram asks for a payment before it sends a code to this number; ask \(email)"
    case .tooManyAttempts(let what): "too many wrong \(what)"
    case .passwordAlgorithmUnknown: "the account's password is checked in a way this version does not know"
    case .unsafePasswordCheck(let reason): "the server's values for the password check are not safe: \(reason)"
    case .cancelled: "cancelled"
    case .prompt(let error): "\(error)"
    case .client(let error): error.description
    }
  }
}
