import Foundation

/// Makes the generated files out of the schemas and `used.txt`.
struct Generator {
  static let typed = "Sources/TL/Generated"
  static let decoders = "Sources/TelegramSandbox/Generated"
  static let typeTests = "Tests/TLTests/Generated"
  static let functionTests = "Tests/TelegramSandboxTests/Generated"
  /// The folders that hold generated files and nothing else.
  static let directories = [typed, decoders, typeTests, functionTests]

  private let api: Schema
  private let mtproto: Schema
  private let layer: Int
  private let used: [String: [String]]

  init(package: String, apiPath: String?, mtprotoPath: String?) throws {
    let root = URL(filePath: package)
    func text(_ path: String?, table: String) throws -> (String, String) {
      if let path { return (try String(contentsOf: URL(filePath: path), encoding: .utf8), path) }
      let file = "\(Self.typed)/\(table)"
      return (try Self.table(in: String(contentsOf: root.appending(path: file), encoding: .utf8)), file)
    }
    let (apiText, apiSource) = try text(apiPath, table: "APITable.swift")
    api = try Schema(text: apiText, source: apiSource)
    guard let layer = api.layer else {
      throw SchemaError(description: "\(apiSource): no line `// LAYER n`")
    }
    self.layer = layer
    let (mtprotoText, mtprotoSource) = try text(mtprotoPath, table: "MTProtoTable.swift")
    mtproto = try Schema(text: mtprotoText, source: mtprotoSource)
    used = try Self.sections(String(contentsOf: root.appending(path: "Sources/tlgen/used.txt"), encoding: .utf8))
  }

  /// Path below the package and text of every generated file.
  func files() throws -> [String: String] {
    let apiSelection = try Selection(schema: api, used: used["api"] ?? [], namespace: "API")
    let mtprotoSelection = try Selection(schema: mtproto, used: used["mtproto"] ?? [], namespace: "MT")
    var files = [
      "\(Self.typed)/APITable.swift": table(
        "apiSchemaText", "// LAYER \(layer)\n" + api.compactText,
        extra: """
          extension API {
            /// The layer of the schema, as `invokeWithLayer` tells it to the server.
            public static let layer: Int32 = \(layer)
          }

          """),
      "\(Self.typed)/MTProtoTable.swift": table("mtprotoSchemaText", mtproto.compactText, extra: ""),
      "\(Self.typed)/MT.swift": typed(
        mtprotoSelection, mtprotoSelection.constructors, mtprotoSelection.functions, mtprotoSelection.enums),
    ]
    let emitter = Emitter(selection: apiSelection)
    let groups = Dictionary(grouping: apiSelection.constructors) { Self.group($0.name) }
    for (group, constructors) in groups {
      files["\(Self.typed)/API+\(group).swift"] = typed(apiSelection, constructors, [], [])
    }
    files["\(Self.typed)/API+Types.swift"] = typed(apiSelection, [], [], apiSelection.enums)
    files["\(Self.typed)/API+Functions.swift"] = typed(apiSelection, [], apiSelection.functions, [])
    files["\(Self.decoders)/APIFunctions+Decode.swift"] =
      Emitter.header + "public import TL\n\n"
      + apiSelection.functions.filter { !$0.isGeneric }.map(emitter.functionDecoder).joined()
    files["\(Self.functionTests)/TypedFunctions.swift"] = Emitter.header + "import TL\n\n" + emitter.functionList
    files["\(Self.typeTests)/TypedTypes.swift"] =
      Emitter.header + "import TL\n\n" + emitter.typeList("typedAPITypes") + "\n"
      + Emitter(selection: mtprotoSelection).typeList("typedMTProtoTypes")
    return files
  }

  private func typed(
    _ selection: Selection, _ constructors: [Combinator], _ functions: [Combinator],
    _ enums: [(type: String, cases: [Combinator])]
  ) -> String {
    let emitter = Emitter(selection: selection)
    let body =
      enums.map { emitter.enumeration($0.type, $0.cases) }.joined()
      + constructors.map(emitter.constructor).joined() + functions.map(emitter.function).joined()
    let imports = body.contains("ByteBuffer") ? "public import NIOCore\n\n" : ""
    return Emitter.header + imports + "extension \(selection.namespace) {\n" + body + "}\n"
  }

  private func table(_ name: String, _ text: String, extra: String) -> String {
    Emitter.header + extra + "/// The schema, a line a constructor or function.\nlet \(name): StaticString = #\"\"\"\n"
      + text + "\n\"\"\"#\n"
  }

  /// The table's text inside a generated file.
  private static func table(in swift: String) throws -> String {
    guard let open = swift.range(of: "#\"\"\"\n"),
      let close = swift.range(of: "\n\"\"\"#", range: open.upperBound..<swift.endIndex)
    else { throw SchemaError(description: "no table in the generated file; generate it with --api and --mtproto") }
    return String(swift[open.upperBound..<close.lowerBound])
  }

  /// The file a constructor goes to: by its namespace, else by its first letters.
  private static func group(_ name: String) -> String {
    if let dot = name.firstIndex(of: ".") { return Naming.type(String(name[..<dot])) }
    switch name.prefix(while: \.isLowercase) {
    case "input": return "Input"
    case "message": return "Message"
    case "update", "updates": return "Update"
    case let word where word < "g": return "A-F"
    case let word where word < "t": return "G-S"
    default: return "T-Z"
    }
  }

  /// `[name]` sections of lines; `#` starts a comment.
  private static func sections(_ text: String) -> [String: [String]] {
    var sections: [String: [String]] = [:]
    var current = ""
    for rawLine in text.split(separator: "\n") {
      let line = rawLine.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
      if line.hasPrefix("["), line.hasSuffix("]") {
        current = String(line.dropFirst().dropLast())
      } else if !line.isEmpty {
        sections[current, default: []].append(line)
      }
    }
    return sections
  }
}
