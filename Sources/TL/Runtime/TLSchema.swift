/// A whole TL schema as a table, from which any value can be walked without typed code for it: skipped, copied as
/// bytes, shown as JSON or as a `TLValue` with the schema's names, and written again from names.
///
/// The table is parsed from the compact text that `tlgen` embeds when it is first used (a few milliseconds).
/// Source of the grammar: "TL Language", core.telegram.org/mtproto/TL.
public struct TLSchema: Sendable {
  /// Telegram's API.
  public static let api = TLSchema(apiSchemaText)
  /// MTProto's own messages.
  public static let mtproto = TLSchema(mtprotoSchemaText)

  /// A constructor or function.
  struct Combinator: Sendable {
    /// The schema's name, with `#` and the number behind it when another combinator has the same name.
    var name: String
    var id: UInt32
    var isFunction: Bool
    var fields: Range<Int> = 0..<0
    /// Index of the boxed type it belongs to, or of the type of the function's answer.
    var result: UInt16 = 0
    /// The bits of the first and second `flags` that some field hangs on.
    var knownFlags: [UInt32] = []
  }

  struct Field: Sendable {
    var name: UInt16
    var type: FieldType
    /// Which `flags` field of the combinator the field hangs on, or -1.
    var flagsIndex: Int8 = -1
    /// Which bit of it, or of a `flags` field which one it is.
    var bit: UInt8 = 0
  }

  enum FieldType: Sendable, Equatable {
    case int, long, double, string, bytes, int128, int256, bool, presence, flags
    /// A value of any type, as `!X` and `Object` are.
    case any
    /// `Vector<T>`, or `vector<T>` without its number; the element is an index into `elementTypes`.
    case vector(UInt16, bare: Bool)
    /// A boxed type, by its index.
    case boxed(UInt16)
    /// A constructor without its number, by its index.
    case bare(UInt16)
  }

  private(set) var combinators: [Combinator] = []
  private(set) var fields: [Field] = []
  private(set) var fieldNames: [String] = []
  private(set) var elementTypes: [FieldType] = []
  private(set) var typeNames: [String] = []
  private var byID: [UInt32: UInt16] = [:]
  private var byName: [String: UInt16] = [:]
  private var typeIndex: [String: UInt16] = [:]

  init(_ text: StaticString) {
    let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    var parser = Parser()
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    // Heads first: a field may name a bare constructor that stands further down.
    var isFunction = false
    var declarations: [Slice<UnsafeBufferPointer<UInt8>>] = []
    for line in lines where line.first != UInt8(ascii: "/") {
      guard let hash = line.firstIndex(of: UInt8(ascii: "#")) else {
        isFunction = String(decoding: line, as: UTF8.self) == "---functions---"
        continue
      }
      addHead(line, hash, isFunction: isFunction)
      declarations.append(line)
    }
    for (index, line) in declarations.enumerated() { addFields(of: index, line, &parser) }
  }

  // MARK: Look-up

  func combinator(_ id: UInt32) -> Combinator? { byID[id].map { combinators[Int($0)] } }

  /// A combinator by `name` or `name#number`.
  func combinator(named name: String) -> Combinator? { byName[name].map { combinators[Int($0)] } }

  func type(named name: String) -> UInt16? { typeIndex[name] }

  /// The schema's name of a constructor or function, as in `messages.dialogsSlice`.
  public func name(of id: UInt32) -> String? { combinator(id)?.name }

  /// The number of a constructor or function.
  public func id(of name: String) -> UInt32? { combinator(named: name)?.id }

  // MARK: Parsing

  /// What is only needed while the text is read.
  private struct Parser {
    var fieldNames: [String: UInt16] = [:]
    var types: [String: FieldType] = [
      "int": .int, "long": .long, "double": .double, "string": .string, "bytes": .bytes, "int128": .int128,
      "int256": .int256, "Bool": .bool, "true": .presence, "#": .flags, "!X": .any, "Object": .any,
    ]
  }

