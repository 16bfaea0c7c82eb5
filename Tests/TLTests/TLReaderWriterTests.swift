import NIOCore
import TL
import Testing

@Suite struct TLReaderWriterTests {
  /// "Binary Data Serialization": up to 253 bytes a length of one byte, else 254 and three bytes; padded to four.
  @Test(arguments: [
    (0, 4), (1, 4), (2, 4), (3, 4), (4, 8), (252, 256), (253, 256), (254, 260), (255, 260), (256, 260), (257, 264),
    (65_535, 65_540), (65_536, 65_540), (16_777_215, 16_777_220),
  ])
  func bytesTakeTheirLengthAndPadding(length: Int, size: Int) throws {
    let value = ByteBuffer(bytes: (0..<length).lazy.map { UInt8(truncatingIfNeeded: $0) })
    var writer = TLWriter()
    writer.writeBytes(value)
    #expect(writer.buffer.readableBytes == size)
    let header: [UInt8] =
      length < 254
      ? [UInt8(length)]
      : [254, UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8), UInt8(length >> 16)]
    #expect(writer.buffer.readableBytesView.prefix(header.count).elementsEqual(header))
    #expect(writer.buffer.readableBytesView.dropFirst(header.count + length).allSatisfy { $0 == 0 })

    var reader = TLReader(writer.buffer)
    #expect(try reader.readBytes() == value)
    try reader.finish()

