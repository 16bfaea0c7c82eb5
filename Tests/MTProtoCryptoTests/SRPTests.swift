import TestSupport
import Testing

@testable import MTProtoCrypto

@Suite struct SRPTests {
  /// One attempt worked out by Telethon 1.45's `password.compute_check` and `compute_digest`, with `os.urandom` replaced.
  ///
  /// salt1 is `pattern(24, seed)`, salt2 `pattern(16, seed + 1)`, b `pattern(256, seed + 2)`, a `pattern(256, seed + 3)`. Long
  /// values are given by their SHA-256.
  struct Attempt: CustomTestStringConvertible {
    let password: String
    let generator: Int32
    let seed: Int
    let verifier: String
    let b: String
    let a: String
    let m1: String

    var parameters: SRP.Parameters {
      SRP.Parameters(
        salt1: pattern(24, seed: seed), salt2: pattern(16, seed: seed + 1), generator: generator,
        prime: DiffieHellman.telegramPrime)
    }
    var testDescription: String { "password \(password)" }
  }

  static let attempts = [
    Attempt(
      password: "correct horse battery staple", generator: 3, seed: 20,
      verifier: "5f93bf4da5c9db11aa0bec0e9cd0829436f1b97054a90a6573fdce1fb055fe9b",
      b: "ad38f3b9d6c84eb0c87ad025ce448967faf0f44c3544d103c23638d7c2d1fbca",
      a: "f9606204323ef80ef421fa11f72aaf039c4c56238e21a2b02152df6efaffbac4",
      m1: "afe193804d4d1e596efdefe49063a69c6c7404488339b8f822f5e8b36f30a265"),
    Attempt(
      password: "пароль 🔑 ", generator: 3, seed: 30,
      verifier: "b0d15b253eff2292a39ab87f7eecf5c31eb46751f917c47d747fdbf1f0b646af",
      b: "894428531c0834b659ac30365c013a2373c36cdd02a383ffe5260ea8d1454a42",
      a: "818b8226414343a2e318632011f8baeb1e2bb8df54054bc445035cfcf7483eed",
      m1: "25b4987e7845ca9fa6b12562990e75cd2691f82303f8c5d890e1fba6792556fd"),
    Attempt(
      password: "", generator: 7, seed: 40,
      verifier: "bcb747faee495057279cb1bfc4f79c529f58827b96c23fcee1e25105d75a933c",
      b: "19048f39623f4852cb41ff9be5189ebb0a31dc12175c51c565780bba1b4465b5",
      a: "76f6f61e61d41101909d8f0914283b4ad072bd639b123ea7be4c7692b7d3d68d",
      m1: "3c6d69ecba929e113f0b552e86ff864d3c4b242b096547333b40f0adf24cb628"),
  ]

  @Test(arguments: attempts)
  func bothHalvesComputeWhatTelethonComputes(attempt: Attempt) throws {
    let verifier = try SRP.verifier(password: attempt.password, parameters: attempt.parameters)
    #expect(hex(SHA256.hash(verifier)) == attempt.verifier)
    var serverRandom = ReplayGenerator([pattern(256, seed: attempt.seed + 2)])
    let server = try SRP.Server(parameters: attempt.parameters, verifier: verifier, using: &serverRandom)
    #expect(hex(SHA256.hash(server.b)) == attempt.b)
    var clientRandom = ReplayGenerator([pattern(256, seed: attempt.seed + 3)])
    let proof = try SRP.prove(
      password: attempt.password, parameters: attempt.parameters, serverB: server.b, using: &clientRandom)
    #expect(hex(SHA256.hash(proof.a)) == attempt.a)
    #expect(hex(proof.m1) == attempt.m1)
    #expect(try server.accepts((a: proof.a, m1: proof.m1)))
  }

  private let parameters = attempts[0].parameters

  private func server(seed: UInt64) throws -> SRP.Server {
    var random = SeededGenerator(seed: seed)
    let verifier = try SRP.verifier(password: "right", parameters: parameters)
    return try SRP.Server(parameters: parameters, verifier: verifier, using: &random)
  }

