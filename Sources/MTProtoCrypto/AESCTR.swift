internal import COpenSSL

/// AES-256 in counter mode, whose keystream goes on from call to call: the cipher of obfuscated transports and CDN files.
///
/// A class, because two copies of one keystream would encrypt different bytes with the same key; not `Sendable`: it
/// belongs to the one connection whose bytes it orders.
/// Source: core.telegram.org/mtproto/mtproto-transports, "Transport obfuscation".
public final class AESCTR {
  private let context: OpaquePointer

  /// - Parameters:
  ///   - key: 32 bytes.
  ///   - iv: the first counter block, 16 bytes.
  public init(key: [UInt8], iv: [UInt8]) throws(CryptoError) {
    guard key.count == 32 else { throw .invalidLength(what: "AES key", expected: "32", actual: key.count) }
    guard iv.count == 16 else { throw .invalidLength(what: "CTR block", expected: "16", actual: iv.count) }
    guard let context = EVP_CIPHER_CTX_new() else { throw lastOpenSSLError("EVP_CIPHER_CTX_new") }
    self.context = context
    guard EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), nil, key, iv) == 1 else {
      throw lastOpenSSLError("EVP_EncryptInit_ex")
    }
  }

  deinit { EVP_CIPHER_CTX_free(context) }

  /// Encrypts or decrypts in place: both are the same.
  public func apply(_ data: UnsafeMutableRawBufferPointer) {
    guard let start = data.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    var offset = 0
    while offset < data.count {
      let count = Int32(min(data.count - offset, 1 << 30))
      var written: Int32 = 0
      // Counter mode has no padding and no tag: with a context that is set up it cannot fail.
      precondition(EVP_EncryptUpdate(context, start + offset, &written, start + offset, count) == 1, "AES-256-CTR")
      offset += Int(count)
    }
  }
}
