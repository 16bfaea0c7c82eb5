import CZlib
public import NIOCore

/// The gzip inside `gzip_packed`, both ways.
///
/// Source: core.telegram.org/mtproto/service_messages, "Packed Object"; RFC 1952.
public enum Gzip {
  /// No answer of Telegram's comes near; a small packet that grows past this is an attack.
  static let maximumUnpackedLength = 32 << 20

  /// gzip's header and trailer, by zlib's convention for window bits.
  private static let windowBits: Int32 = 15 + 16

  /// - Returns: nil for bytes that are no complete gzip stream, or would grow past the limit.
  public static func unpack(_ packed: ByteBuffer) -> ByteBuffer? {
    var stream = z_stream()
    guard czlib_inflate_init(&stream, windowBits) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    return run(&stream, packed, capacity: max(1024, packed.readableBytes * 4)) { inflate($0, Z_NO_FLUSH) }
  }

  /// - Returns: nil when the packed form is no shorter.
  public static func pack(_ plain: ByteBuffer) -> ByteBuffer? {
    var stream = z_stream()
    guard czlib_deflate_init(&stream, 6, windowBits) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    let packed = run(&stream, plain, capacity: plain.readableBytes) { deflate($0, Z_FINISH) }
    return packed.flatMap { $0.readableBytes < plain.readableBytes ? $0 : nil }
  }

  private static func run(
    _ stream: inout z_stream, _ input: ByteBuffer, capacity: Int,
    step: (UnsafeMutablePointer<z_stream>) -> Int32
  ) -> ByteBuffer? {
    var output = ByteBuffer()
    var input = input
    var status = Z_OK
    return input.withUnsafeMutableReadableBytes { bytes -> ByteBuffer? in
      stream.next_in = bytes.bindMemory(to: UInt8.self).baseAddress
      stream.avail_in = UInt32(bytes.count)
      var room = min(capacity, maximumUnpackedLength)
      while status == Z_OK {
        let limit = maximumUnpackedLength - output.readableBytes
        guard limit > 0 else { return nil }
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
          stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
          let available = UInt32(min(target.count, limit))
          stream.avail_out = available
          status = step(&stream)
          return Int(available - stream.avail_out)
        }
        // Room left and nothing more to read: the stream is cut off.
        if status == Z_OK, stream.avail_in == 0, stream.avail_out > 0 { return nil }
        room = max(output.readableBytes, 1024)
      }
      return status == Z_STREAM_END ? output : nil
    }
  }
}
