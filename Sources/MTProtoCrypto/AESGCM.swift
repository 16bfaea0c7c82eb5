internal import COpenSSL

/// AES-256-GCM over a stream: the cipher of `.enc` files (12-byte nonce, ciphertext, 16-byte tag, no associated data).
///
/// Source: NIST SP 800-38D.
public struct AESGCM: ~Copyable {
  public static let keyLength = 32
  public static let nonceLength = 12
  public static let tagLength = 16

  private let context: OpaquePointer
  private let sealing: Bool

  /// Starts to encrypt.
  public static func sealing(key: [UInt8], nonce: [UInt8]) throws(CryptoError) -> AESGCM {
    try AESGCM(key: key, nonce: nonce, sealing: true)
  }

  /// Starts to decrypt. Nothing that comes out may be trusted before `verify` has passed.
  public static func opening(key: [UInt8], nonce: [UInt8]) throws(CryptoError) -> AESGCM {
    try AESGCM(key: key, nonce: nonce, sealing: false)
  }

  private init(key: [UInt8], nonce: [UInt8], sealing: Bool) throws(CryptoError) {
    guard key.count == Self.keyLength else { throw .invalidLength(what: "AES key", expected: "32", actual: key.count) }
    guard nonce.count == Self.nonceLength else { throw .invalidLength(what: "GCM nonce", expected: "12", actual: nonce.count) }
    guard let context = EVP_CIPHER_CTX_new() else { throw lastOpenSSLError("EVP_CIPHER_CTX_new") }
    guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, sealing ? 1 : 0) == 1 else {
      EVP_CIPHER_CTX_free(context)
      throw lastOpenSSLError("EVP_CipherInit_ex")
    }
    self.context = context
    self.sealing = sealing
  }

  deinit { EVP_CIPHER_CTX_free(context) }

  /// Encrypts or decrypts the next stretch, in place.
  public mutating func apply(_ data: UnsafeMutableRawBufferPointer) throws(CryptoError) {
    guard let start = data.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    var offset = 0
    while offset < data.count {
      let count = Int32(min(data.count - offset, 1 << 30))
      var written: Int32 = 0
      guard EVP_CipherUpdate(context, start + offset, &written, start + offset, count) == 1 else {
        throw lastOpenSSLError("EVP_CipherUpdate")
      }
      offset += Int(count)
    }
  }

  /// Ends an encryption.
  /// - Returns: the 16-byte tag.
  public consuming func tag() throws(CryptoError) -> [UInt8] {
    var written: Int32 = 0
    var none = [UInt8](repeating: 0, count: 16)
    var tag = [UInt8](repeating: 0, count: Self.tagLength)
    guard sealing, EVP_CipherFinal_ex(context, &none, &written) == 1,
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, Int32(Self.tagLength), &tag) == 1
    else { throw lastOpenSSLError("EVP_CTRL_GCM_GET_TAG") }
    return tag
  }

  /// Ends a decryption.
  /// - Throws: `CryptoError.authenticationFailed` when key, nonce, ciphertext and tag do not belong together.
  public consuming func verify(tag: [UInt8]) throws(CryptoError) {
    guard !sealing, tag.count == Self.tagLength else {
      throw .invalidLength(what: "GCM tag", expected: "16", actual: tag.count)
    }
    var written: Int32 = 0
    var none = [UInt8](repeating: 0, count: 16)
    var tag = tag
    guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, Int32(Self.tagLength), &tag) == 1,
      EVP_CipherFinal_ex(context, &none, &written) == 1
    else {
      ERR_clear_error()
      throw .authenticationFailed
    }
  }
}
