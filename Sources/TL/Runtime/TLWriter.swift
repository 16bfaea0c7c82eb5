public import NIOCore

/// Writes TL values to a buffer that grows.
///
/// Source: "Binary Data Serialization", core.telegram.org/mtproto/serialize.
public struct TLWriter {
  public private(set) var buffer: ByteBuffer

  public init(reserving capacity: Int = 256) {
    buffer = ByteBuffer()
    buffer.reserveCapacity(capacity)
  }

  @inline(never)
  public mutating func writeInt(_ value: Int32) { buffer.writeInteger(value, endianness: .little) }

  @inline(never)
  public mutating func writeLong(_ value: Int64) { buffer.writeInteger(value, endianness: .little) }

  @inline(never)
  public mutating func writeDouble(_ value: Double) { buffer.writeInteger(value.bitPattern, endianness: .little) }

  @inline(never)
  public mutating func writeInt128(_ value: TLInt128) { value.write(to: &buffer) }

  @inline(never)
  public mutating func writeInt256(_ value: TLInt256) {
    value.low.write(to: &buffer)
    value.high.write(to: &buffer)
  }

  @inline(never)
  public mutating func writeConstructor(_ id: UInt32) { buffer.writeInteger(id, endianness: .little) }

  /// Writes `bytes`: a length of one or four bytes, the bytes, zeros up to a multiple of four.
  ///
  /// A TL string holds at most 16,777,215 bytes.
  @inline(never)
  public mutating func writeBytes(_ value: ByteBuffer) {
    writeLength(value.readableBytes)
    buffer.writeImmutableBuffer(value)
    writePadding(value.readableBytes)
  }

  @inline(never)
  public mutating func writeString(_ value: String) {
    let length = value.utf8.count
    writeLength(length)
    buffer.writeString(value)
    writePadding(length)
  }

  @inline(never)
  public mutating func writeBool(_ value: Bool) { writeConstructor(value ? 0x9972_75b5 : 0xbc79_9737) }

  /// Writes the constructor and count of a boxed `Vector`.
  @inline(never)
  public mutating func writeVectorHeader(_ count: Int) {
    writeConstructor(0x1cb5_c415)
    writeCount(count)
  }

  /// Writes the bits of `flags:#`.
  @inline(never)
  public mutating func writeFlags(_ flags: UInt32) { writeConstructor(flags) }

  /// Writes a bare `vector` of values without constructor numbers.
  public mutating func writeBareVector<T: TLConstructor>(_ values: [T]) {
    writeCount(values.count)
    for value in values { value.writeBare(to: &self) }
  }

  /// Writes the count of a bare `vector`.
  @inline(never)
  public mutating func writeCount(_ count: Int) { writeInt(Int32(count)) }

  /// Writes bytes as they are.
  @inline(never)
  public mutating func writeRaw(_ value: ByteBuffer) { buffer.writeImmutableBuffer(value) }

  private mutating func writeLength(_ length: Int) {
    precondition(length < 1 << 24, "a TL string holds at most 16,777,215 bytes")
    if length < 254 {
      buffer.writeInteger(UInt8(length))
    } else {
      buffer.writeInteger(UInt32(length) << 8 | 0xFE, endianness: .little)
    }
  }

  private mutating func writePadding(_ length: Int) {
    let written = length < 254 ? 1 + length : 4 + length
    buffer.writeRepeatingByte(0, count: (4 - written % 4) % 4)
  }
}