    // Without its last byte, be it padding or not, and without anything behind the header.
    for end in [size - 1, min(header.count, size - 1), header.count - 1] {
      var cut = TLReader(writer.buffer.getSlice(at: 0, length: end) ?? ByteBuffer())
      #expect(throws: TLError.self) { try cut.readBytes() }
    }
  }

  @Test func stringsOfOneScalarAreWrittenAsUTF8() throws {
    for text in [
      "", "a", "ж", "€", "😀", "\u{0}", String(repeating: "ж", count: 127), String(repeating: "ж", count: 8_388_607),
    ] {
      var writer = TLWriter()
      writer.writeString(text)
      var reader = TLReader(writer.buffer)
      #expect(try reader.readString() == text)
      try reader.finish()
    }
  }

  @Test func bytesThatAreNoUTF8BecomeReplacementCharacters() throws {
    var reader = TLReader(ByteBuffer(bytes: [3, 0x61, 0xFF, 0x62]))
    #expect(try reader.readString() == "a\u{FFFD}b")
  }

  @Test func aLengthOf255IsRefused() {
    var reader = TLReader(ByteBuffer(repeating: 0xFF, count: 64))
    #expect(throws: TLError.invalidLength(255, offset: 0)) { try reader.readBytes() }
  }

  @Test func shortLengthsInTheLongFormAreRead() throws {
    var reader = TLReader(ByteBuffer(bytes: [254, 1, 0, 0, 0x61, 0, 0, 0]))
    #expect(try reader.readString() == "a")
    try reader.finish()
  }

  @Test func numbersAreLittleEndian() throws {
    var writer = TLWriter()
    writer.writeInt(-2)
    writer.writeLong(0x0102_0304_0506_0708)
    writer.writeDouble(1)
    writer.writeBool(true)
    writer.writeBool(false)
    writer.writeVectorHeader(0)
    let expected: [UInt8] =
      [0xFE, 0xFF, 0xFF, 0xFF, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
      + [0xB5, 0x75, 0x72, 0x99, 0x37, 0x97, 0x79, 0xBC, 0x15, 0xC4, 0xB5, 0x1C, 0, 0, 0, 0]
    #expect(Array(writer.buffer.readableBytesView) == expected)
  }

  @Test func integersOfManyBytesKeepTheirOrder() throws {
    let bytes = (0..<32).map { UInt8($0) }
    let wide = try #require(TLInt256(bytes))
    var writer = TLWriter()
    writer.writeInt128(wide.high)
    writer.writeInt256(wide)
    #expect(Array(writer.buffer.readableBytesView) == Array(bytes[16...]) + bytes)
    var reader = TLReader(writer.buffer)
    #expect(try reader.readInt128() == wide.high)
    #expect(try reader.readInt256().bytes == bytes)
    #expect(TLInt128(bytes.prefix(15)) == nil)
    #expect(TLInt256(bytes.prefix(31)) == nil)
  }

  static let reads: [(String, Int, @Sendable (inout TLReader) throws(TLError) -> Void)] = [
    ("int", 4, { (reader: inout TLReader) throws(TLError) in _ = try reader.readInt() }),
    ("long", 8, { (reader: inout TLReader) throws(TLError) in _ = try reader.readLong() }),
    ("double", 8, { (reader: inout TLReader) throws(TLError) in _ = try reader.readDouble() }),
    ("int128", 16, { (reader: inout TLReader) throws(TLError) in _ = try reader.readInt128() }),
    ("int256", 32, { (reader: inout TLReader) throws(TLError) in _ = try reader.readInt256() }),
    ("constructor", 4, { (reader: inout TLReader) throws(TLError) in _ = try reader.readConstructor() }),
    ("peek", 4, { (reader: inout TLReader) throws(TLError) in _ = try reader.peekConstructor() }),
    ("raw", 7, { (reader: inout TLReader) throws(TLError) in _ = try reader.readRaw(length: 7) }),
    ("count", 4, { (reader: inout TLReader) throws(TLError) in _ = try reader.readCount() }),
  ]

  @Test(arguments: reads.indices) func everyReadRefusesFewerBytes(index: Int) throws {
    let (name, size, read) = Self.reads[index]
    for available in 0..<size {
      var reader = TLReader(ByteBuffer(repeating: 0, count: available))
      #expect(throws: TLError.self, "\(name) of \(available) bytes") { try read(&reader) }
    }
    var reader = TLReader(ByteBuffer(repeating: 0, count: size))
    #expect(throws: Never.self) { try read(&reader) }
  }

  @Test(arguments: [-1, 2, Int32.max, Int32.min]) func countsBeyondTheBytesAtHandAreRefused(count: Int32) {
    var writer = TLWriter()
    writer.writeVectorHeader(0)
    var bytes = writer.buffer
    bytes.setInteger(count, at: 4, endianness: .little)
    bytes.writeInteger(UInt32(0))
    #expect(throws: TLError.invalidLength(Int(count), offset: 4)) { _ = try [Int32](decoding: bytes) }
    #expect(throws: TLError.invalidLength(Int(count), offset: 4)) { _ = try [API.AnyPeer](decoding: bytes) }
  }

  @Test func anythingButTheTwoBoolsIsRefused() {
    #expect(throws: TLError.unexpectedConstructor(1, offset: 0)) {
      _ = try Bool(decoding: ByteBuffer(integer: UInt32(1), endianness: .little))
    }
  }

  @Test func negativeRawLengthsAreRefused() {
    var reader = TLReader(ByteBuffer(repeating: 0, count: 8))
    #expect(throws: TLError.self) { try reader.readRaw(length: -1) }
  }

  @Test func bytesLeftBehindAValueAreRefused() {
    var bytes = API.PeerUser(userId: 7).encoded()
    bytes.writeInteger(UInt8(0))
    #expect(throws: TLError.trailingBytes(1)) { _ = try API.PeerUser(decoding: bytes) }
  }

  @Test func offsetsCountFromTheStartOfTheValue() throws {
    var bytes = ByteBuffer(repeating: 9, count: 5)
    bytes.moveReaderIndex(forwardBy: 5)
    bytes.writeImmutableBuffer(API.PeerUser(userId: 7).encoded())
    var reader = TLReader(bytes)
    #expect(reader.offset == 0)
    #expect(try API.AnyPeer(from: &reader).encoded() == API.PeerUser(userId: 7).encoded())
    #expect(reader.offset == 12)
    #expect(reader.remaining == 0)
  }
}
