import NIOCore

/// What a walk over a value meets, in order.
protocol TLVisitor {
  mutating func int(_ value: Int32)
  mutating func long(_ value: Int64)
  mutating func double(_ value: Double)
  mutating func bool(_ value: Bool)
  /// A `string`, which should be UTF-8 and need not be.
  mutating func string(_ value: ByteBuffer)
  mutating func bytes(_ value: ByteBuffer)
  mutating func beginVector()
  mutating func endVector()
  mutating func beginObject(_ name: String)
  /// The next value is this field's; fields that are absent are not met.
  mutating func field(_ name: String)
  mutating func endObject()
}

extension TLSchema {
  /// Skips the next boxed value.
  public func skip(_ reader: inout TLReader) throws(TLError) {
    var nothing = Skip()
    try walk(&reader, &nothing)
  }

  /// Cuts the next boxed value out of the reader; the slice shares the reader's storage.
  ///
  /// - Parameter type: the boxed type it must be of, as the schema names it; nil for any.
  /// - Throws: `TLError.unexpectedConstructor` for a number the table does not have: how long such a value is cannot
  ///   be known.
  public func copy(from reader: inout TLReader, type: String? = nil) throws(TLError) -> TLRaw {
    var start = reader
    let id = try reader.peekConstructor()
    var nothing = Skip()
    if let type {
      guard let index = self.type(named: type) else { throw .unexpectedConstructor(id, offset: reader.offset) }
      try walk(&reader, of: index, &nothing)
    } else {
      try walk(&reader, &nothing)
    }
    return TLRaw(constructor: id, bytes: try start.readRaw(length: reader.offset - start.offset))
  }

  /// Walks the next boxed value, whatever it is.
  func walk(_ reader: inout TLReader, _ visitor: inout some TLVisitor) throws(TLError) {
    let offset = reader.offset
    let id = try reader.readConstructor()
    guard let combinator = combinator(id) else { throw .unexpectedConstructor(id, offset: offset) }
    try walk(&reader, fieldsOf: combinator, &visitor)
  }

  /// Walks the next value, which must be of a boxed type.
  func walk(_ reader: inout TLReader, of type: UInt16, _ visitor: inout some TLVisitor) throws(TLError) {
    let offset = reader.offset
    let id = try reader.readConstructor()
    guard let combinator = combinator(id), combinator.result == type, !combinator.isFunction else {
      throw .unexpectedConstructor(id, offset: offset)
    }
    try walk(&reader, fieldsOf: combinator, &visitor)
  }

  private func walk(
    _ reader: inout TLReader, fieldsOf combinator: Combinator, _ visitor: inout some TLVisitor
  ) throws(TLError) {
    try reader.enter()
    defer { reader.leave() }
    visitor.beginObject(combinator.name)
    var flags: (UInt32, UInt32) = (0, 0)
    for index in combinator.fields {
      let field = fields[index]
      if field.flagsIndex >= 0 {
        let bits = field.flagsIndex == 0 ? flags.0 : flags.1
        if bits & (1 << UInt32(field.bit)) == 0 { continue }
      }
      if field.type == .flags {
        let bits = try reader.readFlags()
        if field.bit == 0 { flags.0 = bits } else { flags.1 = bits }
        // Bits of a newer layer that no field explains; without them the value could not be written again.
        let unknown = bits & ~combinator.knownFlags[Int(field.bit)]
        if unknown != 0 {
          visitor.field(fieldNames[Int(field.name)])
          visitor.int(Int32(bitPattern: unknown))
        }
      } else {
        visitor.field(fieldNames[Int(field.name)])
        try walk(&reader, field.type, &visitor)
      }
    }
    visitor.endObject()
  }

  private func walk(_ reader: inout TLReader, _ type: FieldType, _ visitor: inout some TLVisitor) throws(TLError) {
    switch type {
    case .int, .flags: visitor.int(try reader.readInt())
    case .long: visitor.long(try reader.readLong())
    case .double: visitor.double(try reader.readDouble())
    case .int128: visitor.bytes(try reader.readRaw(length: 16))
    case .int256: visitor.bytes(try reader.readRaw(length: 32))
    case .string: visitor.string(try reader.readBytes())
    case .bytes: visitor.bytes(try reader.readBytes())
    case .bool: visitor.bool(try reader.readBool())
    case .presence: visitor.bool(true)
    case .any: try walk(&reader, &visitor)
    case .boxed(let type): try walk(&reader, of: type, &visitor)
    case .bare(let index): try walk(&reader, fieldsOf: combinators[Int(index)], &visitor)
    case .vector(let element, let bare):
      let count = bare ? try reader.readCount() : try reader.readVectorHeader()
      let type = elementTypes[Int(element)]
      visitor.beginVector()
      for _ in 0..<count { try walk(&reader, type, &visitor) }
      visitor.endVector()
    }
  }
}

/// The visitor of a walk that only measures.
private struct Skip: TLVisitor {
  func int(_ value: Int32) {}
  func long(_ value: Int64) {}
  func double(_ value: Double) {}
  func bool(_ value: Bool) {}
  func string(_ value: ByteBuffer) {}
  func bytes(_ value: ByteBuffer) {}
  func beginVector() {}
  func endVector() {}
  func beginObject(_ name: String) {}
  func field(_ name: String) {}
  func endObject() {}
}
