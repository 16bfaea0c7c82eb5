internal import COpenSSL

/// AES-256-GCM over a stream: the cipher of `.enc` files (12-byte nonce, ciphertext, 16-byte tag, no associated data).
///
/// A key and a nonce may be used together once. Source: NIST SP 800-38D.
public enum AESGCM {
  public static let keyLength = 32
  public static let nonceLength = 12
  public static let tagLength = 16
  /// The most that one key and nonce may encrypt, in bytes: behind it the 32-bit block counter would repeat.
  public static let plaintextLimit: Int64 = (1 << 36) - 32

  /// Decrypts a stretch of a ciphertext in place, wherever it lies, without authenticating it.
  ///
  /// For ciphertext whose tag was verified before. The plaintext is encrypted in counter mode; the counter block is the
  /// nonce and a 32-bit number, which is 2 for the first 16 bytes. Source: NIST SP 800-38D, 7.1.
  /// - Parameter offset: of the stretch in the ciphertext, in bytes.
  public static func decrypt(
    _ data: UnsafeMutableRawBufferPointer, at offset: Int64, key: [UInt8], nonce: [UInt8]
  ) throws(CryptoError) {
    guard nonce.count == nonceLength else {
      throw .invalidLength(what: "GCM nonce", expected: "12", actual: nonce.count)
    }
    guard offset >= 0, offset <= plaintextLimit, Int64(data.count) <= plaintextLimit - offset else {
      throw .invalidLength(what: "a GCM plaintext", expected: "at most \(plaintextLimit)", actual: data.count)
    }
    let counter = UInt32(offset / 16) + 2
    let block = nonce + (0..<4).map { UInt8(truncatingIfNeeded: counter >> (24 - 8 * $0)) }
    let keystream = try AESCTR(key: key, iv: block)
    var skipped = [UInt8](repeating: 0, count: Int(offset % 16))
    skipped.withUnsafeMutableBytes { keystream.apply($0) }
    keystream.apply(data)
  }

  /// An encryption in progress.
  public struct Sealer: ~Copyable {
    private let context: OpaquePointer

    /// - Throws: `CryptoError.invalidLength` unless key and nonce have 32 and 12 bytes.
    public init(key: [UInt8], nonce: [UInt8]) throws(CryptoError) {
      context = try gcmContext(key: key, nonce: nonce, encrypting: true)
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// Encrypts the next stretch, in place.
    public mutating func apply(_ data: UnsafeMutableRawBufferPointer) throws(CryptoError) {
      try gcmApply(context, data)
    }

    /// Ends the encryption.
    /// - Returns: the 16-byte tag.
    public consuming func finish() throws(CryptoError) -> [UInt8] {
      var written: Int32 = 0
      var none: [UInt8] = [0]
      var tag = [UInt8](repeating: 0, count: tagLength)
      guard EVP_CipherFinal_ex(context, &none, &written) == 1,
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag) == 1
      else { throw lastOpenSSLError("EVP_CTRL_AEAD_GET_TAG") }
      return tag
    }
  }

  /// A decryption in progress.
  ///
  /// Nothing that comes out may be trusted before `finish` has passed.
  public struct Opener: ~Copyable {
    private let context: OpaquePointer

    /// - Throws: `CryptoError.invalidLength` unless key and nonce have 32 and 12 bytes.
    public init(key: [UInt8], nonce: [UInt8]) throws(CryptoError) {
      context = try gcmContext(key: key, nonce: nonce, encrypting: false)
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// Decrypts the next stretch, in place.
    public mutating func apply(_ data: UnsafeMutableRawBufferPointer) throws(CryptoError) {
      try gcmApply(context, data)
    }

    /// Ends the decryption.
    /// - Throws: `CryptoError.authenticationFailed` when key, nonce, ciphertext and tag do not belong together.
    public consuming func finish(tag: [UInt8]) throws(CryptoError) {
      guard tag.count == tagLength else {
        throw .invalidLength(what: "GCM tag", expected: "16", actual: tag.count)
      }
      var written: Int32 = 0
      var none: [UInt8] = [0]
      var tag = tag
      guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1,
        EVP_CipherFinal_ex(context, &none, &written) == 1
      else {
        ERR_clear_error()
        throw .authenticationFailed
      }
    }
  }
}

// The halves share these functions rather than a type of their own: the optimizer needs the destructor of a stored type
// where the halves are used, and does not find that of a private one.

private func gcmContext(key: [UInt8], nonce: [UInt8], encrypting: Bool) throws(CryptoError) -> OpaquePointer {
  guard key.count == AESGCM.keyLength else {
    throw .invalidLength(what: "AES key", expected: "32", actual: key.count)
  }
  guard nonce.count == AESGCM.nonceLength else {
    throw .invalidLength(what: "GCM nonce", expected: "12", actual: nonce.count)
  }
  guard let context = EVP_CIPHER_CTX_new() else { throw lastOpenSSLError("EVP_CIPHER_CTX_new") }
  guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, encrypting ? 1 : 0) == 1 else {
    EVP_CIPHER_CTX_free(context)
    throw lastOpenSSLError("EVP_CipherInit_ex")
  }
  return context
}

private func gcmApply(_ context: OpaquePointer, _ data: UnsafeMutableRawBufferPointer) throws(CryptoError) {
  guard let start = data.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
  var offset = 0
  while offset < data.count {
    let count = Int32(min(data.count - offset, 1 << 30))
    var written: Int32 = 0
    guard EVP_CipherUpdate(context, start + offset, &written, start + offset, count) == 1, written == count else {
      throw lastOpenSSLError("EVP_CipherUpdate")
    }
    offset += Int(count)
  }
}
