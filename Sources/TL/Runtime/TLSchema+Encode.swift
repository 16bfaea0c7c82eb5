import Foundation
public import NIOCore

extension TLSchema {
  /// The bytes of a value given by names.
  ///
  /// A field may be given in any form that means one value of its type: a `long` as decimal string, `bytes`, `int128`
  /// and `int256` as base64 string, a `double` as integer. Flags follow from the fields that are there; a number given
  /// for a `flags` field itself adds its bits.
  ///
  /// - Parameters:
  ///   - value: an object.
  ///   - type: the boxed type it must be of; nil for any.
  /// - Throws: `TLError.unknownName`, `.missingField`, `.unknownField`, `.unsuitableValue`, `.tooDeep`.
  public func encoded(_ value: TLValue, type: String? = nil) throws(TLError) -> ByteBuffer {
    var writer = TLWriter()
    let place = Place(name: type ?? "value", depth: 0)
    if let type {
      guard let index = self.type(named: type) else { throw .unknownName(type) }
      try encode(value, as: .boxed(index), &writer, place)
    } else {
      try encode(value, as: .any, &writer, place)
    }
    return writer.buffer
  }

  /// Where in the value the encoder is.
  private struct Place {
    /// The field, as `constructor.field`.
    var name: String
    var depth: Int

    func unsuitable(_ expected: String) -> TLError { .unsuitableValue(name, expected: expected) }
  }

  private func encode(
    _ value: TLValue, as type: FieldType, _ writer: inout TLWriter, _ place: Place
  ) throws(TLError) {
    switch (type, value) {
    case (.int, .int(let value)): writer.writeInt(value)
    case (.int, .long(let value)):
      guard let value = Int32(exactly: value) else { throw place.unsuitable("an int of 32 bits") }
      writer.writeInt(value)
    case (.long, .long(let value)): writer.writeLong(value)
    case (.long, .int(let value)): writer.writeLong(Int64(value))
    case (.long, .string(let text)):
      guard let value = Int64(text) else { throw place.unsuitable("a long of 64 bits") }
      writer.writeLong(value)
    case (.double, _): writer.writeDouble(try double(value, place))
    case (.bool, .bool(let value)): writer.writeBool(value)
    case (.string, .string(let text)):
      guard text.utf8.count < 1 << 24 else { throw place.unsuitable("a string below 16 MiB") }
      writer.writeString(text)
    case (.string, .bytes(let bytes)), (.bytes, .bytes(let bytes)):
      guard bytes.readableBytes < 1 << 24 else { throw place.unsuitable("a string below 16 MiB") }
      writer.writeBytes(bytes)
    case (.bytes, .string(let text)):
      guard let bytes = ByteBuffer(base64: text), bytes.readableBytes < 1 << 24 else {
        throw place.unsuitable("base64 of less than 16 MiB")
      }
      writer.writeBytes(bytes)
    case (.int128, _): writer.writeRaw(try raw(value, length: 16, place))
    case (.int256, _): writer.writeRaw(try raw(value, length: 32, place))
    case (.vector(let element, let bare), .vector(let elements)):
      if bare { writer.writeCount(elements.count) } else { writer.writeVectorHeader(elements.count) }
      for value in elements { try encode(value, as: elementTypes[Int(element)], &writer, place) }
    case (.any, .object(let name, let fields)), (.boxed, .object(let name, let fields)):
      guard let combinator = combinator(named: name) else { throw .unknownName(name) }
      if case .boxed(let index) = type, combinator.result != index || combinator.isFunction {
        throw place.unsuitable(typeNames[Int(index)])
      }
      writer.writeConstructor(combinator.id)
      try encode(fields, of: combinator, &writer, place)
    case (.bare(let index), .object(let name, let fields)):
      let combinator = combinators[Int(index)]
      guard self.combinator(named: name)?.id == combinator.id else { throw place.unsuitable(combinator.name) }
      try encode(fields, of: combinator, &writer, place)
    default: throw place.unsuitable(description(of: type))
    }
  }

