public import NIOCore

/// A TL value by the schema's names, for code that has no typed constructor: `TLSchema.value(from:)` reads one,
/// `TLSchema.encoded(_:)` writes it.
public indirect enum TLValue: Sendable, Equatable {
  /// `int`; also the bits of a `flags` field that no field explains.
  case int(Int32)
  case long(Int64)
  case double(Double)
  case bool(Bool)
  case string(String)
  /// `bytes`, `int128`, `int256`, and a `string` that is not UTF-8.
  case bytes(ByteBuffer)
  case vector([TLValue])
  /// A constructor or function by the schema's name; absent fields are left out, a flag of type `true` is `bool(true)`.
  case object(String, [String: TLValue])
}

/// Reads the JSON that `TLSchema.writeJSON` writes.
///
/// JSON says less than the schema, so a `long` and `bytes` come out as `string`, a round `double` as `int`;
/// `TLSchema.encoded(_:)` takes them for what the schema says they are. A `null` field is an absent one.
extension TLValue: Decodable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  public init(from decoder: any Decoder) throws {
    // A value nests objects at most `TLReader.maximumDepth` deep, each perhaps in a vector.
    guard decoder.codingPath.count <= 2 * TLReader.maximumDepth else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "nested too deep"))
    }
    if let container = try? decoder.container(keyedBy: Key.self) {
      let kind = Key(stringValue: "_")
      guard container.contains(kind) else {
        let text = try container.decode(String.self, forKey: Key(stringValue: "base64"))
        guard let bytes = ByteBuffer(base64: text) else {
          throw DecodingError.dataCorruptedError(
            forKey: Key(stringValue: "base64"), in: container, debugDescription: "not base64")
        }
        self = .bytes(bytes)
        return
      }
      let name = try container.decode(String.self, forKey: kind)
      var fields: [String: TLValue] = [:]
      for key in container.allKeys where key.stringValue != "_" {
        if try container.decodeNil(forKey: key) { continue }
        fields[key.stringValue] = try container.decode(TLValue.self, forKey: key)
      }
      self = .object(name, fields)
    } else if var container = try? decoder.unkeyedContainer() {
      var elements: [TLValue] = []
      while !container.isAtEnd { elements.append(try container.decode(TLValue.self)) }
      self = .vector(elements)
    } else {
      self = try Self.scalar(decoder.singleValueContainer())
    }
  }

  private static func scalar(_ container: any SingleValueDecodingContainer) throws -> TLValue {
    if let text = try? container.decode(String.self) { return .string(text) }
    if let bool = try? container.decode(Bool.self) { return .bool(bool) }
    let double = try container.decode(Double.self)
    // -0.0 is no integer: its sign would be lost.
    if double == 0, double.sign == .minus { return .double(double) }
    guard let long = try? container.decode(Int64.self) else { return .double(double) }
    return Int32(exactly: long).map(TLValue.int) ?? .long(long)
  }
}
