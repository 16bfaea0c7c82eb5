/// Makes a tree of the machine's nodes.
///
/// What is referred to many times becomes many values, and what refers to itself would never end: both are limited.
struct PickleTreeBuilder {
  let nodes: [PickleReader.Node]
  let containers: [[PickleReader.Ref]]
  let limits: PickleReader.Limits
  private var values = 0
  private var bytes = 0

  init(nodes: [PickleReader.Node], containers: [[PickleReader.Ref]], limits: PickleReader.Limits) {
    self.nodes = nodes
    self.containers = containers
    self.limits = limits
  }

  mutating func value(_ ref: PickleReader.Ref, depth: Int) throws(PickleError) -> PickleValue {
    guard depth <= limits.depth else { throw .tooLarge("its values nest deeper than \(limits.depth)") }
    try count()
    switch nodes[ref] {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .bigInt(let text): return .bigInt(text)
    case .float(let value): return .float(value)
    case .string(let text):
      try count(bytes: text.utf8.count)
      return .string(text)
    case .bytes(let slice):
      try count(bytes: slice.count)
      return .bytes(Array(slice))
    case .list(let index): return .list(try all(containers[index], depth))
    case .tuple(let refs): return .tuple(try all(refs, depth))
    case .set(let index): return .set(try all(containers[index], depth))
    case .frozenset(let refs): return .frozenset(try all(refs, depth))
    case .dict(let index):
      let refs = containers[index]
      var entries: [PickleValue.Entry] = []
      for index in stride(from: 0, to: refs.count - 1, by: 2) {
        let key = try value(refs[index], depth: depth + 1)
        entries.append(PickleValue.Entry(key: key, value: try value(refs[index + 1], depth: depth + 1)))
      }
      return .dict(entries)
    case .global(let global):
      let (module, name) = global.path
      throw .malformed("the class \(module).\(name) where a value should be", offset: 0)
    case .object(let global, let arguments, let state):
      let (module, name) = global.path
      var object = PickleObject(module: module, name: name, arguments: try all(arguments, depth))
      if let state { object.state = try value(state, depth: depth + 1) }
      return .object(object)
    }
  }

  private mutating func all(_ refs: [PickleReader.Ref], _ depth: Int) throws(PickleError) -> [PickleValue] {
    var values: [PickleValue] = []
    for ref in refs { values.append(try value(ref, depth: depth + 1)) }
    return values
  }

  private mutating func count(bytes more: Int = 0) throws(PickleError) {
    values += more == 0 ? 1 : 0
    bytes += more
    guard values <= limits.values else { throw .tooLarge("it has more than \(limits.values) values") }
    guard bytes <= limits.bytes else { throw .tooLarge("its texts have more than \(limits.bytes) bytes") }
  }
}
