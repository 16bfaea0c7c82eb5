import MTProtoCrypto
import NIOCore
import TL

/// One attempt at a two-factor password.
///
/// Source: "Two-factor authentication", core.telegram.org/api/srp.
struct PasswordCheck: Sendable {
  let server: SRP.Server
  /// Unix time.
  let expires: Int32
}

extension AccountPassword {
  /// Keeps the verifier and salts of a password.
  init(_ password: String, hint: String, using generator: inout SeededGenerator) throws(CryptoError) {
    plain = password
    self.hint = hint
    salt1 = generator.bytes(40)
    salt2 = generator.bytes(16)
    verifier = []
    verifier = try SRP.verifier(password: password, parameters: parameters)
  }

  var parameters: SRP.Parameters {
    SRP.Parameters(salt1: salt1, salt2: salt2, generator: 3, prime: DiffieHellman.telegramPrime)
  }
}

extension Telegram {
  fileprivate static let checkLifetime: Int32 = 300

  /// `account.getPassword`: what the client needs to prove the password.
  mutating func password(_ caller: Caller) throws(RPCFailure) -> API.AccountPassword {
    let address = AuthKeyAddress(dc: caller.dc, id: caller.authKeyID)
    guard let user = caller.user ?? authorizations[address]?.passwordUser else { throw .authKeyUnregistered }
    let new = SRP.Parameters(
      salt1: world.generator.bytes(8), salt2: world.generator.bytes(16), generator: 3,
      prime: DiffieHellman.telegramPrime)
    var answer = API.AccountPassword(
      newAlgo: Self.algorithm(new), newSecureAlgo: .securePasswordKdfAlgoUnknown(.init()),
      secureRandom: ByteBuffer(bytes: world.generator.bytes(256)))
    guard let password = try world.account(user).password else { return answer }
    guard
      let server = try? SRP.Server(
        parameters: password.parameters, verifier: password.verifier, using: &world.generator)
    else { throw RPCFailure(500, "INTERNAL") }
    let id = Int64(bitPattern: world.generator.next() >> 1)
    let expires = world.now + Self.checkLifetime
    update(caller) { $0.passwordChecks = [id: PasswordCheck(server: server, expires: expires)] }
    answer.hasPassword = true
    answer.currentAlgo = Self.algorithm(password.parameters)
    answer.srpB = ByteBuffer(bytes: server.b)
    answer.srpId = id
    answer.hint = password.hint
    return answer
  }

  fileprivate static func algorithm(_ parameters: SRP.Parameters) -> API.AnyPasswordKdfAlgo {
    .passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
      .init(
        salt1: ByteBuffer(bytes: parameters.salt1), salt2: ByteBuffer(bytes: parameters.salt2), g: parameters.generator,
        p: ByteBuffer(bytes: parameters.prime)))
  }

  mutating func checkPassword(
    _ request: API.AuthCheckPassword, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyAuthAuthorization {
    let address = AuthKeyAddress(dc: caller.dc, id: caller.authKeyID)
    guard let user = authorizations[address]?.passwordUser else { throw .authKeyUnregistered }
    guard case .inputCheckPasswordSRP(let proof) = request.password else { throw .passwordHashInvalid }
    guard let check = authorizations[address]?.passwordChecks[proof.srpId], check.expires > world.now else {
      throw .srpIDInvalid
    }
    // One attempt a value of B.
    update(caller) { $0.passwordChecks = [:] }
    let accepted = try? check.server.accepts(
      (a: Array(proof.a.readableBytesView), m1: Array(proof.m1.readableBytesView)))
    guard accepted == true else { throw .passwordHashInvalid }
    return authorize(caller, as: user)
  }
}
