/// Which end of a connection.
public enum Side: Sendable, Hashable {
  case client, server

  public var other: Side { self == .client ? .server : .client }
}

/// The keys of one MTProto 2.0 message.
///
/// Source: core.telegram.org/mtproto/description, "Defining AES key and initialization vector".
public enum MessageKey {
  /// Computes `msg_key`: the middle 128 bits of SHA-256 over 32 bytes of the authorization key and the padded plaintext.
  ///
  /// - Parameters:
  ///   - authKey: 256 bytes; a precondition.
  ///   - sender: who encrypts the message; decides the offset (`x` of the documentation: 0 or 8).
  public static func compute(authKey: [UInt8], sender: Side, plaintext: UnsafeRawBufferPointer) -> [UInt8] {
    let start = 88 + offset(sender)
    let digest = authKey.withUnsafeBytes { key in
      SHA256.hash(UnsafeRawBufferPointer(rebasing: key[start..<start + 32]), plaintext)
    }
    return Array(digest[8..<24])
  }

  /// Derives the AES key and IGE vector, 32 bytes each, from the authorization key and `msg_key`.
  ///
  /// - Parameters:
  ///   - authKey: 256 bytes; a precondition.
  ///   - messageKey: 16 bytes.
  ///   - sender: who encrypts the message.
  public static func derive(authKey: [UInt8], messageKey: [UInt8], sender: Side) -> (key: [UInt8], iv: [UInt8]) {
    let x = offset(sender)
    let a = SHA256.hash(messageKey, Array(authKey[x..<x + 36]))
    let b = SHA256.hash(Array(authKey[40 + x..<76 + x]), messageKey)
    return (
      key: Array(a[0..<8] + b[8..<24] + a[24..<32]),
      iv: Array(b[0..<8] + a[8..<24] + b[24..<32])
    )
  }

  private static func offset(_ sender: Side) -> Int { sender == .client ? 0 : 8 }
}

/// The temporary AES key of the key exchange, `tmp_aes_key` and `tmp_aes_iv`.
///
/// Source: core.telegram.org/mtproto/auth_key, "Server responds with server_DH_params_ok".
public enum TemporaryAES {
  /// - Parameters:
  ///   - newNonce: 32 bytes; a precondition.
  ///   - serverNonce: 16 bytes.
  public static func keyAndIV(newNonce: [UInt8], serverNonce: [UInt8]) -> (key: [UInt8], iv: [UInt8]) {
    let newServer = SHA1.hash(newNonce, serverNonce)
    let serverNew = SHA1.hash(serverNonce, newNonce)
    let newNew = SHA1.hash(newNonce, newNonce)
    return (
      key: newServer + serverNew[0..<12],
      iv: serverNew[12..<20] + newNew + newNonce[0..<4]
    )
  }
}
