internal import COpenSSL

/// A server's RSA public key.
public struct RSAPublicKey: Sendable, Hashable {
  /// Modulus, 256 bytes, big-endian.
  public let modulus: [UInt8]
  /// Public exponent, big-endian, without leading zeros.
  public let exponent: [UInt8]
  /// The lower 64 bits of SHA-1 over both as TL `bytes`; how the server names the key.
  public let fingerprint: Int64

  /// - Throws: `CryptoError.invalidKey` unless the modulus is odd and has 2,048 bits and the exponent is odd and has 2 to 64 bits.
  public init(modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) {
    guard modulus.count == 256, modulus[0] >= 0x80 else { throw .invalidKey("2048 bits expected") }
    guard modulus[255] & 1 == 1 else { throw .invalidKey("the modulus is even") }
    guard let first = exponent.first, let last = exponent.last, exponent.count <= 8, first != 0, last & 1 == 1,
      exponent != [1]
    else { throw .invalidKey("public exponent out of range") }
    self.modulus = modulus
    self.exponent = exponent
    let digest = SHA1.hash(Self.serialized(modulus), Self.serialized(exponent))
    fingerprint = digest[12..<20].enumerated().reduce(0) { $0 | Int64($1.element) << (8 * Int64($1.offset)) }
  }

  /// Reads `BEGIN RSA PUBLIC KEY` (PKCS #1) or `BEGIN PUBLIC KEY` (SubjectPublicKeyInfo).
  ///
  /// The public half of a private key will not do: this text may be handed around.
  /// - Throws: `CryptoError.invalidKey` for anything else.
  public init(pem: String) throws(CryptoError) {
    let key = try PKey(pem: pem, parts: COPENSSL_RSA_PUBLIC)
    try self.init(modulus: key.number("n"), exponent: key.number("e"))
  }

  /// Encrypts up to 144 bytes with RSA_PAD.
  ///
  /// Source: core.telegram.org/mtproto/auth_key, section "RSA_PAD(data, server_public_key)".
  /// - Returns: 256 bytes.
  public func encryptPadded(
    _ data: [UInt8], using generator: inout some RandomNumberGenerator
  ) throws(CryptoError) -> [UInt8] {
    guard data.count <= 144 else {
      throw .invalidLength(what: "RSA_PAD data", expected: "at most 144", actual: data.count)
    }
    var padded = data + generator.bytes(192 - data.count)
    defer { wipe(&padded) }
    let zeroIV = [UInt8](repeating: 0, count: 32)
    let n = try BigNumber(modulus)
    let e = try BigNumber(exponent)
    // Every key has a chance of a half or better; a generator that fails this often is broken.
    for _ in 0..<256 {
      var temporaryKey = generator.bytes(32)
      defer { wipe(&temporaryKey) }
      let withHash = padded.reversed() + SHA256.hash(temporaryKey, padded)
      let encrypted = try AESIGE.encrypted(withHash, key: temporaryKey, iv: zeroIV)
      let keyXor = zip(temporaryKey, SHA256.hash(encrypted)).map { $0 ^ $1 }
      let number = try BigNumber(keyXor + encrypted)
      // A number past the modulus cannot be encrypted; another key gives another number.
      guard number.isLess(than: n) else { continue }
      return try Arithmetic().power(number, e, modulus: n).bytes(count: 256)
    }
    throw .unsafe("the random generator repeats itself")
  }

  private static func serialized(_ bytes: [UInt8]) -> [UInt8] {
    let header: [UInt8] =
      bytes.count < 254
      ? [UInt8(bytes.count)]
      : [0xFE, UInt8(bytes.count & 0xFF), UInt8(bytes.count >> 8 & 0xFF), UInt8(bytes.count >> 16)]
    return header + bytes + [UInt8](repeating: 0, count: (4 - (header.count + bytes.count) % 4) % 4)
  }
}

/// A server's RSA key pair of 2,048 bits, for the server half of the key exchange.
public struct RSAPrivateKey: Sendable, CustomStringConvertible {
  public let publicKey: RSAPublicKey
  private let exponent: [UInt8]
  /// The key pair as PKCS #8 PEM: a secret.
  public let pem: String
  /// The public half as PKCS #1 PEM, the form Telegram publishes its keys in.
  public let publicPEM: String

