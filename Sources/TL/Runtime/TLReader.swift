public import NIOCore

/// Reads TL values from a buffer; every length and count is checked against the bytes at hand before it is used.
///
/// Source: "Binary Data Serialization", core.telegram.org/mtproto/serialize.
public struct TLReader {
  /// How deep boxed values may nest; Telegram's own stay below 20.
  public static let maximumDepth = 64

  /// What has not been read yet.
  public private(set) var buffer: ByteBuffer
  private let start: Int
  private var depth = 0

  public init(_ buffer: ByteBuffer) {
    self.buffer = buffer
    self.start = buffer.readerIndex
  }

  /// Bytes read so far.
  public var offset: Int { buffer.readerIndex - start }
  /// Bytes left.
  public var remaining: Int { buffer.readableBytes }

  @inline(never)
  public mutating func readInt() throws(TLError) -> Int32 {
    guard let value = buffer.readInteger(endianness: .little, as: Int32.self) else { throw truncated(4) }
    return value
  }

  @inline(never)
  public mutating func readLong() throws(TLError) -> Int64 {
    guard let value = buffer.readInteger(endianness: .little, as: Int64.self) else { throw truncated(8) }
    return value
  }

  @inline(never)
  public mutating func readDouble() throws(TLError) -> Double {
    guard let value = buffer.readInteger(endianness: .little, as: UInt64.self) else { throw truncated(8) }
    return Double(bitPattern: value)
  }

  @inline(never)
  public mutating func readInt128() throws(TLError) -> TLInt128 {
    guard let value = TLInt128(readingFrom: &buffer) else { throw truncated(16) }
    return value
  }

  @inline(never)
  public mutating func readInt256() throws(TLError) -> TLInt256 {
    guard let low = TLInt128(readingFrom: &buffer) else { throw truncated(32) }
    guard let high = TLInt128(readingFrom: &buffer) else { throw truncated(16) }
    return TLInt256(low: low, high: high)
  }

  /// Reads a constructor number.
  @inline(never)
  public mutating func readConstructor() throws(TLError) -> UInt32 {
    guard let value = buffer.readInteger(endianness: .little, as: UInt32.self) else { throw truncated(4) }
    return value
  }

  /// Reads the bits of `flags:#`.
  @inline(never)
  public mutating func readFlags() throws(TLError) -> UInt32 { try readConstructor() }

  /// Reads a bare `vector` of values without constructor numbers.
  public mutating func readBareVector<T: TLConstructor>(of type: T.Type) throws(TLError) -> [T] {
    let count = try readCount()
    var values: [T] = []
    for _ in 0..<count { values.append(try T(bare: &self)) }
    return values
  }

  /// The constructor number that comes next, left unread.
  @inline(never)
  public func peekConstructor() throws(TLError) -> UInt32 {
    guard let value = buffer.getInteger(at: buffer.readerIndex, endianness: .little, as: UInt32.self) else {
      throw truncated(4)
    }
    return value
  }

  /// Reads `bytes` as a slice that shares the buffer's storage.
  @inline(never)
  public mutating func readBytes() throws(TLError) -> ByteBuffer {
    let at = offset
    guard let first = buffer.readInteger(as: UInt8.self) else { throw truncated(1) }
    var length = Int(first)
    var header = 1
    if first == 0xFE {
      guard let low = buffer.readInteger(endianness: .little, as: UInt16.self),
        let high = buffer.readInteger(as: UInt8.self)
      else { throw truncated(3) }
      length = Int(low) | Int(high) << 16
      header = 4
    } else if first == 0xFF {
      throw .invalidLength(0xFF, offset: at)
    }
    let padding = (4 - (header + length) % 4) % 4
    guard buffer.readableBytes >= length + padding, let slice = buffer.readSlice(length: length) else {
      throw .invalidLength(length, offset: at)
    }
    buffer.moveReaderIndex(forwardBy: padding)
    return slice
  }

  /// Reads `string`; bytes that are not UTF-8 become U+FFFD.
  @inline(never)
  public mutating func readString() throws(TLError) -> String {
    String(buffer: try readBytes())
  }

  /// Reads a boxed `Bool`.
  @inline(never)
  public mutating func readBool() throws(TLError) -> Bool {
    let at = offset
    switch try readConstructor() {
    case 0x9972_75b5: return true
    case 0xbc79_9737: return false
    case let other: throw .unexpectedConstructor(other, offset: at)
    }
  }

  /// Reads the count of a boxed `Vector`; no element takes less than `minimumElementSize` bytes.
  @inline(never)
  public mutating func readVectorHeader(minimumElementSize: Int = 4) throws(TLError) -> Int {
    let at = offset
    let id = try readConstructor()
    guard id == 0x1cb5_c415 else { throw .unexpectedConstructor(id, offset: at) }
    return try readCount(minimumElementSize: minimumElementSize)
  }

  /// Reads the count of a bare `vector`.
  @inline(never)
  public mutating func readCount(minimumElementSize: Int = 4) throws(TLError) -> Int {
    let at = offset
    let count = Int(try readInt())
    guard count >= 0, count <= remaining / max(minimumElementSize, 1) else {
      throw .invalidLength(count, offset: at)
    }
    return count
  }

  /// Reads `length` bytes as they are, as a slice that shares the buffer's storage.
  @inline(never)
  public mutating func readRaw(length: Int) throws(TLError) -> ByteBuffer {
    guard length >= 0, let slice = buffer.readSlice(length: length) else { throw truncated(length) }
    return slice
  }

  /// Enters a boxed value; pair with `leave()`.
  @inline(never)
  public mutating func enter() throws(TLError) {
    guard depth < Self.maximumDepth else { throw .tooDeep(offset: offset) }
    depth += 1
  }

  @inline(never)
  public mutating func leave() { depth -= 1 }

  /// Throws unless everything has been read.
  public func finish() throws(TLError) {
    if remaining > 0 { throw .trailingBytes(remaining) }
  }

  private func truncated(_ needed: Int) -> TLError {
    .truncated(offset: offset, needed: needed, available: remaining)
  }
}
