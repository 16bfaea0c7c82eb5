import Foundation
import NIOCore
import TL

/// Why a pickled object is no value of Telegram's schema.
enum TelethonError: Error, Equatable, CustomStringConvertible {
  /// Telegram has given up the constructor since.
  case unknownType(String)
  /// A value of a type that cannot stand there.
  case unsuitable(String, reason: String)

  var description: String {
    switch self {
    case .unknownType(let name): "Telegram's schema has no \(name) any more"
    case .unsuitable(let place, let reason): "\(place): \(reason)"
    }
  }
}

extension TLValue {
  /// The value an object of Telethon's stands for, of whatever layer it was.
  ///
  /// Telethon's classes are called as the schema's constructors but with a capital, their attributes as the fields
  /// except for what is a keyword in Python. Attributes the schema does not have any more are left out; numbers, texts
  /// and lists it has got since are 0 or empty, as servers send them to older clients.
  /// Source: `telethon_generator/parsers/tlobject` and `telethon/tl/types/__init__.py` of Telethon 1.45.
  /// - Throws: `TelethonError`.
  init(telethon object: PickleObject) throws(TelethonError) {
    let package = "telethon.tl.types"
    guard object.module == package || object.module.hasPrefix("\(package).") else {
      throw .unsuitable("\(object.module).\(object.name)", reason: "not a type of Telethon's")
    }
    let namespace = object.module.dropFirst(package.count + 1)
    let name =
      (namespace.isEmpty ? "" : "\(namespace).") + object.name.prefix(1).lowercased() + object.name.dropFirst()
    guard let fields = TLSchema.api.fields(of: name) else { throw .unknownType(name) }
    guard case .dict(let entries) = object.state ?? .dict([]) else {
      throw .unsuitable(name, reason: "attributes that are no dict")
    }
    var attributes: [String: PickleValue] = [:]
    for entry in entries {
      if case .string(let key) = entry.key { attributes[Self.fieldName(key, of: fields)] = entry.value }
    }
    var values: [String: TLValue] = [:]
    for field in fields {
      if let attribute = attributes[field.name], attribute != .none {
        values[field.name] = try TLValue(telethon: attribute, "\(name).\(field.name)", type: field.boxedType)
      } else if !field.isOptional {
        values[field.name] = field.kind.fallback
      }
    }
    self = .object(name, values)
  }

  /// What Telethon's generator renames: `self`, and Python's keywords.
  private static func fieldName(_ attribute: String, of fields: [TLSchema.FieldDescription]) -> String {
    if fields.contains(where: { $0.name == attribute }) { return attribute }
    if attribute == "is_self" { return "self" }
    return attribute.hasSuffix("_") ? String(attribute.dropLast()) : attribute
  }

  /// - Parameter type: the boxed type of the field, or of its elements.
  private init(telethon value: PickleValue, _ place: String, type: String?) throws(TelethonError) {
    switch (value, type) {
    // What earlier layers had as a plain text, and as a user's bare id.
    case (.string(let text), "TextWithEntities"):
      self = .object("textWithEntities", ["text": .string(text), "entities": .vector([])])
      return
    case (.int(let id), "Peer"):
      self = .object("peerUser", ["user_id": .long(id)])
      return
    default: break
    }
    switch value {
    case .bool(let value): self = .bool(value)
    case .int(let value): self = Int32(exactly: value).map(TLValue.int) ?? .long(value)
    case .float(let value): self = .double(value)
    case .string(let text): self = .string(text)
    case .bytes(let bytes): self = .bytes(ByteBuffer(bytes: bytes))
    case .list(let elements), .tuple(let elements):
      var values: [TLValue] = []
      for element in elements where element != .none {
        values.append(try TLValue(telethon: element, place, type: type))
      }
      self = .vector(values)
    case .object(let object):
      if object.module == "datetime" {
        guard let time = PickleTime.seconds(object), let seconds = Int32(exactly: time) else {
          throw .unsuitable(place, reason: "no time of Telegram's")
        }
        self = .int(seconds)
      } else {
        self = try TLValue(telethon: object)
      }
    case .none, .bigInt, .dict, .set, .frozenset:
      throw .unsuitable(place, reason: "a value that Telegram's schema has no place for")
    }
  }
}

extension TLSchema.FieldDescription.Kind {
  /// What stands for a field the object does not have; Telethon has no time at all where the server sends 0.
  fileprivate var fallback: TLValue? {
    switch self {
    case .int, .long: .int(0)
    case .double: .double(0)
    case .string: .string("")
    case .bytes: .bytes(ByteBuffer())
    case .bool: .bool(false)
    case .vector: .vector([])
    case .presence, .other: nil
    }
  }
}