  public var description: String { "RSAPrivateKey(\(publicKey.fingerprint))" }

  /// Makes a new key; takes up to a second.
  public static func generate() throws(CryptoError) -> RSAPrivateKey {
    guard let pointer = copenssl_rsa_generate(2048) else { throw lastOpenSSLError("EVP_RSA_gen") }
    return try RSAPrivateKey(PKey(adopting: pointer))
  }

  /// - Throws: `CryptoError.invalidKey` when the text holds no RSA key pair of 2,048 bits.
  public init(pem: String) throws(CryptoError) {
    try self.init(PKey(pem: pem, parts: COPENSSL_RSA_KEY_PAIR))
  }

  private init(_ key: borrowing PKey) throws(CryptoError) {
    publicKey = try RSAPublicKey(modulus: key.number("n"), exponent: key.number("e"))
    exponent = try key.number("d")
    pem = try key.pem(COPENSSL_RSA_KEY_PAIR)
    publicPEM = try key.pem(COPENSSL_RSA_PUBLIC)
  }

  /// The bare RSA operation on one block of 256 bytes, for clients that pad as they did before RSA_PAD.
  ///
  /// - Returns: 256 bytes, of which nothing has been verified.
  /// - Throws: `CryptoError.authenticationFailed` for a number past the modulus.
  public func decryptBlock(_ data: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard data.count == 256 else { throw .invalidLength(what: "RSA block", expected: "256", actual: data.count) }
    let number = try BigNumber(data)
    let modulus = try BigNumber(publicKey.modulus)
    guard number.isLess(than: modulus) else { throw .authenticationFailed }
    return try Arithmetic().power(number, try BigNumber(exponent), modulus: modulus).bytes(count: 256)
  }

  /// Undoes `RSAPublicKey.encryptPadded`.
  ///
  /// - Returns: 192 bytes: the data and its random padding.
  /// - Throws: `CryptoError.authenticationFailed` when the hash inside does not fit.
  public func decryptPadded(_ data: [UInt8]) throws(CryptoError) -> [UInt8] {
    var plain = try decryptBlock(data)
    let encrypted = Array(plain[32...])
    var temporaryKey = zip(plain[..<32], SHA256.hash(encrypted)).map { $0 ^ $1 }
    defer {
      wipe(&plain)
      wipe(&temporaryKey)
    }
    let withHash = try AESIGE.decrypted(encrypted, key: temporaryKey, iv: [UInt8](repeating: 0, count: 32))
    let padded = Array(withHash[..<192].reversed())
    guard ConstantTime.equal(SHA256.hash(temporaryKey, padded), Array(withHash[192...])) else {
      throw .authenticationFailed
    }
    return padded
  }
}

/// OpenSSL's view of an RSA key.
private struct PKey: ~Copyable {
  private let pointer: OpaquePointer

  init(adopting pointer: OpaquePointer) { self.pointer = pointer }

  init(pem: String, parts: copenssl_rsa_parts) throws(CryptoError) {
    var bytes = Array(pem.utf8)
    defer { wipe(&bytes) }
    guard let pointer = copenssl_rsa_from_pem(bytes, bytes.count, parts) else {
      ERR_clear_error()
      throw .invalidKey("no RSA key in PEM format")
    }
    self.pointer = pointer
  }

  deinit { EVP_PKEY_free(pointer) }

  /// A number of the key by OpenSSL's name: `n`, `e`, `d`.
  func number(_ name: String) throws(CryptoError) -> [UInt8] {
    var number: OpaquePointer?
    guard EVP_PKEY_get_bn_param(pointer, name, &number) == 1, let number else {
      throw lastOpenSSLError("EVP_PKEY_get_bn_param(\(name))")
    }
    return try BigNumber(adopting: number).bytes()
  }

  func pem(_ parts: copenssl_rsa_parts) throws(CryptoError) -> String {
    var data: UnsafeMutablePointer<UInt8>?
    var count = 0
    guard copenssl_rsa_to_pem(pointer, parts, &data, &count) == 1, let data else {
      throw lastOpenSSLError("OSSL_ENCODER_to_data")
    }
    defer { CRYPTO_clear_free(data, count, #fileID, #line) }
    return String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self)
  }
}
