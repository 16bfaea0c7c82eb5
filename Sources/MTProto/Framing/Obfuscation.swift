import MTProtoCrypto
import NIOCore

/// The two keystreams of an obfuscated connection, and the 64 bytes that start it.
///
/// Source: core.telegram.org/mtproto/mtproto-transports, section "Transport obfuscation".
struct Obfuscation {
  static let openingLength = 64

  private let outgoing: AESCTR
  private let incoming: AESCTR

  /// The client's half: makes the opening bytes.
  ///
  /// - Parameter secret: the 16 bytes an MTProxy shares with its users, which take part in the keys.
  static func client(
    framing: Transport.Framing, dc: Int16, secret: [UInt8]? = nil, using generator: inout some RandomNumberGenerator
  ) -> (Obfuscation, opening: ByteBuffer)? {
    guard let tag = tags[framing] else { return nil }
    var opening = [UInt8](repeating: 0, count: openingLength)
    repeat {
      for index in opening.indices { opening[index] = UInt8.random(in: .min ... .max, using: &generator) }
    } while isReserved(opening)
    for index in 0..<4 { opening[56 + index] = UInt8(truncatingIfNeeded: tag >> (8 * UInt32(index))) }
    opening[60] = UInt8(truncatingIfNeeded: dc)
    opening[61] = UInt8(truncatingIfNeeded: dc >> 8)
    guard let streams = streams(opening, secret) else { return nil }
    var encrypted = opening
    encrypted.withUnsafeMutableBytes { streams.fromClient.apply($0) }
    return (
      Obfuscation(outgoing: streams.fromClient, incoming: streams.fromServer),
      ByteBuffer(bytes: opening[..<56] + encrypted[56...])
    )
  }

  /// The server's half: reads the client's opening bytes; nil when they name no framing.
  static func server(opening: [UInt8]) -> (Obfuscation, framing: Transport.Framing, dc: Int16)? {
    guard opening.count == openingLength, let streams = streams(opening, nil) else { return nil }
    var plain = opening
    plain.withUnsafeMutableBytes { streams.fromClient.apply($0) }
    let tag = plain[56..<60].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard let framing = tags.first(where: { $0.value == tag })?.key else { return nil }
    let dc = Int16(bitPattern: UInt16(plain[60]) | UInt16(plain[61]) << 8)
    return (Obfuscation(outgoing: streams.fromServer, incoming: streams.fromClient), framing, dc)
  }

  /// Encrypts what stands in `buffer` from `offset` on.
  func encrypt(_ buffer: inout ByteBuffer, from offset: Int) {
    buffer.withUnsafeMutableReadableBytes { outgoing.apply(UnsafeMutableRawBufferPointer(rebasing: $0[offset...])) }
  }

  /// Decrypts what stands in `buffer` from `offset` on.
  func decrypt(_ buffer: inout ByteBuffer, from offset: Int) {
    buffer.withUnsafeMutableReadableBytes { incoming.apply(UnsafeMutableRawBufferPointer(rebasing: $0[offset...])) }
  }

  private static let tags: [Transport.Framing: UInt32] = [
    .abridged: 0xefef_efef, .intermediate: 0xeeee_eeee, .padded: 0xdddd_dddd,
  ]

  private static func streams(
    _ opening: [UInt8], _ secret: [UInt8]?
  ) -> (fromClient: AESCTR, fromServer: AESCTR)? {
    func key(_ bytes: ArraySlice<UInt8>) -> [UInt8] { secret.map { SHA256.hash(bytes + $0) } ?? Array(bytes) }
    let reversed = Array(opening[8..<56].reversed())
    guard let fromClient = try? AESCTR(key: key(opening[8..<40]), iv: Array(opening[40..<56])),
      let fromServer = try? AESCTR(key: key(reversed[..<32]), iv: Array(reversed[32...]))
    else { return nil }
    return (fromClient, fromServer)
  }

  /// Whether random bytes look like the start of something else: a plain transport, HTTP or TLS.
  private static func isReserved(_ opening: [UInt8]) -> Bool {
    let first = opening[..<4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let reserved: [UInt32] = [
      0x4441_4548, 0x5453_4f50, 0x2054_4547, 0x4954_504f, 0x0201_0316, 0xdddd_dddd, 0xeeee_eeee,
    ]
    return opening[0] == 0xef || reserved.contains(first) || opening[4..<8].allSatisfy { $0 == 0 }
  }
}
