/// Two-step verification with the Secure Remote Password protocol: the client's half.
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

  /// Proves knowledge of the password for the server's value `B`, as `inputCheckPasswordSRP` carries it.
  ///
  /// Takes about 0.1 seconds, and a second more for a prime that is not Telegram's own.
  /// - Parameters:
  ///   - password: taken as UTF-8, neither trimmed nor normalized.
  ///   - serverB: `srp_B`, big-endian, at most 256 bytes.
  /// - Throws: `CryptoError.unsafe` when prime, generator or `B` fail Telegram's checks.
  public static func prove(
    password: String, parameters: Parameters, serverB: [UInt8], using generator: inout some RandomNumberGenerator
  ) throws(CryptoError) -> Proof {
    try DiffieHellman.check(prime: parameters.prime, generator: parameters.generator)
    let b = try padded(serverB, name: "srp_B")
    try DiffieHellman.checkPublic(b, prime: parameters.prime)
    let group = try SRPGroup(parameters)
    let x = try passwordNumber(password, parameters)
    let v = try group.arithmetic.power(group.g, x, modulus: group.p)
    let kv = try group.arithmetic.product(group.k, v, modulus: group.p)
    // g^b, if the server told the truth; a value out of range would give the shared secret away.
    let base = try group.arithmetic.difference(try BigNumber(b), kv, modulus: group.p)
    guard try DiffieHellman.isInRange(base, prime: group.p) else { throw .unsafe("srp_B hides a value out of range") }
    // A value out of range, or a u of zero, is the luck of one secret; a generator that fails often is broken.
    for _ in 0..<256 {
      let secret = try BigNumber.random(count: 256, using: &generator)
      let power = try group.arithmetic.power(group.g, secret, modulus: group.p)
      guard try DiffieHellman.isInRange(power, prime: group.p) else { continue }
      let a = try power.bytes(count: 256)
      let u = try BigNumber(SHA256.hash(a, b))
      guard !u.isZero else { continue }
      let exponent = try group.arithmetic.sum(secret, try group.arithmetic.product(u, x))
      let shared = try group.arithmetic.power(base, exponent, modulus: group.p)
      return Proof(a: a, m1: try group.proof(parameters, a: a, b: b, shared: shared))
    }
    throw .unsafe("the random generator repeats itself")
  }

  /// `v`, what a server keeps instead of the password: 256 bytes.
  public static func verifier(password: String, parameters: Parameters) throws(CryptoError) -> [UInt8] {
    let group = try SRPGroup(parameters)
    let x = try passwordNumber(password, parameters)
    return try group.arithmetic.power(group.g, x, modulus: group.p).bytes(count: 256)
  }

  /// `x`: PH2, the password hashed with both salts.
  private static func passwordNumber(_ password: String, _ parameters: Parameters) throws(CryptoError) -> BigNumber {
    func salted(_ data: [UInt8], _ salt: [UInt8]) -> [UInt8] { SHA256.hash(salt, data, salt) }
    var plain = Array(password.utf8)
    var primary = salted(salted(plain, parameters.salt1), parameters.salt2)
    defer {
      wipe(&plain)
      wipe(&primary)
    }
    var stretched = try PBKDF2SHA512.derive(
      password: primary, salt: parameters.salt1, iterations: 100_000, count: 64)
    defer { wipe(&stretched) }
    var secondary = salted(stretched, parameters.salt2)
    defer { wipe(&secondary) }
    return try BigNumber(secondary)
  }

  /// A number as 256 bytes.
  static func padded(_ number: [UInt8], name: String) throws(CryptoError) -> [UInt8] {
    guard number.count <= 256 else { throw .unsafe("\(name) is longer than the prime") }
    return [UInt8](repeating: 0, count: 256 - number.count) + number
  }
}

/// The numbers both halves compute with, by the documentation's names.
struct SRPGroup: ~Copyable {
  let arithmetic: Arithmetic
  let p: BigNumber
  let g: BigNumber
  let k: BigNumber
  private let generatorBytes: [UInt8]

  init(_ parameters: SRP.Parameters) throws(CryptoError) {
    guard parameters.prime.count == 256, parameters.prime[0] >= 0x80, (2...7).contains(parameters.generator) else {
      throw .unsafe("the SRP group is not of 2048 bits with a generator of 2 to 7")
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

  /// M1 for the shared number S.
  func proof(
    _ parameters: SRP.Parameters, a: [UInt8], b: [UInt8], shared: borrowing BigNumber
  ) throws(CryptoError) -> [UInt8] {
    var sharedBytes = try shared.bytes(count: 256)
    defer { wipe(&sharedBytes) }
    let groupHash = zip(SHA256.hash(parameters.prime), SHA256.hash(generatorBytes)).map { $0 ^ $1 }
    return SHA256.hash(
      groupHash, SHA256.hash(parameters.salt1), SHA256.hash(parameters.salt2), a, b, SHA256.hash(sharedBytes))
  }
}
