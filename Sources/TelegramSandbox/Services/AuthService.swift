import NIOCore
import TL

/// `auth.*`: signing in and out. Source: "User authorization", core.telegram.org/api/auth.
extension Dispatcher {
  mutating func registerAuth() {
    on(API.AuthSendCode.self, access: .anyone) { try $0.sendCode($2, $1) }
    on(API.AuthResendCode.self, access: .anyone) { try $0.resendCode($2) }
    on(API.AuthCancelCode.self, access: .anyone) { telegram, _, request in
      let account = telegram.digits(request.phoneNumber)
      return telegram.sentCodes.removeValue(forKey: account) != nil
    }
    on(API.AuthSignIn.self, access: .anyone) { try $0.signIn($2, $1) }
    on(API.AuthCheckPassword.self, access: .anyone) { try $0.checkPassword($2, $1) }
    on(API.AuthLogOut.self, access: .anyone) { telegram, caller, _ in
      telegram.signOut(caller)
      return API.AuthLoggedOut()
    }
    on(API.AuthExportAuthorization.self) { try $0.exportAuthorization(to: $2.dcId, $1) }
    on(API.AuthImportAuthorization.self, access: .anyone) { try $0.importAuthorization($2, $1) }
    registerLoginTokens()
    on("auth.resetAuthorizations") { $0.writeBool(true) }
  }
}

extension Telegram {
  /// How long a code stays valid, in seconds.
  fileprivate static let codeLifetime: Int32 = 300
  /// What is sent to numbers without an account.
  fileprivate static let strangersCode = "22222"

  fileprivate func digits(_ phone: String) -> String { phone.filter { ("0"..."9").contains($0) } }

  fileprivate mutating func sendCode(
    _ request: API.AuthSendCode, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyAuthSentCode {
    guard request.apiId == apiID, request.apiHash == apiHash else { throw .apiIDInvalid }
    let phone = digits(request.phoneNumber)
    guard (7...15).contains(phone.count) else { throw .phoneNumberInvalid }
    guard caller.dc == world.homeDC else { throw .phoneMigrate(world.homeDC) }
    let code = SentCode(
      hash: String(world.generator.next(), radix: 16),
      code: world.account(phone: phone)?.code ?? Self.strangersCode, delivery: .app,
      expires: world.now + Self.codeLifetime)
    sentCodes[phone] = code
    return .authSentCode(answer(code))
  }

  fileprivate mutating func resendCode(_ request: API.AuthResendCode) throws(RPCFailure) -> API.AnyAuthSentCode {
    let phone = digits(request.phoneNumber)
    guard var code = sentCodes[phone], code.hash == request.phoneCodeHash, code.expires > world.now else {
      throw .phoneCodeExpired
    }
    switch code.delivery {
    case .app: code.delivery = .sms
    case .sms: code.delivery = .call
    case .call: throw .sendCodeUnavailable
    }
    sentCodes[phone] = code
    return .authSentCode(answer(code))
  }

  fileprivate func answer(_ code: SentCode) -> API.AuthSentCode {
    let length = Int32(code.code.count)
    switch code.delivery {
    case .app:
      return .init(
        type: .authSentCodeTypeApp(.init(length: length)), phoneCodeHash: code.hash, nextType: .authCodeTypeSms(.init())
      )
    case .sms:
      return .init(
        type: .authSentCodeTypeSms(.init(length: length)), phoneCodeHash: code.hash,
        nextType: .authCodeTypeCall(.init()), timeout: 60)
    case .call:
      return .init(type: .authSentCodeTypeCall(.init(length: length)), phoneCodeHash: code.hash)
    }
  }

  fileprivate mutating func signIn(
    _ request: API.AuthSignIn, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyAuthAuthorization {
    let phone = digits(request.phoneNumber)
    guard caller.dc == world.homeDC else { throw .phoneMigrate(world.homeDC) }
    guard let given = request.phoneCode, !given.isEmpty else { throw .phoneCodeEmpty }
    guard let sent = sentCodes[phone], sent.hash == request.phoneCodeHash, sent.expires > world.now else {
      throw .phoneCodeExpired
    }
    guard given == sent.code else { throw .phoneCodeInvalid }
    guard let account = world.account(phone: phone) else {
      return .authAuthorizationSignUpRequired(.init())
    }
    sentCodes[phone] = nil
    if account.password != nil {
      update(caller) { $0.passwordUser = account.id }
      throw .sessionPasswordNeeded
    }
    return authorize(caller, as: account.id)
  }

  mutating func authorize(_ caller: Caller, as user: Int64) -> API.AnyAuthAuthorization {
    update(caller) {
      $0.user = user
      $0.passwordUser = nil
      $0.passwordChecks = [:]
    }
    return .authAuthorization(.init(user: world.user(user, for: user)))
  }

  mutating func update(_ caller: Caller, _ change: (inout Authorization) -> Void) {
    change(
      &authorizations[AuthKeyAddress(dc: caller.dc, id: caller.authKeyID), default: Authorization(createdAt: world.now)]
    )
  }

  fileprivate mutating func signOut(_ caller: Caller) {
    if let user = caller.user { world.setOnline(false, user: user) }
    update(caller) {
      $0.user = nil
      $0.passwordUser = nil
    }
  }

  fileprivate mutating func exportAuthorization(
    to dc: Int32, _ caller: Caller
  ) throws(RPCFailure) -> API.AuthExportedAuthorization {
    let user = try caller.viewer()
    guard dc != caller.dc, dc != cdn.dc, endpoints.contains(where: { $0.id == dc }) else { throw .dcIDInvalid }
    let bytes = world.generator.bytes(128)
    exports[bytes] = ExportedAuthorization(user: user, dc: dc)
    return .init(id: user, bytes: ByteBuffer(bytes: bytes))
  }

  fileprivate mutating func importAuthorization(
    _ request: API.AuthImportAuthorization, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyAuthAuthorization {
    let bytes = Array(request.bytes.readableBytesView)
    guard let export = exports[bytes], export.dc == caller.dc, export.user == request.id else {
      throw .authBytesInvalid
    }
    exports[bytes] = nil
    return authorize(caller, as: export.user)
  }
}
