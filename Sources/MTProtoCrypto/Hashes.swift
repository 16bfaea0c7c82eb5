internal import COpenSSL

/// SHA-1, where MTProto still asks for it.
public enum SHA1 {
  /// The 20-byte digest of the parts one after another.
  public static func hash(_ parts: [UInt8]...) -> [UInt8] { digest(parts, EVP_sha1(), 20) }
}

/// SHA-256.
public enum SHA256 {
  /// The 32-byte digest of the parts one after another.
  public static func hash(_ parts: [UInt8]...) -> [UInt8] { digest(parts, EVP_sha256(), 32) }

  /// The 32-byte digest of two stretches of memory one after another.
  public static func hash(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> [UInt8] {
    var stream = DigestStream(EVP_sha256())
    stream.update(first)
    stream.update(second)
    return stream.finish(32)
  }
}

private func digest(_ parts: [[UInt8]], _ algorithm: OpaquePointer?, _ size: Int) -> [UInt8] {
  var stream = DigestStream(algorithm)
  for part in parts { part.withUnsafeBytes { stream.update($0) } }
  return stream.finish(size)
}

/// A digest in progress. OpenSSL's hash functions fail only for want of memory, which ends the process.
struct DigestStream: ~Copyable {
  private let context: OpaquePointer

  init(_ algorithm: OpaquePointer?) {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
      preconditionFailure("no memory for a hash")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "no memory for a hash")
  }

  mutating func finish(_ size: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      precondition(EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1, "no memory for a hash")
      count = size
    }
  }
}

/// PBKDF2 with HMAC-SHA-512 (RFC 8018, section 5.2).
enum PBKDF2SHA512 {
  static func derive(password: [UInt8], salt: [UInt8], iterations: Int, count: Int) throws(CryptoError) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: count)
    let status = password.withUnsafeBytes { bytes in
      PKCS5_PBKDF2_HMAC(
        bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), salt, Int32(salt.count), Int32(iterations),
        EVP_sha512(), Int32(count), &out)
    }
    guard status == 1 else { throw lastOpenSSLError("PKCS5_PBKDF2_HMAC") }
    return out
  }
}

/// Comparison whose time does not tell where two values differ.
public enum ConstantTime {
  public static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
  }
}
