internal import CAESIGE

/// AES-256 in infinite garble extension mode, the cipher of MTProto messages.
///
/// The 32-byte initialization vector is the block before the first ciphertext, then the block before the first plaintext.
/// Source: core.telegram.org/mtproto/description, "Defining AES key and initialization vector".
public enum AESIGE {
  /// Encrypts in place.
  ///
  /// - Throws: `CryptoError.invalidLength` unless `data` is a multiple of 16 bytes and key and iv have 32.
  public static func encrypt(
    _ data: UnsafeMutableRawBufferPointer, key: [UInt8], iv: [UInt8]
  ) throws(CryptoError) {
    try crypt(data, key, iv, CAESIGE_ENCRYPT)
  }

  /// Decrypts in place.
  ///
  /// - Throws: `CryptoError.invalidLength` unless `data` is a multiple of 16 bytes and key and iv have 32.
  public static func decrypt(
    _ data: UnsafeMutableRawBufferPointer, key: [UInt8], iv: [UInt8]
  ) throws(CryptoError) {
    try crypt(data, key, iv, CAESIGE_DECRYPT)
  }

  /// A copy of `data`, encrypted; throws as `encrypt` does.
  public static func encrypted(_ data: [UInt8], key: [UInt8], iv: [UInt8]) throws(CryptoError) -> [UInt8] {
    try crypted(data, key, iv, CAESIGE_ENCRYPT)
  }

  /// A copy of `data`, decrypted; throws as `decrypt` does.
  public static func decrypted(_ data: [UInt8], key: [UInt8], iv: [UInt8]) throws(CryptoError) -> [UInt8] {
    try crypted(data, key, iv, CAESIGE_DECRYPT)
  }

  /// As `encrypt` or `decrypt`, always by OpenSSL's code, whatever the processor has: for tests.
  static func portable(
    _ data: UnsafeMutableRawBufferPointer, key: [UInt8], iv: [UInt8], encrypting: Bool
  ) throws(CryptoError) {
    try crypt(data, key, iv, encrypting ? CAESIGE_ENCRYPT : CAESIGE_DECRYPT, by: caesige_crypt_portable)
  }

  /// Whether the processor's AES instructions do the work.
  public static var usesInstructions: Bool { caesige_has_instructions() != 0 }

  private static func crypted(
    _ data: [UInt8], _ key: [UInt8], _ iv: [UInt8], _ direction: caesige_direction
  ) throws(CryptoError) -> [UInt8] {
    var out = data
    let result = out.withUnsafeMutableBytes { bytes -> Result<Void, CryptoError> in
      Result { () throws(CryptoError) in try crypt(bytes, key, iv, direction) }
    }
    try result.get()
    return out
  }

  private typealias Kernel = (
    UnsafeMutablePointer<UInt8>?, Int, UnsafePointer<UInt8>?, UnsafePointer<UInt8>?, caesige_direction
  ) -> Int32

  private static func crypt(
    _ data: UnsafeMutableRawBufferPointer, _ key: [UInt8], _ iv: [UInt8], _ direction: caesige_direction,
    by kernel: Kernel = caesige_crypt
  ) throws(CryptoError) {
    guard key.count == 32 else { throw .invalidLength(what: "AES key", expected: "32", actual: key.count) }
    guard iv.count == 32 else { throw .invalidLength(what: "IGE vector", expected: "32", actual: iv.count) }
    guard data.count % 16 == 0 else {
      throw .invalidLength(what: "IGE data", expected: "a multiple of 16", actual: data.count)
    }
    guard let start = data.baseAddress, !data.isEmpty else { return }
    guard kernel(start.assumingMemoryBound(to: UInt8.self), data.count, key, iv, direction) == 0 else {
      throw .openSSL("AES-256-IGE")
    }
  }
}
