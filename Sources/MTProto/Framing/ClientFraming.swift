import MTProtoCrypto
public import NIOCore

/// The client's side of a connection's bytes: packets out, frames in.
///
/// It holds running keystreams, so one value belongs to one connection and copies share them.
public struct ClientFraming {
  private var codec: PacketCodec
  private let obfuscation: Obfuscation?
  private let start: ByteBuffer
  private var input = ByteBuffer()

  /// - Parameters:
  ///   - dc: the data centre that is meant, for obfuscated connections through a proxy; negative for media.
  ///   - secret: of an MTProxy, 16 bytes; for obfuscated transports.
  public init(
    transport: Transport, dc: Int16, secret: [UInt8]? = nil, using generator: inout some RandomNumberGenerator
  ) {
    codec = PacketCodec(transport.framing, side: .client)
    if transport.isObfuscated,
      let (obfuscation, opening) = Obfuscation.client(
        framing: transport.framing, dc: dc, secret: secret, using: &generator)
    {
      self.obfuscation = obfuscation
      start = opening
    } else {
      obfuscation = nil
      start =
        switch transport.framing {
        case .abridged: ByteBuffer(bytes: [0xef])
        case .intermediate: ByteBuffer(bytes: [0xee, 0xee, 0xee, 0xee])
        case .padded: ByteBuffer(bytes: [0xdd, 0xdd, 0xdd, 0xdd])
        case .full: ByteBuffer()
        }
    }
  }

  /// What goes before the first packet.
  public func opening() -> ByteBuffer { start }

  /// Appends a packet to `out`.
  ///
  /// Its length is a multiple of four.
  public mutating func encode(
    _ packet: consuming ByteBuffer, into out: inout ByteBuffer, using generator: inout some RandomNumberGenerator
  ) {
    let offset = out.readableBytes
    codec.encode(packet, into: &out, using: &generator)
    obfuscation?.encrypt(&out, from: offset)
  }

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
    let frame = try codec.decode(&input)
    PacketCodec.part(input: &input, from: frame)
    return frame
  }
}
