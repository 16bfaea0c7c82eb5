import NIOCore

/// A whole TL schema as a table, from which any value can be walked without typed code for it.
///
/// The table is parsed from the compact text that `tlgen` embeds, when it is first used.
public struct TLSchema: Sendable {
  /// Telegram's API.
  public static let api = TLSchema(apiSchemaText)
  /// MTProto's own messages.
  public static let mtproto = TLSchema(mtprotoSchemaText)

  /// A constructor or function.
  struct Combinator: Sendable {
    var name: String
    var id: UInt32
    var fields: Range<Int>
    /// Index of the boxed type it belongs to.
    var result: Int
  }

  struct Field: Sendable {
    var name: String
    var type: FieldType
    /// Which `flags` field of the combinator the field hangs on (0 or 1), or -1.
    var flagsIndex: Int8
    var bit: UInt8
  }

  indirect enum FieldType: Sendable, Equatable {
    case int, long, double, string, bytes, int128, int256, bool, presence, flags, any
    case vector(FieldType, bare: Bool)
    /// A boxed type, by its index.
    case boxed(Int)
    /// A bare constructor, by its name.
    case bare(String)
  }

  private(set) var combinators: [Combinator] = []
  private(set) var fields: [Field] = []
  private var typeIndex: [String: Int] = [:]
  private(set) var typeNames: [String] = []
  private var byID: [UInt32: Int] = [:]
  private var byName: [String: Int] = [:]

  private init(_ text: StaticString) {
    let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "/") {
      parse(line)
    }
  }

  private mutating func parse(_ line: Slice<UnsafeBufferPointer<UInt8>>) {
    guard let equals = line.lastIndex(of: UInt8(ascii: "=")) else { return }
    let words = line[..<equals].split(separator: UInt8(ascii: " "))
    guard let head = words.first, let hash = head.firstIndex(of: UInt8(ascii: "#")),
      let id = UInt32(String(decoding: head[head.index(after: hash)...], as: UTF8.self), radix: 16)
    else { return }
    let name = String(decoding: head[..<hash], as: UTF8.self)
    let first = fields.count
    var flagNames: [String] = []
    for word in words.dropFirst() {
      let parts = String(decoding: word, as: UTF8.self).split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      var type = parts[1]
      var field = Field(name: String(parts[0]), type: .any, flagsIndex: -1, bit: 0)
      if let mark = type.firstIndex(of: "?"), let dot = type[..<mark].lastIndex(of: ".") {
        field.flagsIndex = Int8(flagNames.firstIndex(of: String(type[..<dot])) ?? 0)
        field.bit = UInt8(type[type.index(after: dot)..<mark]) ?? 0
        type = type[type.index(after: mark)...]
      }
      field.type = fieldType(type)
      if field.type == .flags { flagNames.append(field.name) }
      fields.append(field)
    }
    let result = index(ofType: String(decoding: line[line.index(after: equals)...], as: UTF8.self))
    byID[id] = combinators.count
    byName[name] = combinators.count
    combinators.append(Combinator(name: name, id: id, fields: first..<fields.count, result: result))
  }

  private mutating func fieldType(_ text: Substring) -> FieldType {
    switch text {
    case "int": return .int
    case "long": return .long
    case "double": return .double
    case "string": return .string
    case "bytes": return .bytes
    case "int128": return .int128
    case "int256": return .int256
    case "Bool": return .bool
    case "true": return .presence
    case "#": return .flags
    case "!X", "X", "Object": return .any
    default:
      if text.last == ">", let open = text.firstIndex(of: "<") {
        return .vector(fieldType(text[text.index(after: open)...].dropLast()), bare: text.first == "v")
      }
      let last = text.lastIndex(of: ".").map { text[text.index(after: $0)...] } ?? text
      return last.first?.isLowercase == true ? .bare(String(text)) : .boxed(index(ofType: String(text)))
    }
  }

  private mutating func index(ofType name: String) -> Int {
    if let index = typeIndex[name] { return index }
    typeIndex[name] = typeNames.count
    typeNames.append(name)
    return typeNames.count - 1
  }

  // MARK: Look-up

  func combinator(_ id: UInt32) -> Combinator? { byID[id].map { combinators[$0] } }
  func combinator(named name: String) -> Combinator? { byName[name].map { combinators[$0] } }

  /// The schema's name of a constructor or function, as in `messages.dialogsSlice`.
  public func name(of id: UInt32) -> String? { combinator(id)?.name }

  // MARK: Walking

  /// Cuts the next boxed value out of the reader.
  ///
  /// - Parameter type: the boxed type it must be of; nil for any.
  public func copy(from reader: inout TLReader, type: String? = nil) throws(TLError) -> TLRaw {
    let start = reader.buffer
    let id = try reader.peekConstructor()
    try skip(&reader, type: type.flatMap { typeIndex[$0] })
    let length = start.readableBytes - reader.buffer.readableBytes
    guard let bytes = start.getSlice(at: start.readerIndex, length: length) else {
      throw .truncated(offset: 0, needed: length, available: 0)
    }
    return TLRaw(constructor: id, bytes: bytes)
  }

  /// Skips the next boxed value.
  public func skip(_ reader: inout TLReader) throws(TLError) { try skip(&reader, type: nil) }

  private func skip(_ reader: inout TLReader, type: Int?) throws(TLError) {
    let offset = reader.offset
    let id = try reader.readConstructor()
    guard let combinator = combinator(id), type == nil || combinator.result == type else {
      throw .unexpectedConstructor(id, offset: offset)
    }
    try reader.enter()
    defer { reader.leave() }
    try skipFields(of: combinator, &reader)
  }

  private func skipFields(of combinator: Combinator, _ reader: inout TLReader) throws(TLError) {
    var flags: (UInt32, UInt32) = (0, 0)
    var flagsRead = 0
    for index in combinator.fields {
      let field = fields[index]
      if field.flagsIndex >= 0 {
        let bits = field.flagsIndex == 0 ? flags.0 : flags.1
        if bits & (1 << UInt32(field.bit)) == 0 { continue }
      }
      if field.type == .flags {
        let bits = try reader.readFlags()
        if flagsRead == 0 { flags.0 = bits } else { flags.1 = bits }
        flagsRead += 1
      } else {
        try skip(field.type, &reader)
      }
    }
  }

  private func skip(_ type: FieldType, _ reader: inout TLReader) throws(TLError) {
    switch type {
    case .int, .flags: _ = try reader.readInt()
    case .long, .double: _ = try reader.readLong()
    case .int128: _ = try reader.readRaw(length: 16)
    case .int256: _ = try reader.readRaw(length: 32)
    case .string, .bytes: _ = try reader.readBytes()
    case .bool: _ = try reader.readBool()
    case .presence: break
    case .any: try skip(&reader, type: nil)
    case .boxed(let type): try skip(&reader, type: type)
    case .bare(let name):
      guard let combinator = combinator(named: name) else { throw .unexpectedConstructor(0, offset: reader.offset) }
      try reader.enter()
      defer { reader.leave() }
      try skipFields(of: combinator, &reader)
    case .vector(let element, let bare):
      let count = bare ? try reader.readCount() : try reader.readVectorHeader()
      for _ in 0..<count { try skip(element, &reader) }
    }
  }
}
