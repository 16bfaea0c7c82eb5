public import MTProtoCrypto
public import NIOCore

/// A message of a session, before encryption.
///
/// Source: core.telegram.org/mtproto/description, "Encrypted message: encrypted_data".
public struct SessionMessage: Sendable, Equatable {
  public var salt: Int64
  public var sessionID: Int64
  public var id: Int64
  public var seqno: Int32
  /// A multiple of four bytes.
  public var body: ByteBuffer

  public init(salt: Int64, sessionID: Int64, id: Int64, seqno: Int32, body: ByteBuffer) {
    self.salt = salt
    self.sessionID = sessionID
    self.id = id
    self.seqno = seqno
    self.body = body
  }
}

/// Why a packet is not a message encrypted with our key.
public enum MessageCipherError: Error, Equatable, Sendable {
  /// Shorter than any message.
  case tooShort(Int)
  /// Encrypted with another authorization key.
  case unknownKey(Int64)
  /// `msg_key` does not belong to what it encrypts.
  case badMessageKey
  /// The body's length leaves no padding of 12 to 1024 bytes, or is no multiple of four.
  case badLength(Int)
  case crypto(CryptoError)
}

/// Encrypts and decrypts the messages of a session.
public enum MessageCipher {
  /// Authorization key identifier and `msg_key`.
  private static let headerLength = 24
  /// Salt, session, message identifier, seqno and length.
  private static let innerHeaderLength = 32

  /// Encrypts one message, with as little padding as is allowed.
  public static func seal(
    _ message: SessionMessage, authKey: AuthKey, sender: Side, using generator: inout some RandomNumberGenerator
  ) throws(MessageCipherError) -> ByteBuffer {
    let inner = innerHeaderLength + message.body.readableBytes
    let padding = 12 + (16 - (inner + 12) % 16) % 16
    var packet = ByteBuffer()
    packet.reserveCapacity(PacketCodec.headroom + headerLength + inner + padding)
    packet.writeRepeatingByte(0, count: PacketCodec.headroom)
    packet.moveReaderIndex(forwardBy: PacketCodec.headroom)
    packet.writeInteger(authKey.id, endianness: .little)
    packet.writeRepeatingByte(0, count: 16)
    packet.writeMultipleIntegers(message.salt, message.sessionID, message.id, endianness: .little)
    packet.writeMultipleIntegers(message.seqno, Int32(message.body.readableBytes), endianness: .little)
    packet.writeImmutableBuffer(message.body)
    // By words: the system's generator is a system call each time.
    for start in stride(from: 0, to: padding, by: 8) {
      let word = generator.next()
      for index in 0..<min(8, padding - start) { packet.writeInteger(UInt8(truncatingIfNeeded: word >> (8 * index))) }
    }
    let messageKey = packet.withUnsafeReadableBytes {
      MessageKey.compute(
        authKey: authKey.bytes, sender: sender, plaintext: UnsafeRawBufferPointer(rebasing: $0[headerLength...]))
    }
    packet.setBytes(messageKey, at: packet.readerIndex + 8)
    try crypt(&packet, from: headerLength, authKey, messageKey, sender, AESIGE.encrypt)
    return packet
  }

  /// Decrypts one message and verifies `msg_key` before any field is read.
  ///
  /// It is decrypted where it is when nobody else has it.
  /// Source: core.telegram.org/mtproto/security_guidelines, "MTProto encrypted messages".
  public static func open(
    _ packet: consuming ByteBuffer, authKey: AuthKey, sender: Side
  ) throws(MessageCipherError) -> SessionMessage {
    let total = packet.readableBytes
    guard total >= headerLength + innerHeaderLength + 16,
      let keyID = packet.readInteger(endianness: .little, as: Int64.self),
      let messageKey = packet.readBytes(length: 16)
    else { throw .tooShort(total) }
    guard keyID == authKey.id else { throw .unknownKey(keyID) }
    // What is past a whole number of blocks is the padding of the padded transport.
    packet.moveWriterIndex(to: packet.readerIndex + packet.readableBytes / 16 * 16)
    try crypt(&packet, from: 0, authKey, messageKey, sender, AESIGE.decrypt)
    let computed = packet.withUnsafeReadableBytes {
      MessageKey.compute(authKey: authKey.bytes, sender: sender, plaintext: $0)
    }
    guard ConstantTime.equal(computed, messageKey) else { throw .badMessageKey }
    guard
      let (salt, sessionID, id) = packet.readMultipleIntegers(endianness: .little, as: (Int64, Int64, Int64).self),
      let (seqno, length) = packet.readMultipleIntegers(endianness: .little, as: (Int32, Int32).self)
    else { throw .tooShort(total) }
    let padding = packet.readableBytes - Int(length)
    guard length >= 0, length % 4 == 0, (12...1024).contains(padding), let body = packet.readSlice(length: Int(length))
    else { throw .badLength(Int(length)) }
    return SessionMessage(salt: salt, sessionID: sessionID, id: id, seqno: seqno, body: body)
  }

  private static func crypt(
    _ buffer: inout ByteBuffer, from offset: Int, _ authKey: AuthKey, _ messageKey: [UInt8], _ sender: Side,
    _ cipher: (UnsafeMutableRawBufferPointer, [UInt8], [UInt8]) throws(CryptoError) -> Void
  ) throws(MessageCipherError) {
    let (key, iv) = MessageKey.derive(authKey: authKey.bytes, messageKey: messageKey, sender: sender)
    var failure: CryptoError?
    buffer.withUnsafeMutableReadableBytes { bytes in
      do throws(CryptoError) {
        try cipher(UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]), key, iv)
      } catch { failure = error }
    }
    if let failure { throw .crypto(failure) }
  }
}
