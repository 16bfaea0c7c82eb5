internal import COpenSSL

/// SHA-1, where MTProto still asks for it.
public enum SHA1 {
  /// The 20-byte digest of the parts one after another.
  public static func hash(_ parts: [UInt8]...) -> [UInt8] { digest(parts, EVP_sha1(), 20) }
}

/// SHA-256, at once or, as a value, bit by bit.
///
/// Sendable though it holds a pointer: the context behind it is made here, is given to nobody, and cannot be copied with
/// the value, so that whoever has the value is alone with it; OpenSSL binds no context to a thread.
public struct SHA256: ~Copyable, @unchecked Sendable {
  /// The 32-byte digest of the parts one after another.
  public static func hash(_ parts: [UInt8]...) -> [UInt8] { digest(parts, EVP_sha256(), 32) }

  /// The 32-byte digest of two stretches of memory one after another.
  public static func hash(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> [UInt8] {
    var hasher = SHA256()
    hasher.update(first)
    hasher.update(second)
    return hasher.finish()
  }

  private let context: OpaquePointer

  /// Starts a digest over data that comes in pieces.
  public init() { context = digestContext(EVP_sha256()) }

  deinit { EVP_MD_CTX_free(context) }

  /// Takes the next piece.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) { digestUpdate(context, bytes) }

  /// Ends the digest.
  /// - Returns: 32 bytes.
  public consuming func finish() -> [UInt8] { digestFinish(context, 32) }
}

// OpenSSL's hash functions fail only for want of memory, which ends the process.

private func digest(_ parts: [[UInt8]], _ algorithm: OpaquePointer?, _ size: Int) -> [UInt8] {
  let context = digestContext(algorithm)
  defer { EVP_MD_CTX_free(context) }
  for part in parts { part.withUnsafeBytes { digestUpdate(context, $0) } }
  return digestFinish(context, size)
}

private func digestContext(_ algorithm: OpaquePointer?) -> OpaquePointer {
  guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
    preconditionFailure("no memory for a hash")
  }
  return context
}

private func digestUpdate(_ context: OpaquePointer, _ bytes: UnsafeRawBufferPointer) {
  precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "no memory for a hash")
}

private func digestFinish(_ context: OpaquePointer, _ size: Int) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    precondition(EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1, "no memory for a hash")
    count = size
  }
}

/// HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
  /// The 32-byte code of `data`.
  public static func code(_ data: [UInt8], key: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard let keyCount = Int32(exactly: key.count) else {
      throw .invalidLength(what: "HMAC key", expected: "at most \(Int32.max)", actual: key.count)
    }
    var out = [UInt8](repeating: 0, count: 32)
    guard HMAC(EVP_sha256(), key, keyCount, data, data.count, &out, nil) != nil else { throw lastOpenSSLError("HMAC") }
    return out
  }
}

/// PBKDF2 with HMAC-SHA-512 (RFC 8018, section 5.2).
public enum PBKDF2SHA512 {
  /// Stretches a password into `count` bytes.
  ///
  /// - Throws: `CryptoError.invalidLength` unless `iterations` and `count` are positive and fit 31 bits.
  public static func derive(
    password: [UInt8], salt: [UInt8], iterations: Int, count: Int
  ) throws(CryptoError) -> [UInt8] {
    let passwordCount = try int32(password.count, "PBKDF2 password", from: 0)
    let saltCount = try int32(salt.count, "PBKDF2 salt", from: 0)
    let rounds = try int32(iterations, "PBKDF2 iteration count", from: 1)
    let outCount = try int32(count, "PBKDF2 output", from: 1)
    var out = [UInt8](repeating: 0, count: count)
    let status = password.withUnsafeBytes { bytes in
      PKCS5_PBKDF2_HMAC(
        bytes.bindMemory(to: CChar.self).baseAddress, passwordCount, salt, saltCount, rounds, EVP_sha512(), outCount,
        &out)
    }
    guard status == 1 else { throw lastOpenSSLError("PKCS5_PBKDF2_HMAC") }
    return out
  }

  private static func int32(_ value: Int, _ what: String, from minimum: Int32) throws(CryptoError) -> Int32 {
    guard let narrow = Int32(exactly: value), narrow >= minimum else {
      throw .invalidLength(what: what, expected: "\(minimum) to \(Int32.max)", actual: value)
    }
    return narrow
  }
}

/// Comparison whose time does not tell where two values differ.
public enum ConstantTime {
  /// Whether both have the same bytes; the lengths are no secret.
  public static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
  }
}
