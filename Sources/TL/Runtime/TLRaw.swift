public import NIOCore

/// A value kept as the bytes it came in, because nothing typed exists for its constructor.
public struct TLRaw: TLCodable, Equatable {
  public let constructor: UInt32
  /// The boxed form, constructor number included.
  public let bytes: ByteBuffer

  /// Cuts the next value out of the reader, measured by the table of Telegram's API.
  ///
  /// - Throws: `TLError.unexpectedConstructor` for a number the table does not have: how long such a value is cannot be known.
  public init(from reader: inout TLReader) throws(TLError) {
    self = try TLSchema.api.copy(from: &reader)
  }

  /// The same, for a value that must be of the boxed type `type` of `schema`.
  public init(from reader: inout TLReader, type: String, schema: TLSchema = .api) throws(TLError) {
    self = try schema.copy(from: &reader, type: type)
  }

  init(constructor: UInt32, bytes: ByteBuffer) {
    self.constructor = constructor
    self.bytes = bytes
  }

  /// A value whose constructor the table need not have, as a server of a newer layer writes it.
  ///
  /// - Parameter bytes: begin with `constructor`.
  package init(unknown constructor: UInt32, bytes: ByteBuffer) { self.init(constructor: constructor, bytes: bytes) }

  /// The schema's name of the constructor.
  public var name: String? { TLSchema.api.name(of: constructor) ?? TLSchema.mtproto.name(of: constructor) }

  public func write(to writer: inout TLWriter) { writer.writeRaw(bytes) }
}

extension [TLRaw] {
  /// Reads a boxed `Vector` of values of the boxed type `type` of `schema`.
  public init(from reader: inout TLReader, type: String, schema: TLSchema = .api) throws(TLError) {
    let count = try reader.readVectorHeader()
    self.init()
    for _ in 0..<count { append(try TLRaw(from: &reader, type: type, schema: schema)) }
  }
}
