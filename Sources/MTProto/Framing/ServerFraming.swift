import MTProtoCrypto
public import NIOCore

/// The server's side of a connection's bytes; learns the transport from the client's first bytes.
///
/// It holds running keystreams, so one value belongs to one connection and copies share them.
public struct ServerFraming {
  private var codec: PacketCodec?
  private var obfuscation: Obfuscation?
  private var input = ByteBuffer()
  /// The client's transport, once it is known.
  public private(set) var transport: Transport?
  /// The data centre an obfuscated client asks for.
  public private(set) var dc: Int16?

  public init() {}

  /// Takes in what arrived, cut anywhere.
  public mutating func receive(_ bytes: ByteBuffer) {
    let offset = input.readableBytes
    if offset == 0 { input = bytes } else { input.writeImmutableBuffer(bytes) }
    obfuscation?.decrypt(&input, from: offset)
  }

  /// The next frame; nil until one is there whole.
  ///
  /// - Throws: `FramingError` when the bytes make no sense; close the connection.
  public mutating func next() throws(FramingError) -> Frame? {
    if codec == nil { try detect() }
    let frame = try codec?.decode(&input)
    PacketCodec.part(input: &input, from: frame)
    return frame
  }

  /// Appends a packet to `out`.
  ///
  /// Its length is a multiple of four. Nothing can be sent before the transport is known.
  public mutating func encode(
    _ packet: ByteBuffer, into out: inout ByteBuffer, using generator: inout some RandomNumberGenerator
  ) {
    let offset = out.readableBytes
    codec?.encode(packet, into: &out, using: &generator)
    obfuscation?.encrypt(&out, from: offset)
  }

  /// Appends a transport error, as in -404.
  public mutating func encode(
    error code: Int32, into out: inout ByteBuffer, using generator: inout some RandomNumberGenerator
  ) {
    encode(ByteBuffer(integer: code, endianness: .little), into: &out, using: &generator)
  }

  private mutating func detect() throws(FramingError) {
    guard let first = input.getInteger(at: input.readerIndex, as: UInt8.self) else { return }
    if first == 0xef {
      input.moveReaderIndex(forwardBy: 1)
      return settle(.abridged)
    }
    guard let word = input.getInteger(at: input.readerIndex, endianness: .little, as: UInt32.self) else { return }
    switch word {
    case 0xeeee_eeee:
      input.moveReaderIndex(forwardBy: 4)
      return settle(.intermediate)
    case 0xdddd_dddd:
      input.moveReaderIndex(forwardBy: 4)
      return settle(.padded)
    default: break
    }
    guard let second = input.getInteger(at: input.readerIndex + 4, as: UInt32.self) else { return }
    // A full packet's sequence number starts at 0; obfuscated openings avoid exactly that.
    if second == 0 { return settle(.full) }
    guard input.readableBytes >= Obfuscation.openingLength else { return }
    guard let opening = input.readBytes(length: Obfuscation.openingLength),
      let (obfuscation, framing, dc) = Obfuscation.server(opening: opening)
    else { throw .unknownTransport }
    self.obfuscation = obfuscation
    self.dc = dc
    codec = PacketCodec(framing, side: .server)
    transport = Transport(framing, obfuscated: true)
    obfuscation.decrypt(&input, from: 0)
  }

  private mutating func settle(_ framing: Transport.Framing) {
    codec = PacketCodec(framing, side: .server)
    transport = Transport(framing, obfuscated: false)
  }
}
