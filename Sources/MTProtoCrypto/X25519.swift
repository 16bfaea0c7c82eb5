internal import COpenSSL

/// Keys on Curve25519 (RFC 7748).
public enum X25519 {
  /// The public half of a new key, 32 bytes.
  ///
  /// - Throws: `CryptoError.openSSL`.
  public static func newPublicKey() throws(CryptoError) -> [UInt8] {
    guard let context = EVP_PKEY_CTX_new_from_name(nil, "X25519", nil) else { throw lastOpenSSLError("X25519") }
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_generate(context, &key) == 1 else {
      throw lastOpenSSLError("X25519")
    }
    defer { EVP_PKEY_free(key) }
    var bytes = [UInt8](repeating: 0, count: 32)
    var count = bytes.count
    guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == bytes.count else {
      throw lastOpenSSLError("X25519")
    }
    return bytes
  }
}
