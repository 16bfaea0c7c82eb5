extension SRP {
  /// The server half of one attempt: good for one `accepts`, so that a password cannot be guessed against one `B`.
  public struct Server: Sendable, CustomStringConvertible {
    private let parameters: Parameters
    private let verifier: [UInt8]
    private let secret: [UInt8]
    /// `B`, 256 bytes.
    public let b: [UInt8]

    public var description: String { "SRP.Server" }

    /// - Parameters:
    ///   - parameters: of a prime and a generator that pass `DiffieHellman.check`.
    ///   - verifier: of `SRP.verifier`, 256 bytes.
    public init(
      parameters: Parameters, verifier: [UInt8], using generator: inout some RandomNumberGenerator
    ) throws(CryptoError) {
      self.parameters = parameters
      self.verifier = verifier
      let group = try SRPGroup(parameters)
      let kv = try group.arithmetic.product(group.k, try BigNumber(verifier), modulus: group.p)
      for _ in 0..<256 {
        let secret = try BigNumber.random(count: 256, using: &generator)
        let power = try group.arithmetic.power(group.g, secret, modulus: group.p)
        guard try DiffieHellman.isInRange(power, prime: group.p) else { continue }
        let b = try group.arithmetic.sum(kv, power, modulus: group.p)
        guard try DiffieHellman.isInRange(b, prime: group.p) else { continue }
        self.secret = try secret.bytes(count: 256)
        self.b = try b.bytes(count: 256)
        return
      }
      throw .unsafe("the random generator repeats itself, or the prime is none")
    }

    /// Whether the client knows the password.
    ///
    /// - Throws: `CryptoError.unsafe` when `A` is out of range.
    public func accepts(_ proof: (a: [UInt8], m1: [UInt8])) throws(CryptoError) -> Bool {
      let a = try SRP.padded(proof.a, name: "A")
      try DiffieHellman.checkPublic(a, prime: parameters.prime)
      let group = try SRPGroup(parameters)
      let u = try BigNumber(SHA256.hash(a, b))
      guard !u.isZero else { throw .unsafe("u is zero") }
      let vu = try group.arithmetic.power(try BigNumber(verifier), u, modulus: group.p)
      let base = try group.arithmetic.product(try BigNumber(a), vu, modulus: group.p)
      let shared = try group.arithmetic.power(base, try BigNumber(secret), modulus: group.p)
      return ConstantTime.equal(proof.m1, try group.proof(parameters, a: a, b: b, shared: shared))
    }
  }
}
