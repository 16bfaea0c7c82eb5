import MTProtoCrypto
import NIOCore
import TL

/// The encrypted part of the key exchange: SHA-1 of the value, the value, padding to whole blocks.
///
/// Source: core.telegram.org/mtproto/auth_key, `encrypted_answer` and `encrypted_data`.
struct HandshakeCipher {
  private let key: [UInt8]
  private let iv: [UInt8]

  init(newNonce: TLInt256, serverNonce: TLInt128) {
    (key, iv) = TemporaryAES.keyAndIV(newNonce: newNonce.bytes, serverNonce: serverNonce.bytes)
  }

  func seal(
    _ value: some TLEncodable, using generator: inout some RandomNumberGenerator
  ) throws(KeyExchangeError) -> ByteBuffer {
    let plain = Array(buffer: value.encoded())
    let hashed = SHA1.hash(plain) + plain
    let padding = (0..<(16 - hashed.count % 16) % 16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    return try KeyExchangeError.wrap { ByteBuffer(bytes: try AESIGE.encrypted(hashed + padding, key: key, iv: iv)) }
  }

  func open<Value: TLDecodable>(_ type: Value.Type, _ encrypted: ByteBuffer) throws(KeyExchangeError) -> Value {
    try KeyExchangeError.wrap {
      let plain = try AESIGE.decrypted(Array(buffer: encrypted), key: key, iv: iv)
      guard plain.count > 20 else { throw KeyExchangeError.hashMismatch }
      var reader = TLReader(ByteBuffer(bytes: plain[20...]))
      let value = try Value(from: &reader)
      guard reader.remaining < 16, SHA1.hash(Array(plain[20..<20 + reader.offset])) == Array(plain[..<20]) else {
        throw KeyExchangeError.hashMismatch
      }
      return value
    }
  }

  /// `new_nonce_hash1`, 2 or 3: the lower 128 bits of SHA-1 over the new nonce, the number and `auth_key_aux_hash`.
  static func newNonceHash(_ number: UInt8, _ newNonce: TLInt256, _ authKey: AuthKey) -> TLInt128? {
    TLInt128(SHA1.hash(newNonce.bytes, [number], authKey.auxiliaryHash)[4...])
  }

  /// The first salt: the first 8 bytes of both nonces, one xor the other.
  static func salt(_ newNonce: TLInt256, _ serverNonce: TLInt128) -> Int64 {
    Int64(littleEndianBytes: zip(newNonce.bytes.prefix(8), serverNonce.bytes.prefix(8)).map { $0 ^ $1 })
  }
}
