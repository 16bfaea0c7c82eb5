/// A type as a parameter or a result names it.
indirect enum TypeReference: Equatable {
  case int, long, double, string, bytes, int128, int256
  /// The boxed `Bool`.
  case bool
  /// `true` behind a flag: there or not, without bytes.
  case presence
  /// `#`: the bits that say which parameters are there.
  case flags
  /// `Vector<T>` with its constructor number, or bare `vector<T>`.
  case vector(TypeReference, bare: Bool)
  /// A type by its name, as in `Peer`.
  case boxed(String)
  /// A constructor by its name, without its number.
  case bare(String)
  /// `!X`, the function inside a function, or `Object`.
  case any

  init(_ text: Substring) {
    switch text {
    case "int": self = .int
    case "long": self = .long
    case "double": self = .double
    case "string": self = .string
    case "bytes": self = .bytes
    case "int128": self = .int128
    case "int256": self = .int256
    case "Bool": self = .bool
    case "true": self = .presence
    case "#": self = .flags
    case "!X", "X", "Object": self = .any
    default:
      if text.hasSuffix(">"), let open = text.firstIndex(of: "<") {
        let element = TypeReference(text[text.index(after: open)...].dropLast())
        self = .vector(element, bare: text[..<open] == "vector")
      } else {
        let last = text.split(separator: ".").last ?? text
        self = last.first?.isLowercase == true ? .bare(String(text)) : .boxed(String(text))
      }
    }
  }
}

/// `name:type`, or `name:flags.bit?type`.
struct Parameter {
  var name: String
  var type: TypeReference
  /// The flags parameter and bit it hangs on.
  var condition: (flags: String, bit: Int)?

  init?(_ text: Substring) {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    name = String(text[..<colon])
    var rest = text[text.index(after: colon)...]
    if let mark = rest.firstIndex(of: "?"), let dot = rest[..<mark].firstIndex(of: "."),
      let bit = Int(rest[rest.index(after: dot)..<mark])
    {
      condition = (String(rest[..<dot]), bit)
      rest = rest[rest.index(after: mark)...]
    }
    type = TypeReference(rest)
  }
}

/// A constructor or function of the schema.
struct Combinator {
  var name: String
  var id: UInt32
  var parameters: [Parameter]
  var resultText: String
  var isFunction: Bool
  /// The line of the compact table.
  var line: String

  var result: TypeReference { TypeReference(Substring(resultText)) }
  var isGeneric: Bool { parameters.contains { $0.type == .any } }
}

struct SchemaError: Error, CustomStringConvertible {
  var description: String
}

/// A whole TL schema.
struct Schema {
  var layer: Int?
  var constructors: [Combinator] = []
  var functions: [Combinator] = []

  /// Reads either Telegram's `.tl` text or the compact table made from it.
  ///
  /// The compact table is the same grammar with everything left out that the runtime does not need: comments, generic
  /// parameters in braces, spaces around `=` and the closing semicolon.
  init(text: String, source: String) throws {
    var inFunctions = false
    for (number, rawLine) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = rawLine.trimmingPrefix { $0 == " " }
      if line.hasPrefix("// LAYER ") { layer = Int(line.dropFirst(9)) }
      if line.isEmpty || line.hasPrefix("//") { continue }
      if line == "---functions---" || line == "---types---" {
        inFunctions = line == "---functions---"
        continue
      }
      guard let combinator = Combinator(line: line, isFunction: inFunctions) else {
        throw SchemaError(description: "\(source):\(number + 1): not a TL declaration: \(line)")
      }
      // `vector` is built into the runtime.
      if combinator.name == "vector" { continue }
      if inFunctions { functions.append(combinator) } else { constructors.append(combinator) }
    }
    var seen: [UInt32: String] = [:]
    for combinator in constructors + functions {
      if let other = seen.updateValue(combinator.name, forKey: combinator.id) {
        throw SchemaError(description: "\(source): \(combinator.name) and \(other) have the same number")
      }
    }
  }

  /// The compact table, a line a combinator.
  var compactText: String {
    (constructors.map(\.line) + ["---functions---"] + functions.map(\.line)).joined(separator: "\n")
  }
}

extension Combinator {
  init?(line text: Substring, isFunction: Bool) {
    var text = text
    if text.hasSuffix(";") { text = text.dropLast() }
    guard let equals = text.lastIndex(of: "=") else { return nil }
    resultText = String(text[text.index(after: equals)...].filter { $0 != " " })
    let words = text[..<equals].split(separator: " ").filter { !$0.hasPrefix("{") }
    guard let head = words.first, let hash = head.firstIndex(of: "#"),
      let id = UInt32(head[head.index(after: hash)...], radix: 16)
    else { return nil }
    name = String(head[..<hash])
    self.id = id
    self.isFunction = isFunction
    if name == "vector" {
      parameters = []
      line = ""
      return
    }
    var parameters: [Parameter] = []
    line = String(head)
    for var word in words.dropFirst() {
      // The schema of MTProto itself calls these `string`; they hold bytes that are no text.
      switch (name, word) {
      case ("gzip_packed", "packed_data:string"): word = "packed_data:bytes"
      case ("msgs_state_info", "info:string"), ("msgs_all_info", "info:string"): word = "info:bytes"
      default: break
      }
      guard let parameter = Parameter(word) else { return nil }
      parameters.append(parameter)
      line += " " + word
    }
    self.parameters = parameters
    line += "=" + resultText
  }
}
