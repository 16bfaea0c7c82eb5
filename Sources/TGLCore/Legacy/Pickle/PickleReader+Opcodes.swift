extension PickleReader {
  mutating func perform(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .stop: break
    case .mark: try mark()
    case .pop: try discard()
    case .popMark: _ = try popToMark()
    case .dup: try push(top())
    case .get: try recall(index(input.textLine()))
    case .binGet: try recall(Int(input.unsigned(1)))
    case .longBinGet: try recall(Int(input.unsigned(4)))
    case .put: try memoize(index(input.textLine()))
    case .binPut: try memoize(Int(input.unsigned(1)))
    case .longBinPut: try memoize(Int(input.unsigned(4)))
    case .memoize: try memoize(nil)
    case .proto:
      let version = try input.byte()
      guard version <= 5 else { throw malformed("protocol \(version)") }
    // Frames only help to read ahead.
    case .frame: _ = try input.length(8)

    case .none: try push(.none)
    case .newTrue: try push(.bool(true))
    case .newFalse: try push(.bool(false))
    case .int, .long: try push(textNumber(input.textLine(), isInt: opcode == .int))
    case .binInt: try push(.int(Int64(Int32(truncatingIfNeeded: input.unsigned(4)))))
    case .binInt1: try push(.int(Int64(input.unsigned(1))))
    case .binInt2: try push(.int(Int64(input.unsigned(2))))
    case .long1: try push(PickleNumber.node(of: input.prefixed(1)))
    case .long4: try push(PickleNumber.node(of: input.prefixed(4)))
    case .float:
      guard let value = Double(try input.textLine()) else { throw malformed("no number") }
      try push(.float(value))
    case .binFloat:
      let bits = try input.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      try push(.float(Double(bitPattern: bits)))

    case .unicode: try push(.string(Self.rawUnicodeEscape(input.line())))
    case .shortBinUnicode: try push(.string(text(input.prefixed(1))))
    case .binUnicode: try push(.string(text(input.prefixed(4))))
    case .binUnicode8: try push(.string(text(input.prefixed(8))))
    case .shortBinBytes, .shortBinString: try push(.bytes(input.prefixed(1)))
    case .binBytes, .binString: try push(.bytes(input.prefixed(4)))
    case .binBytes8, .byteArray8: try push(.bytes(input.prefixed(8)))

    case .emptyList: try push(.list(contain([])))
    case .emptyTuple: try push(.tuple([]))
    case .emptyDict: try push(.dict(contain([])))
    case .emptySet: try push(.set(contain([])))
    case .list: try push(.list(contain(popToMark())))
    case .tuple: try push(.tuple(popToMark()))
    case .frozenSet: try push(.frozenset(popToMark()))
    case .dict:
      let refs = try popToMark()
      guard refs.count.isMultiple(of: 2) else { throw malformed("a key without a value") }
      try push(.dict(contain(refs)))
    case .tuple1: try push(.tuple(pop(1)))
    case .tuple2: try push(.tuple(pop(2)))
    case .tuple3: try push(.tuple(pop(3)))
    case .append: try extend(opcode, with: pop(1))
    case .setItem: try extend(opcode, with: pop(2))
    case .appends, .setItems, .addItems: try extend(opcode, with: popToMark())

    case .global: try push(.global(PickleGlobal(module: input.textLine(), name: input.textLine())))
    case .stackGlobal:
      let name = try pop()
      let module = try pop()
      guard case .string(let name) = nodes[name], case .string(let module) = nodes[module] else {
        throw malformed("a name that is no text")
      }
      try push(.global(PickleGlobal(module: module, name: name)))
    case .newObj, .newObjEx:
      if opcode == .newObjEx {
        guard case .dict(let keywords) = nodes[try pop()], containers[keywords].isEmpty else {
          throw malformed("named arguments")
        }
      }
      let arguments = try pop()
      try makeObject(pop(), arguments: elements(of: arguments))
    case .inst:
      let global = try PickleGlobal(module: input.textLine(), name: input.textLine())
      let arguments = try popToMark()
      try push(.global(global))
      try makeObject(pop(), arguments: arguments)
    case .obj:
      let refs = try popToMark()
      guard let type = refs.first else { throw malformed("an object without a class") }
      try makeObject(type, arguments: Array(refs.dropFirst()))
    case .reduce:
      let arguments = try pop()
      try reduce(pop(), arguments: elements(of: arguments))
    case .build: try setState(pop())

    case .string: throw malformed("a text of Python 2")
    case .persistentID, .binPersistentID: throw .refused("a persistent id")
    case .ext1, .ext2, .ext4: throw .refused("an extension code")
    case .nextBuffer, .readOnlyBuffer: throw .refused("a buffer outside of it")
    }
  }

  // MARK: Parts

  private mutating func pop(_ count: Int) throws(PickleError) -> [Ref] {
    var refs: [Ref] = []
    for _ in 0..<count { refs.append(try pop()) }
    return refs.reversed()
  }

  private func elements(of ref: Ref) throws(PickleError) -> [Ref] {
    guard case .tuple(let refs) = nodes[ref] else { throw malformed("arguments that are no tuple") }
    return refs
  }

  private func index(_ text: String) throws(PickleError) -> Int {
    guard let index = Int(text), index >= 0 else { throw malformed("no memo's number") }
    return index
  }

  /// A lone surrogate, which Python's texts may hold, is replaced.
  private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  /// Protocol 0 writes booleans as the numbers `01` and `00`, and an L behind large ones.
  private func textNumber(_ line: String, isInt: Bool) throws(PickleError) -> Node {
    if isInt, line == "01" { return .bool(true) }
    if isInt, line == "00" { return .bool(false) }
    let digits = line.hasSuffix("L") ? String(line.dropLast()) : line
    if let value = Int64(digits) { return .int(value) }
    let magnitude = digits.utf8.first == UInt8(ascii: "-") ? digits.utf8.dropFirst() : digits.utf8[...]
    guard !magnitude.isEmpty, magnitude.count <= 1000,
      magnitude.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { throw malformed("no whole number") }
    return .bigInt(digits)
  }

  /// Latin-1 in which `\uXXXX` and `\UXXXXXXXX` stand for other characters.
  static func rawUnicodeEscape(_ bytes: ArraySlice<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    var rest = bytes
    while let byte = rest.popFirst() {
      let length = rest.first == UInt8(ascii: "u") ? 4 : rest.first == UInt8(ascii: "U") ? 8 : 0
      if byte == UInt8(ascii: "\\"), length > 0, rest.count > length,
        let value = UInt32(String(decoding: rest.dropFirst().prefix(length), as: UTF8.self), radix: 16)
      {
        scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        rest = rest.dropFirst(1 + length)
      } else {
        scalars.append(Unicode.Scalar(byte))
      }
    }
    return String(scalars)
  }

  // MARK: Objects

  private mutating func makeObject(_ type: Ref, arguments: [Ref]) throws(PickleError) {
    guard case .global(let global) = nodes[type], case .telethonType = global else {
      throw malformed("an object of no class")
    }
    try push(.object(global, arguments: arguments, state: nil))
  }

  /// What calling one of the known names gives; nothing is called.
  private mutating func reduce(_ callable: Ref, arguments: [Ref]) throws(PickleError) {
    guard case .global(let global) = nodes[callable] else { throw malformed("a call of no name") }
    guard arguments.count <= 8 else { throw malformed("too many arguments") }
    let values = arguments.map { nodes[$0] }
    switch (global, values.first, values.count) {
    case (.datetime, _, _), (.timezone, _, _), (.timedelta, _, _):
      try push(.object(global, arguments: arguments, state: nil))
    case (.reconstructor, .global, 3): try makeObject(arguments[0], arguments: [])
    case (.encode, .string(let text), 1...2), (.bytearray, .string(let text), 2):
      try push(.bytes(latin1(text)))
    case (.bytes, nil, _), (.bytearray, nil, _): try push(.bytes([]))
    case (.bytes, .bytes(let bytes), 1), (.bytearray, .bytes(let bytes), 1): try push(.bytes(bytes))
    case (.set, .list(let elements), 1): try push(.set(elements))
    case (.set, nil, _): try push(.set(contain([])))
    case (.frozenset, .list(let elements), 1): try push(.frozenset(containers[elements]))
    case (.frozenset, nil, _): try push(.frozenset([]))
    case (.orderedDict, nil, _): try push(.dict(contain([])))
    default:
      let path = global.path
      throw malformed("a call of \(path.module).\(path.name) that Python does not write")
    }
  }

  private mutating func latin1(_ text: String) throws(PickleError) -> ArraySlice<UInt8> {
    try derive(text.utf8.count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else { throw malformed("bytes beyond Latin-1") }
      bytes.append(byte)
    }
    return bytes[...]
  }
}