  @Test func wrongPasswordOrAlteredProofIsRefused() throws {
    let server = try server(seed: 1)
    var random = SeededGenerator(seed: 2)
    let right = try SRP.prove(password: "right", parameters: parameters, serverB: server.b, using: &random)
    #expect(try server.accepts((a: right.a, m1: right.m1)))
    for wrong in ["Right", "right ", "", "wrong"] {
      let proof = try SRP.prove(password: wrong, parameters: parameters, serverB: server.b, using: &random)
      #expect(try !server.accepts((a: proof.a, m1: proof.m1)), "\(wrong)")
    }
    var altered = right.m1
    altered[31] ^= 1
    #expect(try !server.accepts((a: right.a, m1: altered)))
    #expect(try !server.accepts((a: right.a, m1: [])))
    #expect(try !self.server(seed: 3).accepts((a: right.a, m1: right.m1)), "another attempt's B")
  }

  @Test func serverRefusesValuesThatNeedNoPassword() throws {
    let server = try server(seed: 1)
    let prime = DiffieHellman.telegramPrime
    for a in [[], [0], [1], prime, [UInt8](repeating: 0xFF, count: 256), [1] + prime, pattern(10_000, seed: 1)] {
      #expect(throws: CryptoError.self) { try server.accepts((a: a, m1: pattern(32, seed: 1))) }
    }
  }

  @Test func clientRefusesHostileServers() throws {
    let b = try server(seed: 1).b
    let prime = DiffieHellman.telegramPrime
    func refuses(_ parameters: SRP.Parameters, _ serverB: [UInt8]) {
      var random = SeededGenerator(seed: 4)
      #expect(throws: CryptoError.self) {
        try SRP.prove(password: "right", parameters: parameters, serverB: serverB, using: &random)
      }
    }
    for value in [[], [0], [1], prime, [UInt8](repeating: 0xFF, count: 256), [1] + b, pattern(10_000, seed: 1)] {
      refuses(parameters, value)
    }
    for generator: Int32 in [-3, 0, 1, 2, 5, 6, 8] {
      var other = parameters
      other.generator = generator
      refuses(other, b)
    }
    for prime in [[], [7], Primes.notSafe, [UInt8](repeating: 0xFF, count: 256)] {
      var other = parameters
      other.prime = prime
      other.generator = 4
      refuses(other, b)
    }
  }

  /// B = k*v: what the client would raise to its exponent is zero, and the shared secret known to anybody.
  @Test func clientRefusesAServerThatTakesThePasswordOutOfB() throws {
    let prime = DiffieHellman.telegramPrime
    let verifier = try SRP.verifier(password: "right", parameters: parameters)
    let generator = [UInt8](repeating: 0, count: 255) + [UInt8(parameters.generator)]
    let k = SHA256.hash(prime, generator)
    let arithmetic = try Arithmetic()
    let kv = try arithmetic.product(try BigNumber(k), try BigNumber(verifier), modulus: try BigNumber(prime))
    var random = SeededGenerator(seed: 4)
    #expect(throws: CryptoError.unsafe("srp_B hides a value out of range")) {
      try SRP.prove(password: "right", parameters: parameters, serverB: kv.bytes(count: 256), using: &random)
    }
  }

  /// All zeros make A = 1, which is never in range.
  @Test func brokenGeneratorEndsInAnError() throws {
    let b = try server(seed: 1).b
    var stuck = StuckGenerator(value: 0)
    #expect(throws: CryptoError.unsafe("the random generator repeats itself")) {
      try SRP.prove(password: "right", parameters: parameters, serverB: b, using: &stuck)
    }
  }

  @Test func shortBIsPadded() throws {
    // A B with a leading zero byte, as a server may send it without that byte.
    let verifier = try SRP.verifier(password: "right", parameters: parameters)
    for seed in 0..<20_000 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let server = try SRP.Server(parameters: parameters, verifier: verifier, using: &random)
      guard server.b[0] == 0 else { continue }
      let stripped = Array(server.b.drop { $0 == 0 })
      let proof = try SRP.prove(password: "right", parameters: parameters, serverB: stripped, using: &random)
      #expect(try server.accepts((a: proof.a, m1: proof.m1)))
      return
    }
    Issue.record("no seed gives a short B")
  }

  @Test func descriptionKeepsTheSecrets() throws {
    #expect("\(try server(seed: 1))" == "SRP.Server")
  }
}
