import MTProto
import NIOCore
import TL

/// What to do next while another device is to let this one in: a value.
///
/// Source: core.telegram.org/api/qr-login.
struct LoginTokenFlow: Sendable {
  enum Action {
    /// Call `auth.exportLoginToken`.
    case export
    /// Make the data centre home and call `auth.importLoginToken` there.
    case importToken(ByteBuffer, dc: Int)
    /// Show the link until its time is over or an update `concerns` it; then export again.
    case show(LoginLink)
    /// Let in, but for the two-step verification password.
    case askPassword
    case finish(API.AnyAuthAuthorization)
    case fail(SignInError)
  }

  /// How long before its end a token is renewed: a code is not to end while it is being scanned.
  static let margin = Duration.seconds(2)
  /// A server whose times make no sense is neither hurried nor waited for too long.
  static let lifetimes = Duration.seconds(1)...Duration.seconds(300)

  /// Answers in a row that brought neither a link nor an end.
  private var detours = 0
  private var hasConnected = false

  /// The server answered a call; `serverTime` is its Unix time.
  mutating func answered(_ answer: API.AnyAuthLoginToken, serverTime: Duration) -> Action {
    switch answer {
    case .authLoginToken(let token):
      detours = 0
      let remaining = .seconds(token.expires) - serverTime - Self.margin
      let lifetime = min(max(remaining, Self.lifetimes.lowerBound), Self.lifetimes.upperBound)
      return .show(LoginLink(token: token.token, lifetime: lifetime))
    case .authLoginTokenMigrateTo(let target):
      let dc = Int(target.dcId)
      guard (1...1000).contains(dc) else {
        return .fail(.client(.unreachable(dc: dc, reason: "there is no such data centre")))
      }
      let reason = "the account is sent from one data centre to another"
      return detour(to: .importToken(target.token, dc: dc)) ?? .fail(.client(.unreachable(dc: dc, reason: reason)))
    case .authLoginTokenSuccess(let success): return .finish(success.authorization)
    case .other(let raw):
      return .fail(
        .client(
          .decoding(.unexpectedConstructor(raw.constructor, offset: 0), method: API.AuthExportLoginToken.name)))
    }
  }

  /// The server, or the way to it, refused a call.
  mutating func refused(_ error: TelegramError) -> Action {
    switch error.refusal?.name {
    case "SESSION_PASSWORD_NEEDED": return .askPassword
    case "AUTH_TOKEN_EXPIRED", "AUTH_TOKEN_INVALID", "AUTH_TOKEN_INVALIDX", "AUTH_TOKEN_ALREADY_ACCEPTED",
      "AUTH_RESTART":
      return detour(to: .export) ?? .fail(.client(error))
    default: return .fail(SignInError(error, phone: ""))
    }
  }

  private mutating func detour(to action: Action) -> Action? {
    detours += 1
    return detours < SignIn.attempts ? action : nil
  }

  /// Whether to look at once what has become of the token.
  mutating func concerns(_ payload: UpdatePayload) -> Bool {
    switch payload {
    case .updates(.updateShort(let update)): return Self.isLoginToken(update.update)
    case .updates(.updates(let updates)): return updates.updates.contains(where: Self.isLoginToken)
    case .updates(.updatesCombined(let updates)): return updates.updates.contains(where: Self.isLoginToken)
    case .updates(.updatesTooLong), .undecodable, .gap: return true
    case .updates: return false
    case .connected:
      // The first connection is the one the token came on; what was said between two may be lost.
      defer { hasConnected = true }
      return hasConnected
    }
  }

  private static func isLoginToken(_ update: API.AnyUpdate) -> Bool {
    if case .updateLoginToken = update { true } else { false }
  }
}