  private func encode(
    _ values: [String: TLValue], of combinator: Combinator, _ writer: inout TLWriter, _ place: Place
  ) throws(TLError) {
    guard place.depth < TLReader.maximumDepth else { throw .tooDeep(offset: writer.buffer.readableBytes) }
    var flags: (UInt32, UInt32) = (0, 0)
    var used = 0
    for index in combinator.fields {
      let field = fields[index]
      guard let value = values[fieldNames[Int(field.name)]] else { continue }
      used += 1
      switch (field.type, value) {
      case (.flags, .int(let bits)): set(UInt32(bitPattern: bits), of: Int8(field.bit), &flags)
      case (.presence, .bool(let isThere)): if isThere { set(1 << UInt32(field.bit), of: field.flagsIndex, &flags) }
      case (.flags, _), (.presence, _):
        throw .unsuitableValue(name(of: field, combinator), expected: description(of: field.type))
      default: if field.flagsIndex >= 0 { set(1 << UInt32(field.bit), of: field.flagsIndex, &flags) }
      }
    }
    if used != values.count {
      let known = Set(combinator.fields.map { fieldNames[Int(fields[$0].name)] })
      let unknown = values.keys.filter { !known.contains($0) }.min() ?? ""
      throw .unknownField("\(combinator.name).\(unknown)")
    }
    for index in combinator.fields {
      let field = fields[index]
      if field.type == .presence { continue }
      if field.type == .flags {
        writer.writeFlags(field.bit == 0 ? flags.0 : flags.1)
        continue
      }
      let bits = field.flagsIndex == 0 ? flags.0 : flags.1
      if field.flagsIndex >= 0, bits & (1 << UInt32(field.bit)) == 0 { continue }
      guard let value = values[fieldNames[Int(field.name)]] else { throw .missingField(name(of: field, combinator)) }
      let inner = Place(name: name(of: field, combinator), depth: place.depth + 1)
      try encode(value, as: field.type, &writer, inner)
    }
  }

  private func set(_ bits: UInt32, of flagsIndex: Int8, _ flags: inout (UInt32, UInt32)) {
    if flagsIndex == 0 { flags.0 |= bits } else { flags.1 |= bits }
  }

  private func name(of field: Field, _ combinator: Combinator) -> String {
    "\(combinator.name).\(fieldNames[Int(field.name)])"
  }

  private func double(_ value: TLValue, _ place: Place) throws(TLError) -> Double {
    switch value {
    case .double(let value): return value
    case .int(let value): return Double(value)
    // JSON's readers give a round number as an integer, however large.
    case .long(let value): return Double(value)
    case .string("inf"): return .infinity
    case .string("-inf"): return -.infinity
    case .string("nan"): return .nan
    case .string(let text):
      if text.hasPrefix("0x"), let bits = UInt64(text.dropFirst(2), radix: 16) { return Double(bitPattern: bits) }
    default: break
    }
    throw place.unsuitable("a double")
  }

  private func raw(_ value: TLValue, length: Int, _ place: Place) throws(TLError) -> ByteBuffer {
    let bytes: ByteBuffer? =
      switch value {
      case .bytes(let bytes): bytes
      case .string(let text): ByteBuffer(base64: text)
      default: nil
      }
    guard let bytes, bytes.readableBytes == length else { throw place.unsuitable("\(length) bytes") }
    return bytes
  }

  private func description(of type: FieldType) -> String {
    switch type {
    case .int, .flags: "int"
    case .long: "long"
    case .double: "double"
    case .string: "string"
    case .bytes: "bytes"
    case .int128: "int128"
    case .int256: "int256"
    case .bool, .presence: "Bool"
    case .any: "an object"
    case .vector: "a vector"
    case .boxed(let index): typeNames[Int(index)]
    case .bare(let index): combinators[Int(index)].name
    }
  }
}

extension ByteBuffer {
  /// The bytes of standard base64 with padding (RFC 4648, section 4), or nil.
  init?(base64 text: String) {
    guard let data = Data(base64Encoded: text) else { return nil }
    self.init(bytes: data)
  }
}
