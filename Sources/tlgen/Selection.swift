/// Which constructors and functions get typed Swift, and how each type is shown.
struct Selection {
  let namespace: String
  let constructors: [Combinator]
  let functions: [Combinator]
  private let byName: [String: Combinator]
  /// All constructors of the schema by type.
  private let schemaTypes: [String: [Combinator]]
  /// The used ones by type.
  private let usedTypes: [String: [Combinator]]
  /// Types that reach themselves without an array between, or are large: their enum keeps its payload on the heap.
  private(set) var indirect: Set<String> = []

  /// - Parameter used: lines of `used.txt`: a name, or `= Type` for every constructor of a type.
  init(schema: Schema, used: [String], namespace: String) throws {
    self.namespace = namespace
    schemaTypes = Dictionary(grouping: schema.constructors, by: \.resultText)
    var names = Set<String>()
    for line in used {
      if line.hasPrefix("=") {
        let type = String(line.dropFirst().filter { $0 != " " })
        guard let all = schemaTypes[type] else { throw SchemaError(description: "used.txt: no type \(type)") }
        names.formUnion(all.map(\.name))
      } else {
        names.insert(line)
      }
    }
    constructors = schema.constructors.filter { names.contains($0.name) }
    functions = schema.functions.filter { names.contains($0.name) }
    let found = Set((constructors + functions).map(\.name))
    if let missing = names.subtracting(found).sorted().first {
      throw SchemaError(description: "used.txt: the schema has no \(missing)")
    }
    byName = Dictionary((constructors).map { ($0.name, $0) }) { first, _ in first }
    usedTypes = Dictionary(grouping: constructors, by: \.resultText)
    indirect = findIndirect()
    try checkNames()
  }

  /// The types shown as an enum, by name.
  var enums: [(type: String, cases: [Combinator])] {
    usedTypes.filter { isEnum($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The names of the types that have typed Swift.
  var types: [String] { usedTypes.keys.sorted() }

  /// Whether the enum of a type has a constructor left over for `.other`.
  func isEnum(_ type: String) -> Bool {
    usedTypes[type] != nil && (schemaTypes[type]?.count ?? 0) > 1
  }

  /// The Swift type of a reference.
  func swiftType(_ reference: TypeReference) -> String {
    switch reference {
    case .int: "Int32"
    case .long: "Int64"
    case .double: "Double"
    case .string: "String"
    case .bytes: "ByteBuffer"
    case .int128: "TLInt128"
    case .int256: "TLInt256"
    case .bool, .presence: "Bool"
    case .flags: "UInt32"
    case .vector(let element, _): "[\(swiftType(element))]"
    case .bare(let name): Naming.type(name)
    case .any: "Query"
    case .boxed(let type):
      if isEnum(type) {
        "Any" + Naming.type(type)
      } else if let only = usedTypes[type]?.first {
        Naming.type(only.name)
      } else {
        "TLRaw"
      }
    }
  }

  // MARK: Recursion

  private func findIndirect() -> Set<String> {
    var indirect = Set<String>()
    // Adding one cut at a time keeps the set small.
    let types = usedTypes.keys.sorted().filter(isEnum)
    while let type = types.first(where: { !indirect.contains($0) && reaches($0, $0, indirect) }) {
      indirect.insert(type)
    }
    for type in types where !indirect.contains(type) {
      var sizes: [String: Int] = [:]
      if size(ofType: type, indirect, &sizes) > 136 { indirect.insert(type) }
    }
    return indirect
  }

  private func inlineTypes(_ combinator: Combinator) -> [String] {
    combinator.parameters.compactMap { if case .boxed(let type) = $0.type { type } else { nil } }
  }

  private func reaches(_ start: String, _ target: String, _ cut: Set<String>) -> Bool {
    var visited = Set<String>()
    var pending = [start]
    while let type = pending.popLast() {
      for next in (usedTypes[type] ?? []).flatMap(inlineTypes) {
        if next == target { return true }
        if !cut.contains(next), visited.insert(next).inserted { pending.append(next) }
      }
    }
    return false
  }

  private func size(ofType type: String, _ indirect: Set<String>, _ known: inout [String: Int]) -> Int {
    if indirect.contains(type) { return 8 }
    if let size = known[type] { return size }
    var largest = 32
    for combinator in usedTypes[type] ?? [] {
      let size = combinator.parameters.reduce(0) { sum, parameter in
        switch parameter.type {
        case .int: sum + 8
        case .presence, .bool: sum + 1
        case .string, .int128: sum + 16
        case .bytes: sum + 24
        case .int256: sum + 32
        case .boxed(let inner): sum + self.size(ofType: inner, indirect, &known)
        default: sum + 8
        }
      }
      largest = max(largest, size)
    }
    known[type] = largest
    return largest
  }

  private func checkNames() throws {
    var owners: [String: String] = [:]
    let structs = (constructors + functions).map { ($0.name, Naming.type($0.name)) }
    for (name, swiftName) in structs + enums.map({ ($0.type, "Any" + Naming.type($0.type)) }) {
      if let other = owners.updateValue(name, forKey: swiftName) {
        throw SchemaError(description: "\(name) and \(other) would both be \(namespace).\(swiftName)")
      }
    }
  }
}
