import CZlib
import MTProtoCrypto
import NIOCore

/// Packets to bytes and back for one of the four framings; the same on both sides of a connection.
///
/// Source: core.telegram.org/mtproto/mtproto-transports.
struct PacketCodec: Sendable {
  /// More than any packet of Telegram's, and what an abridged length can say.
  static let maximumLength = 1 << 24

  let framing: Transport.Framing
  private let side: Side
  private var sent: Int32 = 0
  private var received: Int32 = 0

  init(_ framing: Transport.Framing, side: Side) {
    self.framing = framing
    self.side = side
  }

  /// Appends a packet to `out`.
  ///
  /// Its length is a multiple of four. Given up by the caller, with `headroom` in front of it and nothing in `out` yet, it is not
  /// copied.
  mutating func encode(
    _ packet: consuming ByteBuffer, into out: inout ByteBuffer, using generator: inout some RandomNumberGenerator
  ) {
    let length = packet.readableBytes
    switch framing {
    case .abridged:
      if length / 4 < 0x7F {
        Self.append(UInt8(length / 4), packet, to: &out)
      } else {
        Self.append(UInt32(length / 4) << 8 | 0x7F, packet, to: &out)
      }
    case .intermediate:
      Self.append(UInt32(length), packet, to: &out)
    case .padded:
      let padding = Int.random(in: 0...15, using: &generator)
      Self.append(UInt32(length + padding), packet, to: &out)
      for _ in 0..<padding { out.writeInteger(UInt8.random(in: .min ... .max, using: &generator)) }
    case .full:
      var frame = ByteBuffer()
      frame.writeInteger(UInt32(length + 12), endianness: .little)
      frame.writeInteger(sent, endianness: .little)
      frame.writeImmutableBuffer(packet)
      sent &+= 1
      frame.writeInteger(Self.checksum(frame.readableBytesView), endianness: .little)
      out.writeImmutableBuffer(frame)
    }
  }

  /// What a packet may have in front of it for the header of any framing but the full one.
  static let headroom = 4

  private static func append(
    _ header: some FixedWidthInteger, _ packet: consuming ByteBuffer, to out: inout ByteBuffer
  ) {
    let size = header.bitWidth / 8
    guard out.readableBytes == 0, packet.readerIndex >= size else {
      out.writeInteger(header, endianness: .little)
      out.writeImmutableBuffer(packet)
      return
    }
    out = packet
    out.moveReaderIndex(to: out.readerIndex - size)
    out.setInteger(header, at: out.readerIndex, endianness: .little)
  }

  /// Cuts the next frame off the front of `input`; nil until it is there whole.
  mutating func decode(_ input: inout ByteBuffer) throws(FramingError) -> Frame? {
    switch framing {
    case .abridged: try decodeAbridged(&input)
    case .intermediate, .padded: try decodeIntermediate(&input)
    case .full: try decodeFull(&input)
    }
  }

  /// Lets go of what has been read of `input`, so that a large frame has its storage to itself: it can be decrypted in it.
  static func part(input: inout ByteBuffer, from frame: Frame?) {
    if input.readableBytes == 0 {
      // Not cleared: frames may share its storage, and it would get as much anew.
      input = ByteBuffer()
    } else if case .packet(let packet) = frame {
      // The smaller of the two is copied.
      if packet.readableBytes > input.readableBytes { input = ByteBuffer(bytes: input.readableBytesView) }
    } else {
      input.discardReadBytes()
    }
  }

  /// Nothing yet: makes room for all of a frame at once, rather than twice as much each time.
  private static func awaiting(_ length: Int, in input: inout ByteBuffer) -> Frame? {
    input.discardReadBytes()
    input.reserveCapacity(length)
    return nil
  }

  private func decodeAbridged(_ input: inout ByteBuffer) throws(FramingError) -> Frame? {
    guard let first = input.getInteger(at: input.readerIndex, as: UInt8.self) else { return nil }
    // A server's quick acknowledgment comes with its bytes reversed, so that the bit stands first.
    if side == .client, first & 0x80 != 0 {
      return input.readInteger(endianness: .big, as: UInt32.self).map { .quickAck($0) }
    }
    var header = 1
    var words = Int(first & 0x7F)
    if words == 0x7F {
      guard let long = input.getInteger(at: input.readerIndex, endianness: .little, as: UInt32.self) else { return nil }
      header = 4
      words = Int(long >> 8)
    }
    return try take(words * 4, behind: header, from: &input)
  }

  private func decodeIntermediate(_ input: inout ByteBuffer) throws(FramingError) -> Frame? {
    guard let length = input.getInteger(at: input.readerIndex, endianness: .little, as: UInt32.self) else { return nil }
    if side == .client, length & 0x8000_0000 != 0 {
      input.moveReaderIndex(forwardBy: 4)
      return .quickAck(length)
    }
    // A client asks for a quick acknowledgment with the same bit; none is owed.
    return try take(Int(length & 0x7FFF_FFFF), behind: 4, from: &input)
  }

  private mutating func decodeFull(_ input: inout ByteBuffer) throws(FramingError) -> Frame? {
    guard let length = input.getInteger(at: input.readerIndex, endianness: .little, as: UInt32.self) else { return nil }
    guard length >= 12, length % 4 == 0 else { throw .badLength(Int(length)) }
    guard length <= Self.maximumLength else { throw .packetTooLong(Int(length)) }
    guard var frame = input.getSlice(at: input.readerIndex, length: Int(length)) else {
      return Self.awaiting(Int(length), in: &input)
    }
    let checked = frame.readableBytesView.dropLast(4)
    let checksum = frame.getInteger(at: frame.writerIndex - 4, endianness: .little, as: UInt32.self)
    guard checksum == Self.checksum(checked) else { throw .badChecksum }
    frame.moveReaderIndex(forwardBy: 4)
    let number = frame.readInteger(endianness: .little, as: Int32.self) ?? 0
    guard number == received else { throw .badSequenceNumber(expected: received, actual: number) }
    received &+= 1
    frame.moveWriterIndex(to: frame.writerIndex - 4)
    input.moveReaderIndex(forwardBy: Int(length))
    return Self.frame(frame)
  }

  private func take(_ length: Int, behind header: Int, from input: inout ByteBuffer) throws(FramingError) -> Frame? {
    guard length <= Self.maximumLength else { throw .packetTooLong(length) }
    guard length >= 4 else { throw .badLength(length) }
    guard let packet = input.getSlice(at: input.readerIndex + header, length: length) else {
      return Self.awaiting(header + length, in: &input)
    }
    input.moveReaderIndex(forwardBy: header + length)
    return Self.frame(packet)
  }

  /// No message is shorter than its header of 20 bytes: what is, is a transport error and perhaps padding.
  private static func frame(_ packet: ByteBuffer) -> Frame {
    if packet.readableBytes < 20,
      let code = packet.getInteger(at: packet.readerIndex, endianness: .little, as: Int32.self)
    {
      return .error(code)
    }
    return .packet(packet)
  }

  private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var sum = crc32(0, nil, 0)
    let done: Void? = bytes.withContiguousStorageIfAvailable { sum = crc32(sum, $0.baseAddress, UInt32($0.count)) }
    if done == nil { for byte in bytes { sum = withUnsafePointer(to: byte) { crc32(sum, $0, 1) } } }
    return UInt32(truncatingIfNeeded: sum)
  }
}
