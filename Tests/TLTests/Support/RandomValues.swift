import NIOCore
import TestSupport

@testable import TL

/// Writes random values that a schema allows.
struct RandomValues {
  let schema: TLSchema
  var generator: SeededGenerator
  /// Below this depth only the shortest constructors are taken and optional fields left out.
  var maximumDepth = 3
  /// `string` fields that are no UTF-8 too.
  var invalidUTF8 = false

  private let constructors: [[Int]]
  /// Of each type, a constructor through which it ends soonest.
  private let shortest: [Int?]
  private let plainFunctions: [Int]

  init(schema: TLSchema, generator: SeededGenerator) {
    self.schema = schema
    self.generator = generator
    var constructors = [[Int]](repeating: [], count: schema.typeNames.count)
    for (index, combinator) in schema.combinators.enumerated() where !combinator.isFunction {
      constructors[Int(combinator.result)].append(index)
    }
    self.constructors = constructors
    plainFunctions = schema.combinators.indices.filter { index in
      let combinator = schema.combinators[index]
      return combinator.isFunction && !combinator.fields.contains { schema.fields[$0].type == .any }
    }
    shortest = Self.shortest(schema)
  }

  /// A random value of a boxed type.
  mutating func value(ofType name: String) throws(TLError) -> ByteBuffer {
    guard let type = schema.type(named: name),
      let index = constructors[Int(type)].randomElement(using: &generator)
    else { throw .unknownName(name) }
    return value(of: index)
  }

  /// A random value of a constructor or function by its name.
  mutating func value(named name: String) throws(TLError) -> ByteBuffer {
    guard let index = schema.combinators.firstIndex(where: { $0.name == name }) else { throw .unknownName(name) }
    return value(of: index)
  }

  /// A random value of a combinator.
  mutating func value(of index: Int) -> ByteBuffer {
    var writer = TLWriter()
    write(index, &writer, depth: 0)
    return writer.buffer
  }

  private mutating func write(_ index: Int, _ writer: inout TLWriter, depth: Int) {
    writer.writeConstructor(schema.combinators[index].id)
    writeFields(index, &writer, depth: depth)
  }

  private mutating func writeFields(_ index: Int, _ writer: inout TLWriter, depth: Int) {
    let combinator = schema.combinators[index]
    var flags: [UInt32] = []
    for field in combinator.fields.map({ schema.fields[$0] }) {
      if field.flagsIndex >= 0, flags[Int(field.flagsIndex)] & (1 << UInt32(field.bit)) == 0 { continue }
      if field.type == .flags {
        let known = combinator.knownFlags[Int(field.bit)]
        flags.append(depth >= maximumDepth ? 0 : known & UInt32.random(in: 0 ... .max, using: &generator))
        writer.writeFlags(flags[flags.count - 1])
      } else {
        write(field.type, &writer, depth: depth)
      }
    }
  }

  private mutating func write(_ type: TLSchema.FieldType, _ writer: inout TLWriter, depth: Int) {
    switch type {
    case .int, .flags: writer.writeInt(integer())
    case .long: writer.writeLong(integer())
    case .double: writer.writeDouble(double())
    case .string: writer.writeBytes(string())
    case .bytes: writer.writeBytes(bytes(length()))
    case .int128: writer.writeRaw(bytes(16))
    case .int256: writer.writeRaw(bytes(32))
    case .bool: writer.writeBool(Bool.random(using: &generator))
    case .presence: break
    case .any:
      if let index = plainFunctions.randomElement(using: &generator) { write(index, &writer, depth: depth + 1) }
    case .bare(let index): writeFields(Int(index), &writer, depth: depth + 1)
    case .boxed(let type):
      let any = constructors[Int(type)].randomElement(using: &generator)
      if let index = depth >= maximumDepth ? shortest[Int(type)] : any { write(index, &writer, depth: depth + 1) }
    case .vector(let element, let bare):
      let count = depth >= maximumDepth ? 0 : Int.random(in: 0...3, using: &generator)
      if bare { writer.writeCount(count) } else { writer.writeVectorHeader(count) }
      for _ in 0..<count { write(schema.elementTypes[Int(element)], &writer, depth: depth + 1) }
    }
  }

  // MARK: Leaves

  private mutating func integer<T: FixedWidthInteger>() -> T {
    switch Int.random(in: 0..<8, using: &generator) {
    case 0: 0
    case 1: -1
    case 2: .min
    case 3: .max
    default: T.random(in: .min ... .max, using: &generator)
    }
  }

  private mutating func double() -> Double {
    switch Int.random(in: 0..<10, using: &generator) {
    case 0: 0
    case 1: -0.0
    case 2: .infinity
    case 3: -.infinity
    case 4: .nan
    case 5: .leastNonzeroMagnitude
    case 6: 9_007_199_254_740_992
    default: Double(bitPattern: generator.next())
    }
  }

  private mutating func length() -> Int {
    switch Int.random(in: 0..<40, using: &generator) {
    case 0: Int.random(in: 250...260, using: &generator)
    case 1: 300
    default: Int.random(in: 0...12, using: &generator)
    }
  }

  private mutating func bytes(_ length: Int) -> ByteBuffer {
    ByteBuffer(bytes: (0..<length).map { _ in UInt8.random(in: 0 ... .max, using: &generator) })
  }

  private mutating func string() -> ByteBuffer {
    if invalidUTF8, Int.random(in: 0..<4, using: &generator) == 0 { return bytes(length()) }
    let alphabet: [Character] = [
      "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\u{0}", "\u{1f}", "\u{7f}", "é", "ж", "€", "\u{2028}", "👩‍👩‍👧", "🇺🇦",
      "\u{feff}",
    ]
    return ByteBuffer(string: String((0..<length()).map { _ in alphabet.randomElement(using: &generator) ?? "a" }))
  }

  private static func shortest(_ schema: TLSchema) -> [Int?] {
    var shortest = [Int?](repeating: nil, count: schema.typeNames.count)
    var changed = true
    while changed {
      changed = false
      for (index, combinator) in schema.combinators.enumerated() where !combinator.isFunction {
        let ends = combinator.fields.allSatisfy { fieldIndex in
          let field = schema.fields[fieldIndex]
          if field.flagsIndex >= 0 { return true }
          if case .boxed(let type) = field.type { return shortest[Int(type)] != nil }
          return true
        }
        if ends, shortest[Int(combinator.result)] == nil {
          shortest[Int(combinator.result)] = index
          changed = true
        }
      }
    }
    return shortest
  }
}
