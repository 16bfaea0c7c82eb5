public import NIOCore

/// A value that has a boxed TL form.
public protocol TLEncodable: Sendable {
  /// Writes the boxed form: the constructor number where the type has one, then the fields.
  func write(to writer: inout TLWriter)
}

/// A value that can be read from its boxed TL form.
public protocol TLDecodable: Sendable {
  init(from reader: inout TLReader) throws(TLError)
}

public typealias TLCodable = TLEncodable & TLDecodable

/// One constructor of the schema, typed: `message#...` is `API.Message`.
public protocol TLConstructor: TLCodable {
  static var constructor: UInt32 { get }
  /// Reads the fields behind the constructor number.
  init(bare reader: inout TLReader) throws(TLError)
  /// Writes the fields behind the constructor number.
  func writeBare(to writer: inout TLWriter)
}

extension TLConstructor {
  public init(from reader: inout TLReader) throws(TLError) {
    let at = reader.offset
    let id = try reader.readConstructor()
    guard id == Self.constructor else { throw .unexpectedConstructor(id, offset: at) }
    try reader.enter()
    defer { reader.leave() }
    try self.init(bare: &reader)
  }

  public func write(to writer: inout TLWriter) {
    writer.writeConstructor(Self.constructor)
    writeBare(to: &writer)
  }
}

/// A function of the schema: what is sent, and the type of what comes back.
public protocol TLFunction: TLEncodable {
  associatedtype Response: TLDecodable
  static var constructor: UInt32 { get }
  /// The schema's name, as in `messages.sendMessage`; for logs and errors.
  static var name: String { get }
}

extension TLEncodable {
  /// The boxed form as bytes.
  public func encoded() -> ByteBuffer {
    var writer = TLWriter()
    write(to: &writer)
    return writer.buffer
  }
}

extension TLDecodable {
  /// Reads a value that fills `buffer`; throws `TLError.trailingBytes` when something is left.
  public init(decoding buffer: ByteBuffer) throws(TLError) {
    var reader = TLReader(buffer)
    try self.init(from: &reader)
    try reader.finish()
  }
}

extension Bool: TLCodable {
  public init(from reader: inout TLReader) throws(TLError) { self = try reader.readBool() }
  public func write(to writer: inout TLWriter) { writer.writeBool(self) }
}

extension Int32: TLCodable {
  public init(from reader: inout TLReader) throws(TLError) { self = try reader.readInt() }
  public func write(to writer: inout TLWriter) { writer.writeInt(self) }
}

extension Int64: TLCodable {
  public init(from reader: inout TLReader) throws(TLError) { self = try reader.readLong() }
  public func write(to writer: inout TLWriter) { writer.writeLong(self) }
}

extension Double: TLCodable {
  public init(from reader: inout TLReader) throws(TLError) { self = try reader.readDouble() }
  public func write(to writer: inout TLWriter) { writer.writeDouble(self) }
}

extension String: TLCodable {
  public init(from reader: inout TLReader) throws(TLError) { self = try reader.readString() }
  public func write(to writer: inout TLWriter) { writer.writeString(self) }
}

extension ByteBuffer: TLCodable {
  public init(from reader: inout TLReader) throws(TLError) { self = try reader.readBytes() }
  public func write(to writer: inout TLWriter) { writer.writeBytes(self) }
}

extension Array: TLEncodable where Element: TLEncodable {
  public func write(to writer: inout TLWriter) {
    writer.writeVectorHeader(count)
    for element in self { element.write(to: &writer) }
  }
}

extension Array: TLDecodable where Element: TLDecodable {
  public init(from reader: inout TLReader) throws(TLError) {
    let count = try reader.readVectorHeader()
    self.init()
    // Not reserved: the count is the sender's word. It is bounded by the bytes at hand, which a
    // wide element could still turn into a hundred times the memory.
    for _ in 0..<count { append(try Element(from: &reader)) }
  }
}
