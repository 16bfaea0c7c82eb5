import NIOCore
import TL

/// Signing in by a QR code. Source: core.telegram.org/api/qr-login.
extension Dispatcher {
  mutating func registerLoginTokens() {
    on(API.AuthExportLoginToken.self, access: .anyone) { try $0.exportLoginToken($2, $1) }
    on(API.AuthImportLoginToken.self, access: .anyone) { telegram, caller, request in
      try telegram.importLoginToken(Array(request.token.readableBytesView), caller)
    }
    on(API.AuthAcceptLoginToken.self) { telegram, caller, request in
      try telegram.acceptLoginToken(Array(request.token.readableBytesView), as: caller.viewer())
    }
  }
}

extension Telegram {
  fileprivate mutating func exportLoginToken(
    _ request: API.AuthExportLoginToken, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyAuthLoginToken {
    guard request.apiId == apiID, request.apiHash == apiHash else { throw .apiIDInvalid }
    let key = AuthKeyAddress(dc: caller.dc, id: caller.authKeyID)
    loginTokens = loginTokens.filter { $0.value.expires > world.now || $0.value.acceptedBy != nil }
    for (bytes, token) in loginTokens where token.key == key {
      if let user = token.acceptedBy { return try letIn(caller, as: user, by: bytes) }
    }
    let bytes = world.generator.bytes(32)
    let expires = world.now + loginTokenLifetime
    loginTokens[bytes] = LoginToken(key: key, expires: expires)
    return .authLoginToken(.init(expires: expires, token: ByteBuffer(bytes: bytes)))
  }

  fileprivate mutating func importLoginToken(
    _ bytes: [UInt8], _ caller: Caller
  ) throws(RPCFailure) -> API.AnyAuthLoginToken {
    guard let token = loginTokens[bytes] else { throw .authTokenInvalid }
    guard let user = token.acceptedBy else {
      guard token.expires > world.now else { throw .authTokenExpired }
      return .authLoginToken(.init(expires: token.expires, token: ByteBuffer(bytes: bytes)))
    }
    return try letIn(caller, as: user, by: bytes)
  }

  /// The owner of the device has been recognized; sends it to the account's data centre, and asks for the password
  /// where there is one.
  private mutating func letIn(
    _ caller: Caller, as user: Int64, by bytes: [UInt8]
  ) throws(RPCFailure) -> API.AnyAuthLoginToken {
    guard caller.dc == world.homeDC else {
      return .authLoginTokenMigrateTo(.init(dcId: world.homeDC, token: ByteBuffer(bytes: bytes)))
    }
    loginTokens[bytes] = nil
    guard try world.account(user).password == nil else {
      update(caller) { $0.passwordUser = user }
      throw .sessionPasswordNeeded
    }
    return .authLoginTokenSuccess(.init(authorization: authorize(caller, as: user)))
  }

  /// What scanning a code on a device of `user` does.
  ///
  /// - Returns: the device that was let in.
  @discardableResult
  mutating func acceptLoginToken(_ bytes: [UInt8], as user: Int64) throws(RPCFailure) -> API.Authorization {
    guard let token = loginTokens[bytes] else { throw .authTokenInvalid }
    guard token.expires > world.now else { throw .authTokenExpired }
    guard token.acceptedBy == nil else { throw .authTokenAlreadyAccepted }
    loginTokens[bytes]?.acceptedBy = user
    announceAcceptance(to: token.key)
    return describe(authorizations[token.key] ?? Authorization(createdAt: world.now), hash: token.key.id)
  }
}
