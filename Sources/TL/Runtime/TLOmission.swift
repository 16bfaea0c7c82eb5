public import NIOCore

/// Fields that a copy of a value leaves out, by the schema's names.
public struct TLOmission: Sendable {
  /// Names that the schema does not have: a list that is out of date.
  public let unknownNames: [String]
  /// By the index of a field in the schema.
  fileprivate let isOmitted: [Bool]

  /// - Parameter names: `constructor.field`, or `*.field` for the fields of this name in all constructors.
  public init(_ names: [String], schema: TLSchema = .api) {
    var isOmitted = [Bool](repeating: false, count: schema.fields.count)
    var unknown: [String] = []
    for name in names {
      let parts = name.split(separator: ".")
      let field = parts.last.flatMap { schema.fieldNames.firstIndex(of: String($0)) }.map(UInt16.init(clamping:))
      let constructor = parts.dropLast().joined(separator: ".")
      let indices =
        constructor == "*" ? schema.fields.indices : schema.combinator(named: constructor)?.fields ?? 0..<0
      let found = indices.filter { schema.fields[$0].name == field }
      for index in found { isOmitted[index] = true }
      if found.isEmpty { unknown.append(name) }
    }
    self.isOmitted = isOmitted
    unknownNames = unknown
  }
}

extension TLSchema {
  /// Copies the next boxed value without some of its fields, at any depth.
  ///
  /// An optional field becomes absent. A field that must be there becomes 0, "" or an empty vector; a boxed one leaves
  /// no bytes, and the copy is then good for comparing only. Bits that no field explains stay.
  public func copy(
    from reader: inout TLReader, without omission: TLOmission
  ) throws(TLError) -> ByteBuffer {
    var writer = TLWriter()
    try copy(.any, &reader, &writer, omission)
    return writer.buffer
  }

  /// The copy of one boxed value that fills `bytes`.
  public func copy(_ bytes: ByteBuffer, without omission: TLOmission) throws(TLError) -> ByteBuffer {
    var reader = TLReader(bytes)
    let copy = try copy(from: &reader, without: omission)
    try reader.finish()
    return copy
  }

  private func copy(
    fieldsOf combinator: Combinator, _ reader: inout TLReader, _ writer: inout TLWriter, _ omission: TLOmission
  ) throws(TLError) {
    try reader.enter()
    defer { reader.leave() }
    var flags: (UInt32, UInt32) = (0, 0)
    for index in combinator.fields {
      let field = fields[index]
      let bits = field.flagsIndex == 0 ? flags.0 : flags.1
      if field.flagsIndex >= 0, bits & (1 << UInt32(field.bit)) == 0 { continue }
      if field.type == .flags {
        let bits = try reader.readFlags()
        if field.bit == 0 { flags.0 = bits } else { flags.1 = bits }
        writer.writeFlags(bits & ~omittedBits(of: combinator, flags: Int8(field.bit), omission))
      } else if omission.isOmitted[index] {
        var nothing = TLWriter()
        try copy(field.type, &reader, &nothing, omission)
        let isAbsent = omittedBits(of: combinator, flags: field.flagsIndex, omission) & (1 << UInt32(field.bit)) != 0
        if field.flagsIndex < 0 || !isAbsent { writeEmpty(field.type, &writer) }
      } else {
        try copy(field.type, &reader, &writer, omission)
      }
    }
  }

  /// The bits of a `flags` field on which only omitted fields hang.
  private func omittedBits(of combinator: Combinator, flags: Int8, _ omission: TLOmission) -> UInt32 {
    guard flags >= 0 else { return 0 }
    var (omitted, kept): (UInt32, UInt32) = (0, 0)
    for index in combinator.fields where fields[index].flagsIndex == flags {
      let bit: UInt32 = 1 << UInt32(fields[index].bit)
      if omission.isOmitted[index] { omitted |= bit } else { kept |= bit }
    }
    return omitted & ~kept
  }

  private func copy(
    _ type: FieldType, _ reader: inout TLReader, _ writer: inout TLWriter, _ omission: TLOmission
  ) throws(TLError) {
    switch type {
    case .int, .flags: writer.writeInt(try reader.readInt())
    case .long: writer.writeLong(try reader.readLong())
    case .double: writer.writeDouble(try reader.readDouble())
    case .int128: writer.writeRaw(try reader.readRaw(length: 16))
    case .int256: writer.writeRaw(try reader.readRaw(length: 32))
    case .string, .bytes: writer.writeBytes(try reader.readBytes())
    case .bool: writer.writeBool(try reader.readBool())
    case .presence: break
    case .any, .boxed:
      let offset = reader.offset
      let id = try reader.readConstructor()
      guard let combinator = combinator(id) else { throw .unexpectedConstructor(id, offset: offset) }
      if case .boxed(let index) = type, combinator.result != index || combinator.isFunction {
        throw .unexpectedConstructor(id, offset: offset)
      }
      writer.writeConstructor(id)
      try copy(fieldsOf: combinator, &reader, &writer, omission)
    case .bare(let index): try copy(fieldsOf: combinators[Int(index)], &reader, &writer, omission)
    case .vector(let element, let bare):
      let count = bare ? try reader.readCount() : try reader.readVectorHeader()
      if bare { writer.writeCount(count) } else { writer.writeVectorHeader(count) }
      let type = elementTypes[Int(element)]
      for _ in 0..<count { try copy(type, &reader, &writer, omission) }
    }
  }

  private func writeEmpty(_ type: FieldType, _ writer: inout TLWriter) {
    switch type {
    case .int, .flags: writer.writeInt(0)
    case .long: writer.writeLong(0)
    case .double: writer.writeDouble(0)
    case .int128: writer.writeRaw(ByteBuffer(repeating: 0, count: 16))
    case .int256: writer.writeRaw(ByteBuffer(repeating: 0, count: 32))
    case .string, .bytes: writer.writeBytes(ByteBuffer())
    case .bool: writer.writeBool(false)
    case .vector(_, let bare): if bare { writer.writeCount(0) } else { writer.writeVectorHeader(0) }
    case .presence, .any, .boxed, .bare: break
    }
  }
}
