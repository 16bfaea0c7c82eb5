/// What can be wrong with bytes that claim to be a TL value, or with names that should become one.
public enum TLError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The value needs `needed` bytes at `offset`; only `available` are there.
  case truncated(offset: Int, needed: Int, available: Int)
  /// The number at `offset` names no constructor that may stand there.
  case unexpectedConstructor(UInt32, offset: Int)
  /// A count or length at `offset` that the bytes at hand cannot hold.
  case invalidLength(Int, offset: Int)
  /// Values nested deeper than `TLReader.maximumDepth`.
  case tooDeep(offset: Int)
  /// Bytes left over behind a value that should fill its buffer.
  case trailingBytes(Int)
  /// The schema has no constructor, function or type of this name.
  case unknownName(String)
  /// A field, as `constructor.field`, without which the value cannot be written.
  case missingField(String)
  /// A field, as `constructor.field`, that the constructor does not have.
  case unknownField(String)
  /// A value given for a field that its type cannot hold.
  case unsuitableValue(String, expected: String)

  public var description: String {
    switch self {
    case .truncated(let offset, let needed, let available):
      "TL value ends early: \(needed) bytes needed at offset \(offset), \(available) left"
    case .unexpectedConstructor(let id, let offset):
      "unexpected TL constructor #\(String(id, radix: 16)) at offset \(offset)"
    case .invalidLength(let length, let offset):
      "TL length \(length) at offset \(offset) is more than the bytes at hand"
    case .tooDeep(let offset):
      "TL value nested too deep at offset \(offset)"
    case .trailingBytes(let count):
      "\(count) bytes left behind a TL value"
    case .unknownName(let name): "the TL schema has no \(name)"
    case .missingField(let field): "\(field) is missing"
    case .unknownField(let field): "the TL schema has no \(field)"
    case .unsuitableValue(let field, let expected): "\(field) must be \(expected)"
    }
  }
}
