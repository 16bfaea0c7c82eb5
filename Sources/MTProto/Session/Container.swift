import NIOCore
import TL

/// One message inside a container, or alone in a packet.
struct InnerMessage: Sendable, Equatable {
  var id: Int64
  var seqno: Int32
  var body: ByteBuffer

  /// Odd numbers ask for an acknowledgment.
  var isContentRelated: Bool { seqno & 1 != 0 }
}

/// `msg_container#73f1f8dc`: several messages in one packet.
///
/// Source: core.telegram.org/mtproto/service_messages, "Containers".
enum Container {
  static let constructor: UInt32 = 0x73f1_f8dc
  static let maximumCount = 1020
  /// Bytes of content a container is filled up to.
  static let maximumLength = 1 << 20
  /// Identifier, seqno and length of each message.
  static let overhead = 16

  static func encode(_ messages: [InnerMessage]) -> ByteBuffer {
    var writer = TLWriter(reserving: messages.reduce(8) { $0 + overhead + $1.body.readableBytes })
    writer.writeConstructor(constructor)
    writer.writeCount(messages.count)
    for message in messages {
      writer.writeLong(message.id)
      writer.writeInt(message.seqno)
      writer.writeInt(Int32(message.body.readableBytes))
      writer.writeRaw(message.body)
    }
    return writer.buffer
  }

  /// The messages of a container, whose bytes begin with its constructor number.
  ///
  /// Containers do not nest.
  static func decode(_ body: ByteBuffer) throws(TLError) -> [InnerMessage] {
    var reader = TLReader(body)
    let id = try reader.readConstructor()
    guard id == constructor else { throw .unexpectedConstructor(id, offset: 0) }
    let count = try reader.readCount(minimumElementSize: overhead)
    var messages: [InnerMessage] = []
    for _ in 0..<count {
      let id = try reader.readLong()
      let seqno = try reader.readInt()
      let offset = reader.offset
      let length = Int(try reader.readInt())
      guard length % 4 == 0 else { throw .invalidLength(length, offset: offset) }
      messages.append(InnerMessage(id: id, seqno: seqno, body: try reader.readRaw(length: length)))
    }
    return messages
  }
}
