/// What to do about a failure, judged once where it enters; every worker obeys the same value.
///
/// Source: "Error handling", core.telegram.org/api/errors.
public enum Verdict: Sendable, Hashable {
  /// The failure passes: try again, under a `Patience`.
  ///
  /// `after` is the delay the server asks for, at most `Patience.longestAsked`; nil leaves the delay to the `Patience`.
  case retry(after: Duration?)
  /// Get something new, then try once more.
  case renew(Renewal)
  /// Permanent for `subject`: record it with the reason, go on with the rest, and look again later.
  case setAside(Subject, reason: String)
  /// What was asked for is so already, as when a repetition is refused: count it as a success.
  case alreadyDone
  /// The session is of no use until the account's owner signs in again.
  case signIn(SignInCause)
  /// The service cannot serve its purpose any more, as with a damaged disk: end it, with the reason.
  case stop(reason: String)
  /// The work was cancelled, or the client was stopped.
  case cancelled

  /// What has to be new before the next try.
  public enum Renewal: Sendable, Hashable {
    /// The file reference: fetch the message again.
    case fileReference
    /// The data centre that is asked; nil when the server names none.
    case dataCenter(Int?)
    /// The position in the updates: ask for the server's own, and record a gap.
    case updatesState
    /// The introduction of this client to the server.
    case introduction
    /// The uploaded parts of a file.
    case upload
    /// The code or token of a sign-in that is under way.
    case loginCode
    /// The server lost what became of the call: ask again only where asking twice does no harm.
    case outcome
  }

  /// What a refusal is about, and so what is set aside.
  public enum Subject: String, Sendable, Hashable, CaseIterable {
    /// The chat, channel or user.
    case peer
    /// One message.
    case message
    /// One file.
    case file
    /// This one call.
    case request
    /// Everything of its kind that this account asks for, as while it is frozen.
    case account
  }
}

/// Why only a new sign-in helps.
public enum SignInCause: Sendable, Hashable {
  /// The session was ended, here or in another app; the server's word for it.
  case signedOut(String)
  /// The account was deleted or banned; signing in again needs Telegram's support first.
  case banned(String)
  /// Two programs used the session at once, and Telegram ended it.
  case duplicated
  /// The server does not know the session's key.
  case keyLost
  /// The sign-in was begun and still needs the password.
  case passwordNeeded

  /// The words of a server's refusal with code 401 or 406.
  init(refusal name: String) {
    self =
      switch name {
      case "USER_DEACTIVATED", "USER_DEACTIVATED_BAN": .banned(name)
      case "AUTH_KEY_DUPLICATED": .duplicated
      case "SESSION_PASSWORD_NEEDED": .passwordNeeded
      default: .signedOut(name)
      }
  }
}

extension SignInCause: CustomStringConvertible {
  public var description: String {
    switch self {
    case .signedOut(let name): "Telegram ended this session (\(name)); run 'tgl login' to sign in again"
    case .banned(let name):
      "Telegram deleted or banned this account (\(name)); ask Telegram's support, then run 'tgl login'"
    case .duplicated:
      "two programs used this session at once, so Telegram ended it (AUTH_KEY_DUPLICATED); stop the other one, then run 'tgl login'"
    case .keyLost: "Telegram does not know this session's key; run 'tgl login' to sign in again"
    case .passwordNeeded: "the sign-in was not finished, its password is missing; run 'tgl login'"
    }
  }
}
