public import NIOCore

/// A message outside any session: the form the key exchange travels in.
///
/// Source: core.telegram.org/mtproto/description, "Unencrypted message".
public struct PlainMessage: Sendable, Equatable {
  public var id: Int64
  public var body: ByteBuffer

  public init(id: Int64, body: ByteBuffer) {
    self.id = id
    self.body = body
  }

  /// Whether a packet is a plain message: its authorization key identifier is zero.
  public static func isPlain(_ packet: ByteBuffer) -> Bool {
    packet.getInteger(at: packet.readerIndex, as: Int64.self) == 0
  }

  /// Reads a packet; nil when it is no plain message, or its length says more than is there.
  ///
  /// Bytes behind the body are the padding of the padded transport.
  public init?(_ packet: ByteBuffer) {
    var packet = packet
    guard
      let (key, id, length) = packet.readMultipleIntegers(endianness: .little, as: (Int64, Int64, Int32).self),
      key == 0, length > 0, let body = packet.readSlice(length: Int(length))
    else { return nil }
    self.id = id
    self.body = body
  }

  public var packet: ByteBuffer {
    var packet = ByteBuffer()
    packet.reserveCapacity(20 + body.readableBytes)
    packet.writeMultipleIntegers(Int64(0), id, Int32(body.readableBytes), endianness: .little)
    packet.writeImmutableBuffer(body)
    return packet
  }
}
