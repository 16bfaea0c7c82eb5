/// Two-step verification with the Secure Remote Password protocol, both halves.
///
/// Source: core.telegram.org/api/srp, "Checking the password with SRP".
public enum SRP {
  /// What the server says of its algorithm and salts (`passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow`).
  public struct Parameters: Sendable, Equatable {
    public var salt1: [UInt8]
    public var salt2: [UInt8]
    /// Generator, 2...7.
    public var generator: Int32
    /// Prime, 256 bytes, big-endian.
    public var prime: [UInt8]

    public init(salt1: [UInt8], salt2: [UInt8], generator: Int32, prime: [UInt8]) {
      self.salt1 = salt1
      self.salt2 = salt2
      self.generator = generator
      self.prime = prime
    }
  }

  /// What the client sends: `A` (256 bytes) and `M1` (32 bytes).
  public struct Proof: Sendable, Equatable {
    public let a: [UInt8]
    public let m1: [UInt8]
  }

  /// Proves knowledge of the password for the server's value `B`.
  ///
  /// - Throws: `CryptoError.unsafe` when prime, generator or `B` fail Telegram's checks.
  public static func prove(
    password: String, parameters: Parameters, serverB: [UInt8], using generator: inout some RandomNumberGenerator
  ) throws(CryptoError) -> Proof {
    try DiffieHellman.check(prime: parameters.prime, generator: parameters.generator)
    guard serverB.count <= 256 else { throw .unsafe("srp_B is longer than the prime") }
    let b = padded(serverB)
    try DiffieHellman.checkPublic(b, prime: parameters.prime)
    let group = try Group(parameters)
    let x = try BigNumber(passwordHash(password, parameters))
    while true {
      let secret = randomBytes(256, using: &generator)
      let aNumber = try BigNumber(secret)
      let a = try group.arithmetic.power(group.g, aNumber, modulus: group.p).bytes(count: 256)
      // A value out of range, or a u of zero, is the luck of this secret: take another.
      do { try DiffieHellman.checkPublic(a, prime: parameters.prime) } catch { continue }
      let u = SHA256.hash(a, b)
      if u.allSatisfy({ $0 == 0 }) { continue }
      let v = try group.arithmetic.power(group.g, x, modulus: group.p)
      let kv = try group.arithmetic.product(group.k, v, modulus: group.p)
      let base = try group.arithmetic.difference(try BigNumber(b), kv, modulus: group.p)
      let exponent = try group.arithmetic.sum(aNumber, group.arithmetic.product(try BigNumber(u), x))
      let shared = try group.arithmetic.power(base, exponent, modulus: group.p).bytes(count: 256)
      return Proof(a: a, m1: group.proof(parameters, a: a, b: b, key: SHA256.hash(shared)))
    }
  }

  /// `v`, what a server keeps instead of the password: 256 bytes.
  public static func verifier(password: String, parameters: Parameters) throws(CryptoError) -> [UInt8] {
    let group = try Group(parameters)
    let x = try BigNumber(passwordHash(password, parameters))
    return try group.arithmetic.power(group.g, x, modulus: group.p).bytes(count: 256)
  }

  /// The server half of one attempt.
  public struct Server: Sendable {
    private let parameters: Parameters
    private let verifier: [UInt8]
    private let secret: [UInt8]
    /// `B`, 256 bytes.
    public let b: [UInt8]

    public init(
      parameters: Parameters, verifier: [UInt8], using generator: inout some RandomNumberGenerator
    ) throws(CryptoError) {
      self.parameters = parameters
      self.verifier = verifier
      let group = try Group(parameters)
      let kv = try group.arithmetic.product(group.k, try BigNumber(verifier), modulus: group.p)
      while true {
        let secret = randomBytes(256, using: &generator)
        let power = try group.arithmetic.power(group.g, try BigNumber(secret), modulus: group.p)
        let sum = try group.arithmetic.sum(kv, power)
        let b = try group.arithmetic.product(sum, try BigNumber(1), modulus: group.p).bytes(count: 256)
        do { try DiffieHellman.checkPublic(b, prime: parameters.prime) } catch { continue }
        self.secret = secret
        self.b = b
        return
      }
    }

    /// Whether the client knows the password.
    ///
    /// - Throws: `CryptoError.unsafe` when `A` is out of range.
    public func accepts(_ proof: (a: [UInt8], m1: [UInt8])) throws(CryptoError) -> Bool {
      guard proof.a.count <= 256 else { throw .unsafe("A is longer than the prime") }
      let a = SRP.padded(proof.a)
      try DiffieHellman.checkPublic(a, prime: parameters.prime)
      let group = try Group(parameters)
      let u = try BigNumber(SHA256.hash(a, b))
      let vu = try group.arithmetic.power(try BigNumber(verifier), u, modulus: group.p)
      let base = try group.arithmetic.product(try BigNumber(a), vu, modulus: group.p)
      let shared = try group.arithmetic.power(base, try BigNumber(secret), modulus: group.p).bytes(count: 256)
      return ConstantTime.equal(proof.m1, group.proof(parameters, a: a, b: b, key: SHA256.hash(shared)))
    }
  }

  // MARK: The algorithm's parts, by its documentation's names

  /// PH2: the password hashed with both salts.
  private static func passwordHash(_ password: String, _ parameters: Parameters) throws(CryptoError) -> [UInt8] {
    func salted(_ data: [UInt8], _ salt: [UInt8]) -> [UInt8] { SHA256.hash(salt, data, salt) }
    let primary = salted(salted(Array(password.utf8), parameters.salt1), parameters.salt2)
    let stretched = try PBKDF2SHA512.derive(
      password: primary, salt: parameters.salt1, iterations: 100_000, count: 64)
    return salted(stretched, parameters.salt2)
  }

  private static func padded(_ number: [UInt8]) -> [UInt8] {
    [UInt8](repeating: 0, count: max(0, 256 - number.count)) + number
  }

  private struct Group: ~Copyable {
    let arithmetic: Arithmetic
    let p: BigNumber
    let g: BigNumber
    let k: BigNumber
    private let generatorBytes: [UInt8]

    init(_ parameters: Parameters) throws(CryptoError) {
      guard parameters.prime.count == 256, (2...7).contains(parameters.generator) else {
        throw .unsafe("SRP group is not of 2048 bits with a generator of 2 to 7")
      }
      let arithmetic = try Arithmetic()
      let p = try BigNumber(parameters.prime)
      let g = try BigNumber(UInt(parameters.generator))
      let generatorBytes = try g.bytes(count: 256)
      let k = try BigNumber(SHA256.hash(parameters.prime, generatorBytes))
      self.arithmetic = arithmetic
      self.p = p
      self.g = g
      self.generatorBytes = generatorBytes
      self.k = k
    }

    /// M1.
    func proof(_ parameters: Parameters, a: [UInt8], b: [UInt8], key: [UInt8]) -> [UInt8] {
      let groupHash = zip(SHA256.hash(parameters.prime), SHA256.hash(generatorBytes)).map { $0 ^ $1 }
      return SHA256.hash(
        groupHash, SHA256.hash(parameters.salt1), SHA256.hash(parameters.salt2), a, b, key)
    }
  }
}