  private mutating func addHead(
    _ line: Slice<UnsafeBufferPointer<UInt8>>, _ hash: Int, isFunction: Bool
  ) {
    let end = line.firstIndex { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") } ?? line.endIndex
    let number = String(decoding: line[line.index(after: hash)..<end], as: UTF8.self)
    guard let id = UInt32(number, radix: 16) else {
      preconditionFailure("generated table: no constructor number in \(String(decoding: line, as: UTF8.self))")
    }
    var name = String(decoding: line[..<hash], as: UTF8.self)
    let index = UInt16(combinators.count)
    byID[id] = index
    byName["\(name)#\(number)"] = index
    if byName[name] == nil { byName[name] = index } else { name += "#\(number)" }
    combinators.append(Combinator(name: name, id: id, isFunction: isFunction))
  }

  private mutating func addFields(of index: Int, _ line: Slice<UnsafeBufferPointer<UInt8>>, _ parser: inout Parser) {
    guard let equals = line.lastIndex(of: UInt8(ascii: "=")) else {
      preconditionFailure("generated table: no type in \(String(decoding: line, as: UTF8.self))")
    }
    let first = fields.count
    var flagNames: [String] = []
    for word in line[..<equals].split(separator: UInt8(ascii: " ")).dropFirst() {
      guard let colon = word.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let name = String(decoding: word[..<colon], as: UTF8.self)
      var typeText = word[word.index(after: colon)...]
      var field = Field(name: intern(name, &parser), type: .any)
      if let mark = typeText.firstIndex(of: UInt8(ascii: "?")),
        let dot = typeText[..<mark].lastIndex(of: UInt8(ascii: "."))
      {
        let flags = String(decoding: typeText[..<dot], as: UTF8.self)
        let bit = UInt8(String(decoding: typeText[typeText.index(after: dot)..<mark], as: UTF8.self))
        guard let flagsIndex = flagNames.firstIndex(of: flags), let bit, bit < 32 else {
          preconditionFailure("generated table: no flag for \(name) in \(String(decoding: line, as: UTF8.self))")
        }
        field.flagsIndex = Int8(flagsIndex)
        field.bit = bit
        combinators[index].knownFlags[flagsIndex] |= 1 << UInt32(bit)
        typeText = typeText[typeText.index(after: mark)...]
      }
      field.type = fieldType(String(decoding: typeText, as: UTF8.self), &parser)
      if field.type == .flags {
        field.bit = UInt8(flagNames.count)
        flagNames.append(name)
        combinators[index].knownFlags.append(0)
      }
      fields.append(field)
    }
    combinators[index].fields = first..<fields.count
    combinators[index].result = self.index(ofType: String(decoding: line[line.index(after: equals)...], as: UTF8.self))
  }

  private mutating func intern(_ name: String, _ parser: inout Parser) -> UInt16 {
    if let index = parser.fieldNames[name] { return index }
    let index = UInt16(fieldNames.count)
    parser.fieldNames[name] = index
    fieldNames.append(name)
    return index
  }

  private mutating func fieldType(_ text: String, _ parser: inout Parser) -> FieldType {
    if let type = parser.types[text] { return type }
    let type: FieldType
    if text.last == ">", let open = text.firstIndex(of: "<") {
      let element = fieldType(String(text[text.index(after: open)...].dropLast()), &parser)
      type = .vector(UInt16(elementTypes.count), bare: text.first == "v")
      elementTypes.append(element)
    } else if (text.split(separator: ".").last ?? "").first?.isLowercase == true {
      guard let index = byName[text] else { preconditionFailure("generated table: no constructor \(text)") }
      type = .bare(index)
    } else {
      type = .boxed(index(ofType: text))
    }
    parser.types[text] = type
    return type
  }

  private mutating func index(ofType name: String) -> UInt16 {
    if let index = typeIndex[name] { return index }
    let index = UInt16(typeNames.count)
    typeIndex[name] = index
    typeNames.append(name)
    return index
  }
}
