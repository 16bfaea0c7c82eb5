import MTProto
import MTProtoCrypto
import NIOCore
import TestSupport
import Testing

/// The key of the known answers: byte i is (7 i + 3) mod 256.
let knownKey = AuthKey(bytes: (0..<256).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) })

@Suite struct MessageCipherTests {
  /// Made with Telethon 1.45: `MTProtoState.encrypt_message_data`, and for the server's direction its key derivation.
  private static let knownAnswers: [(sender: Side, packet: String)] = [
    (
      .client,
      """
      9ed6e6ef196cc931bc77ebcea08a0cef85cb8dcf9234841ce7dba85b6c8eaa96497c78b9022fb8d24821c58e6f3ddd5fd47893b6eb855160\
      707b1c5ba177a2a647521a2907cdb99f4496d07d6bef1a0c73e5cc606399e3ba
      """
    ),
    (
      .server,
      """
      9ed6e6ef196cc9318f196d9459b9bb1d2cf9027048b142680b0be7244e7ed66e0be6936eb64267add20319bbb019d2ba6ad5422431e69353\
      2d4b990b233a6a64dedec5b5ed07e532b8a968cb7240a49d273d382ab0dda32a
      """
    ),
  ]

  @Test(arguments: [Side.client, .server])
  func readsWhatTelethonWrites(sender: Side) throws {
    let key = try #require(knownKey)
    #expect(key.id == 3_587_517_436_832_175_774)
    let answer = try #require(Self.knownAnswers.first { $0.sender == sender })
    let message = try MessageCipher.open(bytes(answer.packet), authKey: key, sender: sender)
    #expect(message.salt == 0x1122_3344_5566_7788)
    #expect(message.sessionID == 0x0102_0304_0506_0708)
    #expect(message.seqno == 1)
    #expect(message.id == (sender == .client ? 0x62F5_A1D4_0000_0004 : 0x62F5_A1D4_0000_0001))
    #expect(message.body.readableBytes == 12)
  }

  @Test(arguments: [0, 4, 8, 12, 16, 100, 1_024, 65_536])
  func opensWhatItSeals(length: Int) throws {
    let key = try #require(knownKey)
    var random = SeededGenerator(seed: UInt64(length))
    let message = SessionMessage(
      salt: 1, sessionID: 2, id: 4, seqno: 3, body: ByteBuffer(bytes: random.bytes(length)))
    for sender in [Side.client, .server] {
      let packet = try MessageCipher.seal(message, authKey: key, sender: sender, using: &random)
      let padding = packet.readableBytes - 24 - 32 - length
      #expect((12..<28).contains(padding))
      #expect((packet.readableBytes - 24) % 16 == 0)
      #expect(try MessageCipher.open(packet, authKey: key, sender: sender) == message)
      #expect(throws: MessageCipherError.badMessageKey) {
        try MessageCipher.open(packet, authKey: key, sender: sender.other)
      }
    }
  }

  @Test func everyAlteredByteIsFound() throws {
    let key = try #require(knownKey)
    var random = SeededGenerator(seed: 1)
    let message = SessionMessage(salt: 1, sessionID: 2, id: 4, seqno: 3, body: ByteBuffer(bytes: random.bytes(40)))
    let packet = try MessageCipher.seal(message, authKey: key, sender: .server, using: &random)
    for index in packet.readerIndex..<packet.writerIndex {
      var altered = packet
      altered.setInteger(try #require(packet.getInteger(at: index, as: UInt8.self)) ^ 0x40, at: index)
      #expect(throws: MessageCipherError.self) { try MessageCipher.open(altered, authKey: key, sender: .server) }
    }
  }

  /// The server may say any length, correctly encrypted.
  @Test(arguments: [-1, -4, 1, 2, 3, 5, Int32.max, .min, 44, 1_000_000])
  func lengthThatLeavesNoPaddingIsRefused(length: Int32) throws {
    let key = try #require(knownKey)
    var plain = ByteBuffer()
    plain.writeMultipleIntegers(Int64(1), Int64(2), Int64(5), endianness: .little)
    plain.writeMultipleIntegers(Int32(1), length, endianness: .little)
    plain.writeRepeatingByte(7, count: 48)
    let messageKey = plain.withUnsafeReadableBytes {
      MessageKey.compute(authKey: key.bytes, sender: .server, plaintext: $0)
    }
    let (aesKey, iv) = MessageKey.derive(authKey: key.bytes, messageKey: messageKey, sender: .server)
    var packet = ByteBuffer(integer: key.id, endianness: .little)
    packet.writeBytes(messageKey)
    packet.writeBytes(try AESIGE.encrypted(Array(buffer: plain), key: aesKey, iv: iv))
    #expect(throws: MessageCipherError.badLength(Int(length))) {
      try MessageCipher.open(packet, authKey: key, sender: .server)
    }
  }

  @Test func randomPacketsAreRefused() throws {
    let key = try #require(knownKey)
    var random = SeededGenerator.run(1)
    for _ in 0..<20_000 {
      var packet = ByteBuffer(bytes: random.bytes(Int.random(in: 0...200, using: &random)))
      if Bool.random(using: &random) { packet.setInteger(key.id, at: 0, endianness: .little) }
      #expect(throws: MessageCipherError.self) { try MessageCipher.open(packet, authKey: key, sender: .server) }
    }
  }
}

/// Bytes written in hexadecimal.
func bytes(_ hex: String) -> ByteBuffer {
  let digits = Array(hex.utf8)
  return ByteBuffer(
    bytes: stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    })
}
