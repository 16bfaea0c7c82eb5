import Foundation
public import NIOCore

extension TLSchema {
  /// Appends the next boxed value as one line of JSON, streamed: nothing is built in between.
  ///
  /// The shape, from which `encoded(_:)` writes the same bytes again (through `TLValue`'s `Decodable`):
  /// - a constructor is `{"_":"peerUser","user_id":"123"}`, fields in the schema's order; where the schema has two
  ///   combinators of one name, the later is `name#number`;
  /// - `int` is a number; `long` is a decimal string, because JSON's readers keep 53 bits;
  /// - `double` is a number; what JSON has no number for is `"inf"`, `"-inf"`, `"nan"` or, for a NaN with other bits
  ///   than the usual, `"0x…"`, its bit pattern;
  /// - `string` is a string; one that is not UTF-8 is `{"base64":"…"}`;
  /// - `bytes`, `int128` and `int256` are base64 strings;
  /// - `Bool` is `true` or `false`; a flag of type `true` is `true` or absent; an absent optional is left out;
  /// - vectors are arrays;
  /// - a `flags` field is left out: it follows from what is there. Only its bits that no field explains are kept, as
  ///   a number.
  ///
  /// - Throws: `TLError`; what was written of the value is then taken back.
  public func writeJSON(from reader: inout TLReader, to buffer: inout ByteBuffer) throws(TLError) {
    let start = buffer.writerIndex
    var writer = JSONWriter(buffer: buffer)
    // One owner at a time, or the first write would copy the buffer.
    buffer = ByteBuffer()
    defer { buffer = writer.buffer }
    do {
      try walk(&reader, &writer)
    } catch {
      writer.buffer.moveWriterIndex(to: start)
      throw error
    }
  }

  /// The JSON of one boxed value that fills `bytes`.
  public func json(_ bytes: ByteBuffer) throws(TLError) -> String {
    var reader = TLReader(bytes)
    var buffer = ByteBuffer()
    try writeJSON(from: &reader, to: &buffer)
    try reader.finish()
    return String(buffer: buffer)
  }
}

private struct JSONWriter: TLVisitor {
  var buffer: ByteBuffer
  private var needsComma = false

  init(buffer: ByteBuffer) { self.buffer = buffer }

  mutating func int(_ value: Int32) { literal(String(value)) }
  mutating func long(_ value: Int64) { literal("\"\(value)\"") }
  mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

  mutating func double(_ value: Double) {
    if value.isFinite {
      literal(value.description)
    } else if value.isNaN, value.bitPattern != Double.nan.bitPattern {
      literal("\"0x\(String(value.bitPattern, radix: 16))\"")
    } else {
      literal("\"\(value)\"")
    }
  }

  mutating func string(_ value: ByteBuffer) {
    guard let text = String(validating: value.readableBytesView, as: UTF8.self) else {
      literal("{\"base64\":\"\(base64(value))\"}")
      return
    }
    separate()
    quote(text)
    needsComma = true
  }

  mutating func bytes(_ value: ByteBuffer) { literal("\"\(base64(value))\"") }

  mutating func beginVector() { open("[") }
  mutating func endVector() { close("]") }

  mutating func beginObject(_ name: String) {
    open("{\"_\":\"")
    buffer.writeString(name)
    buffer.writeStaticString("\"")
    needsComma = true
  }

  mutating func field(_ name: String) {
    separate()
    buffer.writeStaticString("\"")
    buffer.writeString(name)
    buffer.writeStaticString("\":")
    needsComma = false
  }

  mutating func endObject() { close("}") }

  private mutating func separate() {
    if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
  }

  private mutating func literal(_ text: String) {
    separate()
    buffer.writeString(text)
    needsComma = true
  }

  private mutating func open(_ text: StaticString) {
    separate()
    buffer.writeStaticString(text)
    needsComma = false
  }

  private mutating func close(_ text: StaticString) {
    buffer.writeStaticString(text)
    needsComma = true
  }

  private func base64(_ bytes: ByteBuffer) -> String { Data(bytes.readableBytesView).base64EncodedString() }

  /// Source: RFC 8259, section 7.
  private mutating func quote(_ text: String) {
    buffer.writeInteger(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { bytes in
      var start = 0
      for (index, byte) in bytes.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
        buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[start..<index]))
        start = index + 1
        switch byte {
        case 0x22: buffer.writeStaticString("\\\"")
        case 0x5C: buffer.writeStaticString("\\\\")
        case 0x0A: buffer.writeStaticString("\\n")
        case 0x0D: buffer.writeStaticString("\\r")
        case 0x09: buffer.writeStaticString("\\t")
        default: buffer.writeString((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16))
        }
      }
      buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[start...]))
    }
    buffer.writeInteger(UInt8(ascii: "\""))
  }
}
