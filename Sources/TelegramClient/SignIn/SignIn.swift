import MTProto
import NIOCore
public import TL

/// The dialogue that signs an account in: phone number, code, and the password where there is one.
///
/// Source: core.telegram.org/api/auth.
public struct SignIn: Sendable {
  /// How often a wrong answer to one question is met before the dialogue ends.
  public static let attempts = 5

  let client: TelegramClient
  let prompts: any SignInPrompts

  /// `client` must be running.
  public init(client: TelegramClient, prompts: any SignInPrompts) {
    self.client = client
    self.prompts = prompts
  }

  /// Signs in and returns the account.
  public func run() async throws(SignInError) -> API.User {
    try await signIn().signedInUser()
  }

  private func signIn() async throws(SignInError) -> API.AnyAuthAuthorization {
    var (phone, sent) = try await askPhone()
    var retry: CodeRetry?
    var wrong = 0
    var sends = 1
    while true {
      let code: SentCode
      switch try SentCode.outcome(sent, phone: phone) {
      case .code(let pending): code = pending
      case .alreadySignedIn(let authorization): return authorization
      }
      switch try await answer(to: code.request, retry: retry) {
      case .cancel:
        _ = try? await client.invoke(API.AuthCancelCode(phoneNumber: phone, phoneCodeHash: code.hash))
        throw .cancelled
      case .resend:
        sends += 1
        guard sends <= Self.attempts else { throw .tooManyAttempts("requests for a code") }
        (sent, retry) = try await resend(code, unlessFailing: sent)
      case .code(let text):
        switch try await check(text, of: code) {
        case .signedIn(let authorization): return authorization
        case .passwordNeeded: return try await PasswordCheck(client: client, prompts: prompts).run()
        case .rejected(let reason):
          wrong += 1
          guard wrong < Self.attempts else { throw .tooManyAttempts("codes") }
          retry = reason
          if reason == .expired { sent = try await sendCode(to: &phone) }
        }
      }
    }
  }

  private func answer(to request: CodeRequest, retry: CodeRetry?) async throws(SignInError) -> CodeAnswer {
    do { return try await prompts.code(request, retry: retry) } catch { throw .prompting(error) }
  }

  // MARK: Phone number

  private func askPhone() async throws(SignInError) -> (String, API.AnyAuthSentCode) {
    var retry: PhoneRetry?
    var last = ""
    for _ in 0..<Self.attempts {
      do { last = try await prompts.phone(retry: retry) } catch { throw .prompting(error) }
      guard var phone = PhoneNumber.normalized(last) else {
        retry = .malformed
        continue
      }
      do throws(SignInError) {
        let sent = try await sendCode(to: &phone)
        return (phone, sent)
      } catch {
        guard case .phoneRejected = error else { throw error }
        retry = .invalid
      }
    }
    throw .phoneRejected(last)
  }

  private func sendCode(to phone: inout String) async throws(SignInError) -> API.AnyAuthSentCode {
    let call = API.AuthSendCode(
      phoneNumber: phone, apiId: client.configuration.apiID, apiHash: client.configuration.apiHash,
      settings: API.CodeSettings())
    do throws(TelegramError) {
      do throws(TelegramError) {
        return try await client.invoke(call)
      } catch {
        // The server lost the thread and asks to begin anew.
        guard error.refusal?.name == "AUTH_RESTART" else { throw error }
        return try await client.invoke(call)
      }
    } catch {
      throw SignInError(error, phone: phone)
    }
  }

  private func resend(
    _ code: SentCode, unlessFailing old: API.AnyAuthSentCode
  ) async throws(SignInError) -> (API.AnyAuthSentCode, CodeRetry) {
    do throws(TelegramError) {
      let call = API.AuthResendCode(phoneNumber: code.request.phone, phoneCodeHash: code.hash)
      return (try await client.invoke(call), .resent)
    } catch {
      switch error.refusal?.name {
      case "SEND_CODE_UNAVAILABLE": return (old, .cannotResend("there is no other way to send it"))
      case "PHONE_CODE_EXPIRED":
        var phone = code.request.phone
        return (try await sendCode(to: &phone), .expired)
      default: throw SignInError(error, phone: code.request.phone)
      }
    }
  }

  // MARK: Code

  private enum Checked {
    case signedIn(API.AnyAuthAuthorization)
    case passwordNeeded
    case rejected(CodeRetry)
  }

  private func check(_ text: String, of code: SentCode) async throws(SignInError) -> Checked {
    let answer = text.filter { !$0.isWhitespace }
    guard !answer.isEmpty else { return .rejected(.empty) }
    do throws(TelegramError) {
      return .signedIn(try await client.invoke(try code.signIn(answer: code.isPhrase ? text : answer)))
    } catch {
      switch error.refusal?.name {
      case "SESSION_PASSWORD_NEEDED": return .passwordNeeded
      case "PHONE_CODE_INVALID", "EMAIL_CODE_INVALID", "CODE_INVALID": return .rejected(.wrong)
      case "PHONE_CODE_EMPTY": return .rejected(.empty)
      case "PHONE_CODE_EXPIRED": return .rejected(.expired)
      default: throw SignInError(error, phone: code.request.phone)
      }
    }
  }
}

extension API.AnyAuthAuthorization {
  /// The account that a sign-in led to.
  func signedInUser() throws(SignInError) -> API.User {
    switch self {
    case .authAuthorization(let authorization):
      guard case .user(let user) = authorization.user else {
        throw .client(.decoding(.unexpectedConstructor(0, offset: 0), method: "auth.signIn"))
      }
      return user
    case .authAuthorizationSignUpRequired, .other: throw .signUpRequired
    }
  }
}

extension SignInError {
  init(_ error: TelegramError, phone: String) {
    switch error {
    case .floodWait(let wait, _): self = .flood(wait)
    case .cancelled: self = .cancelled
    case .rpc(let refusal, _):
      switch refusal.name {
      case "PHONE_NUMBER_INVALID", "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN": self = .phoneRejected(phone)
      case "PHONE_NUMBER_BANNED": self = .phoneBanned
      case "PHONE_NUMBER_FLOOD", "PHONE_PASSWORD_FLOOD": self = .flood(nil)
      case "PHONE_NUMBER_UNOCCUPIED": self = .signUpRequired
      default: self = .client(error)
      }
    default: self = .client(error)
    }
  }

  static func prompting(_ error: any Error) -> SignInError {
    switch error {
    case let error as SignInError: error
    case is CancellationError: .cancelled
    default: .prompt(error)
    }
  }
}

extension TelegramError {
  /// The server's word, when it refused the call.
  var refusal: RPCError? { if case .rpc(let error, _) = self { error } else { nil } }
}
