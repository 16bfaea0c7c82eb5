/// Reads a pickle into a `PickleValue` without running anything it says.
///
/// A pickle is a program for a small stack machine. This is that machine with everything left out that could reach
/// outside of it: no imports, no calls, no persistent ids, no extension codes. Its memory is bound by the input's
/// length, whatever the input says: nodes refer to each other by number, so what is used twice is there once, and the
/// tree that is made of them in the end is limited in size and depth.
/// Source: `pickletools.py` and `pickle.py` of CPython 3.13; protocols 0 to 5 as Python 3 writes them.
struct PickleReader {
  struct Limits: Sendable {
    /// Of the input, and of all texts and bytes in the result.
    var bytes = 16 << 20
    /// Values in the machine, and in the result.
    var values = 200_000
    /// How deep values may nest in the result.
    var depth = 64
  }

  /// A node by its number.
  typealias Ref = Int

  enum Node {
    case none
    case bool(Bool)
    case int(Int64)
    case bigInt(String)
    case float(Double)
    case string(String)
    case bytes(ArraySlice<UInt8>)
    /// By its number in `containers`, as what may still grow is; others may refer to it already.
    case list(Int)
    /// Keys and values in turn.
    case dict(Int)
    case set(Int)
    case tuple([Ref])
    case frozenset([Ref])
    case global(PickleGlobal)
    case object(PickleGlobal, arguments: [Ref], state: Ref?)
  }

  var input: PickleInput
  let limits: Limits
  private(set) var nodes: [Node] = []
  private(set) var containers: [[Ref]] = []
  private var pushes = 0
  /// Bytes made of others, not cut out of the input.
  private var derivedBytes = 0
  private var stack: [Ref] = []
  /// Heights of the stack where marks lie.
  private var marks: [Int] = []
  private var memo: [Int: Ref] = [:]

  /// - Throws: `PickleError`.
  static func read(_ bytes: [UInt8], limits: Limits = Limits()) throws(PickleError) -> PickleValue {
    guard bytes.count <= limits.bytes else { throw .tooLarge("it has \(bytes.count) bytes") }
    var reader = PickleReader(input: PickleInput(bytes), limits: limits)
    let root = try reader.run()
    var builder = PickleTreeBuilder(nodes: reader.nodes, containers: reader.containers, limits: limits)
    return try builder.value(root, depth: 0)
  }

  private init(input: PickleInput, limits: Limits) {
    self.input = input
    self.limits = limits
  }

  private mutating func run() throws(PickleError) -> Ref {
    while true {
      let code = try input.byte()
      guard let opcode = PickleOpcode(rawValue: code) else { throw malformed("no opcode (\(code))") }
      if opcode == .stop { return try pop() }
      try perform(opcode)
    }
  }

  // MARK: Stack, marks and memo

  func malformed(_ what: String) -> PickleError { .malformed(what, offset: max(input.offset - 1, 0)) }

  mutating func push(_ node: Node) throws(PickleError) {
    guard nodes.count < limits.values else { throw .tooLarge("it has more than \(limits.values) values") }
    nodes.append(node)
    try push(nodes.count - 1)
  }

  mutating func push(_ ref: Ref) throws(PickleError) {
    guard pushes < 2 * limits.values else {
      throw .tooLarge("it refers to values more than \(2 * limits.values) times")
    }
    pushes += 1
    stack.append(ref)
  }

  /// What lies above a mark cannot be taken without it.
  @discardableResult
  mutating func pop() throws(PickleError) -> Ref {
    guard stack.count > marks.last ?? 0, let ref = stack.popLast() else { throw malformed("empty stack") }
    return ref
  }

  func top() throws(PickleError) -> Ref {
    guard stack.count > marks.last ?? 0, let ref = stack.last else { throw malformed("empty stack") }
    return ref
  }

  mutating func mark() throws(PickleError) {
    guard marks.count < limits.values else { throw .tooLarge("it has more than \(limits.values) marks") }
    marks.append(stack.count)
  }

  /// What lies above the last mark, which goes with it.
  mutating func popToMark() throws(PickleError) -> [Ref] {
    guard let height = marks.popLast(), height <= stack.count else { throw malformed("no mark") }
    let refs = Array(stack[height...])
    stack.removeLast(refs.count)
    return refs
  }

  /// Takes the topmost value, or the mark when that is on top.
  mutating func discard() throws(PickleError) {
    if marks.last == stack.count { marks.removeLast() } else { try pop() }
  }

  mutating func memoize(_ index: Int?) throws(PickleError) {
    guard memo.count < limits.values else { throw .tooLarge("it has more than \(limits.values) memos") }
    memo[index ?? memo.count] = try top()
  }

  mutating func recall(_ index: Int) throws(PickleError) {
    guard let ref = memo[index] else { throw malformed("memo \(index) is empty") }
    try push(ref)
  }

  // MARK: Containers

  /// Makes room for elements.
  mutating func contain(_ refs: [Ref]) -> Int {
    containers.append(refs)
    return containers.count - 1
  }

  /// Adds to the list, set or dict on top of the stack.
  mutating func extend(_ opcode: PickleOpcode, with refs: [Ref]) throws(PickleError) {
    switch (opcode, nodes[try top()]) {
    case (.append, .list(let index)), (.appends, .list(let index)), (.addItems, .set(let index)):
      containers[index] += refs
    case (.setItem, .dict(let index)), (.setItems, .dict(let index)):
      guard refs.count.isMultiple(of: 2) else { throw malformed("a key without a value") }
      containers[index] += refs
    default: throw malformed("elements for what has none")
    }
  }

  mutating func derive(_ count: Int) throws(PickleError) {
    derivedBytes += count
    guard derivedBytes <= limits.bytes else { throw .tooLarge("its bytes are more than \(limits.bytes)") }
  }

  mutating func setState(_ state: Ref) throws(PickleError) {
    let ref = try top()
    guard case .object(let type, let arguments, _) = nodes[ref] else { throw malformed("a state for no object") }
    nodes[ref] = .object(type, arguments: arguments, state: state)
  }
}
