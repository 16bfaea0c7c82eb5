import MTProto
import MTProtoCrypto
import NIOCore
import NIOPosix
import TL
import Testing

@testable import TelegramClient

/// The sign-in dialogue against a server that knows one account.
@Suite(.serialized) struct SignInTests {
  private let group = MultiThreadedEventLoopGroup.singleton

  /// Alice: +99966 2 0001, code 22222, and a password if one is given.
  private struct Account: Sendable {
    var password: String?
    /// Errors to answer sign-in attempts with before the code is looked at.
    var failures: [String] = []
    var sendFailures: [String] = []
    var isUnknown = false
    var delivery = API.AnyAuthSentCodeType.authSentCodeTypeApp(API.AuthSentCodeTypeApp(length: 5))
  }

  private static let parameters = SRP.Parameters(
    salt1: Array("salt one".utf8), salt2: Array("salt two".utf8), generator: 3, prime: DiffieHellman.telegramPrime)

  private func server(_ account: Account) async throws -> LoopbackServer {
    let rest = Locked(account)
    let check = Locked<SRP.Server?>(nil)
    let signedIn = LoopbackServer.Answer.value(
      API.AnyAuthAuthorization.authAuthorization(API.AuthAuthorization(user: user(1, isSelf: true))))
    return try await LoopbackServer.start(group: group) { call, server in
      func sentCode(hash: String, _ type: API.AnyAuthSentCodeType) -> LoopbackServer.Answer {
        .value(
          API.AnyAuthSentCode.authSentCode(
            API.AuthSentCode(
              type: type, phoneCodeHash: hash, nextType: .authCodeTypeSms(API.AuthCodeTypeSms()), timeout: 60)))
      }
      switch call.constructor {
      case API.HelpGetConfig.constructor: return .value(LoopbackServer.config([2: server.port], thisDC: 2))
      case API.AuthSendCode.constructor:
        guard let phone = try? call.decode(String.self), phone == "9996620001" else {
          return .refuse(400, "PHONE_NUMBER_INVALID")
        }
        if let failure = rest.withValue({ $0.sendFailures.isEmpty ? nil : $0.sendFailures.removeFirst() }) {
          return .refuse(failure.hasPrefix("FLOOD") ? 420 : 400, failure)
        }
        return sentCode(hash: "first", account.delivery)
      case API.AuthResendCode.constructor:
        return sentCode(hash: "second", .authSentCodeTypeSms(API.AuthSentCodeTypeSms(length: 5)))
      case API.AuthCancelCode.constructor: return .value(true)
      case API.AuthSignIn.constructor:
        if let failure = rest.withValue({ $0.failures.isEmpty ? nil : $0.failures.removeFirst() }) {
          return .refuse(400, failure)
        }
        var reader = TLReader(call.body)
        guard (try? reader.readInt()) != nil, let flags = try? reader.readInt(),
          (try? reader.readString()) == "9996620001", let hash = try? reader.readString(),
          ["first", "second"].contains(hash)
        else { return .refuse(400, "PHONE_CODE_EXPIRED") }
        if flags == 2 {
          guard (try? reader.readConstructor()) == 0x922e_55a9 else { return .refuse(400, "EMAIL_VERIFY_EXPIRED") }
        }
        guard (try? reader.readString()) == "22222" else { return .refuse(400, "PHONE_CODE_INVALID") }
        if account.isUnknown {
          return .value(
            API.AnyAuthAuthorization.authAuthorizationSignUpRequired(API.AuthAuthorizationSignUpRequired()))
        }
        return account.password == nil ? signedIn : .refuse(401, "SESSION_PASSWORD_NEEDED")
      case API.AccountGetPassword.constructor:
        var random = SystemRandomNumberGenerator()
        guard let password = account.password,
          let verifier = try? SRP.verifier(password: password, parameters: Self.parameters),
          let challenge = try? SRP.Server(parameters: Self.parameters, verifier: verifier, using: &random)
        else { return .nothing }
        check.withValue { $0 = challenge }
        let algorithm = API.AnyPasswordKdfAlgo.passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
          .init(
            salt1: ByteBuffer(bytes: Self.parameters.salt1), salt2: ByteBuffer(bytes: Self.parameters.salt2),
            g: Self.parameters.generator, p: ByteBuffer(bytes: Self.parameters.prime)))
        return .value(
          API.AccountPassword(
            hasPassword: true, currentAlgo: algorithm, srpB: ByteBuffer(bytes: challenge.b), srpId: 9,
            hint: "the usual", newAlgo: .passwordKdfAlgoUnknown(API.PasswordKdfAlgoUnknown()),
            newSecureAlgo: .securePasswordKdfAlgoUnknown(API.SecurePasswordKdfAlgoUnknown()),
            secureRandom: ByteBuffer()))
      case API.AuthCheckPassword.constructor:
        guard let proof = try? call.decode(API.InputCheckPasswordSRP.self), proof.srpId == 9,
          let accepted = try? check.current?.accepts(
            (Array(proof.a.readableBytesView), Array(proof.m1.readableBytesView)))
        else { return .refuse(400, "SRP_ID_INVALID") }
        return accepted ? signedIn : .refuse(400, "PASSWORD_HASH_INVALID")
      case API.AuthLogOut.constructor: return .value(API.AuthLoggedOut())
      default: return .nothing
      }
    }
  }

  /// Answers questions from a list and notes what was asked.
  private final class Script: SignInPrompts {
    let phones: Locked<[String]>
    let codes: Locked<[CodeAnswer]>
    let passwords: Locked<[String]>
    let asked = Locked<[String]>([])

    init(phones: [String] = ["+999 66-2 0001"], codes: [CodeAnswer] = [.code("22222")], passwords: [String] = []) {
      self.phones = Locked(phones)
      self.codes = Locked(codes)
      self.passwords = Locked(passwords)
    }

    func phone(retry: PhoneRetry?) async throws -> String {
      asked.withValue { $0.append("phone \(retry.map { "\($0)" } ?? "")") }
      return try next(phones)
    }

    func code(_ request: CodeRequest, retry: CodeRetry?) async throws -> CodeAnswer {
      asked.withValue { $0.append("code \(request.delivery) \(retry.map { "\($0)" } ?? "")") }
      return try next(codes)
    }

    func password(hint: String?, isRetry: Bool) async throws -> String {
      asked.withValue { $0.append("password \(hint ?? "") \(isRetry)") }
      return try next(passwords)
    }

    private struct OutOfAnswers: Error {}

    private func next<Answer: Sendable>(_ answers: Locked<[Answer]>) throws -> Answer {
      guard let answer = answers.withValue({ $0.isEmpty ? nil : $0.removeFirst() }) else { throw OutOfAnswers() }
      return answer
    }
  }

  private func signIn(_ account: Account, _ script: Script) async throws -> API.User {
    let server = try await server(account)
    let client = testClient(try configuration(port: server.port))
    let outcome = await Result.from {
      try await running(client) { try await SignIn(client: $0, prompts: script).run() }
    }
    try await server.stop()
    return try outcome.get()
  }

  private func failure(_ account: Account, _ script: Script) async throws -> SignInError {
    try #require(await #expect(throws: SignInError.self) { _ = try await signIn(account, script) })
  }

  @Test func signsInWithPhoneAndCode() async throws {
    let script = Script()
    let user = try await signIn(Account(), script)
    #expect(user.id == 1)
    #expect(script.asked.current == ["phone ", "code to your other Telegram applications "])
  }

  @Test func asksAgainForAPhoneNumberThatIsNone() async throws {
    let script = Script(phones: ["call me", "+44 20 7946 0000", "00999662 0001"])
    _ = try await signIn(Account(), script)
    #expect(script.asked.current.prefix(3) == ["phone ", "phone malformed", "phone invalid"])
  }

  @Test func asksAgainForAWrongCode() async throws {
    let script = Script(codes: [.code("11111"), .code("  "), .code(" 22 222 ")])
    _ = try await signIn(Account(), script)
    #expect(
      script.asked.current.dropFirst().map { $0.split(separator: " ").last } == ["applications", "wrong", "empty"])
  }

  @Test func endsAfterManyWrongCodes() async throws {
    let script = Script(codes: Array(repeating: .code("11111"), count: 20))
    guard case .tooManyAttempts = try await failure(Account(), script) else {
      Issue.record("not counted")
      return
    }
    #expect(script.asked.current.count == 1 + SignIn.attempts)
  }

  @Test func sendsTheCodeOnceMoreWhenAsked() async throws {
    let script = Script(codes: [.resend, .code("22222")])
    _ = try await signIn(Account(), script)
    #expect(script.asked.current.last == "code by SMS resent")
  }

  @Test func anExpiredCodeIsSentAnew() async throws {
    let script = Script(codes: [.code("22222"), .code("22222")])
    _ = try await signIn(Account(failures: ["PHONE_CODE_EXPIRED"]), script)
    #expect(script.asked.current.last?.hasSuffix("expired") == true)
  }

  @Test func checksThePasswordWithoutSendingIt() async throws {
    let script = Script(passwords: ["wrong", "correct horse"])
    let user = try await signIn(Account(password: "correct horse"), script)
    #expect(user.id == 1)
    #expect(script.asked.current.suffix(2) == ["password the usual false", "password the usual true"])
  }

  @Test func sendsACodeFromAnEmailAsOne() async throws {
    let type = API.AnyAuthSentCodeType.authSentCodeTypeEmailCode(
      API.AuthSentCodeTypeEmailCode(emailPattern: "a***@b.c", length: 5))
    let script = Script()
    _ = try await signIn(Account(delivery: type), script)
    #expect(script.asked.current.last == "code by e-mail to a***@b.c ")
  }

  @Test func refusesToSignUp() async throws {
    guard case .signUpRequired = try await failure(Account(isUnknown: true), Script()) else {
      Issue.record("not refused")
      return
    }
    guard case .signUpRequired = try await failure(Account(failures: ["PHONE_NUMBER_UNOCCUPIED"]), Script()) else {
      Issue.record("not refused")
      return
    }
  }

  @Test func explainsWhatTelegramRefuses() async throws {
    guard case .phoneBanned = try await failure(Account(sendFailures: ["PHONE_NUMBER_BANNED"]), Script()) else {
      Issue.record("not told as banned")
      return
    }
    guard case .flood(.seconds(7200)?) = try await failure(Account(sendFailures: ["FLOOD_WAIT_7200"]), Script()) else {
      Issue.record("not told as flood")
      return
    }
    let setUp = API.AnyAuthSentCodeType.authSentCodeTypeSetUpEmailRequired(API.AuthSentCodeTypeSetUpEmailRequired())
    guard case .codeUnavailable(.emailSetUpRequired) = try await failure(Account(delivery: setUp), Script()) else {
      Issue.record("not told as unavailable")
      return
    }
  }

  @Test func canBeGivenUp() async throws {
    guard case .cancelled = try await failure(Account(), Script(codes: [.cancel])) else {
      Issue.record("not cancelled")
      return
    }
  }

  @Test func beginsAnewWhenTheServerLostTheThread() async throws {
    let user = try await signIn(Account(sendFailures: ["AUTH_RESTART"]), Script())
    #expect(user.id == 1)
  }

  @Test func loggingOutForgetsTheSession() async throws {
    let server = try await server(Account())
    let store = InMemorySessionStore()
    let client = testClient(try configuration(port: server.port), store: store)
    try await running(client) { client in
      _ = try await SignIn(client: client, prompts: Script()).run()
      #expect(await store.home() != nil)
      try await client.logOut()
    }
    #expect(await store.home() == nil)
    #expect(server.calls(of: API.AuthLogOut.constructor).count == 1)
    try await server.stop()
  }
}

@Suite struct PhoneNumberTests {
  @Test(arguments: [
    ("+44 20 7946-0000", "442079460000"), ("0044 (20) 7946 0000", "442079460000"), ("999662 0001", "999662 0001"),
    ("12345", "12345"),
  ])
  func keepsOnlyTheDigits(text: String, digits: String) {
    #expect(PhoneNumber.normalized(text) == digits.filter { $0 != " " })
  }

  @Test(arguments: ["", "+", "1234", "phone", "44+20", "1234567890123456", "+44 20 7946 000x", "٤٤٢٠٧٩٤٦"])
  func refusesWhatIsNoNumber(text: String) {
    #expect(PhoneNumber.normalized(text) == nil)
  }
}

extension Result where Failure == any Error {
  static func from(_ body: () async throws -> Success) async -> Self {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}
