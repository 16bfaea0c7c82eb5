/// What a pickle may name: data of Telethon's and Python's, each built here by its own rule.
///
/// Nothing is looked up and nothing is called: a name that is not in this list is an error.
enum PickleGlobal: Sendable, Equatable {
  /// A class of Telethon's schema; some stand in a namespace, as `telethon.tl.types.messages` does.
  case telethonType(String, namespace: String?)
  case datetime, timezone, timedelta
  /// How protocols 0 and 1 make an object without calling its class.
  case reconstructor
  case object
  case orderedDict
  /// How protocols 0 to 2 write bytes.
  case encode
  case bytes, bytearray, set, frozenset

  /// - Throws: `PickleError.refused`.
  init(module: String, name: String) throws(PickleError) {
    switch (module, name) {
    case ("telethon.tl.types", _) where Self.isTypeName(name): self = .telethonType(name, namespace: nil)
    case (_, _) where module.hasPrefix("telethon.tl.types.") && Self.isTypeName(name):
      let namespace = String(module.dropFirst("telethon.tl.types.".count))
      guard Self.isNamespace(namespace) else { throw .refused("\(module).\(name)") }
      self = .telethonType(name, namespace: namespace)
    case ("datetime", "datetime"): self = .datetime
    case ("datetime", "timezone"): self = .timezone
    case ("datetime", "timedelta"): self = .timedelta
    // Protocols 0 to 2 use the names of Python 2.
    case ("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor"): self = .reconstructor
    case ("builtins", "object"), ("__builtin__", "object"): self = .object
    case ("builtins", "bytes"), ("__builtin__", "bytes"): self = .bytes
    case ("builtins", "bytearray"), ("__builtin__", "bytearray"): self = .bytearray
    case ("builtins", "set"), ("__builtin__", "set"): self = .set
    case ("builtins", "frozenset"), ("__builtin__", "frozenset"): self = .frozenset
    case ("collections", "OrderedDict"): self = .orderedDict
    case ("_codecs", "encode"): self = .encode
    default: throw .refused("\(module).\(name)")
    }
  }

  /// Classes of Telethon's schema are called `MessageMediaPhoto`; what else its module holds is not.
  private static func isTypeName(_ name: String) -> Bool {
    guard let first = name.utf8.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else { return false }
    return name.utf8.count <= 100
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"):
          true
        default: false
        }
      }
  }

  private static func isNamespace(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 20
      && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
  }

  /// Module and name as the newer protocols write them.
  var path: (module: String, name: String) {
    switch self {
    case .telethonType(let name, let namespace): ("telethon.tl.types" + (namespace.map { ".\($0)" } ?? ""), name)
    case .datetime: ("datetime", "datetime")
    case .timezone: ("datetime", "timezone")
    case .timedelta: ("datetime", "timedelta")
    case .reconstructor: ("copyreg", "_reconstructor")
    case .object: ("builtins", "object")
    case .orderedDict: ("collections", "OrderedDict")
    case .encode: ("_codecs", "encode")
    case .bytes: ("builtins", "bytes")
    case .bytearray: ("builtins", "bytearray")
    case .set: ("builtins", "set")
    case .frozenset: ("builtins", "frozenset")
    }
  }
}
