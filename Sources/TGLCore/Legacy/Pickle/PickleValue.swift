/// A value read from a pickle: data, and names of classes, never anything that runs.
indirect enum PickleValue: Sendable, Equatable {
  case none
  case bool(Bool)
  case int(Int64)
  /// A whole number beyond 64 bits, in decimal.
  case bigInt(String)
  case float(Double)
  case string(String)
  /// Also Python's `bytearray`.
  case bytes([UInt8])
  case list([PickleValue])
  case tuple([PickleValue])
  case dict([Entry])
  case set([PickleValue])
  case frozenset([PickleValue])
  case object(PickleObject)

  struct Entry: Sendable, Equatable {
    var key: PickleValue
    var value: PickleValue
  }
}

/// An object as its class's name and what would have been given to it.
struct PickleObject: Sendable, Equatable {
  var module: String
  var name: String
  /// What its class would have been called with.
  var arguments: [PickleValue] = []
  /// Its attributes, usually a `dict`.
  var state: PickleValue?
}

extension PickleValue {
  /// The value of a `dict`'s text key.
  subscript(key: String) -> PickleValue? {
    guard case .dict(let entries) = self else { return nil }
    return entries.last { $0.key == .string(key) }?.value
  }
}

/// Why a pickle is not read.
enum PickleError: Error, Sendable, Equatable, CustomStringConvertible {
  /// It names something that is not data: unpickling it in Python would have run it.
  case refused(String)
  /// It ends in the middle.
  case truncated
  /// No pickle, or a damaged one.
  case malformed(String, offset: Int)
  /// More than any medium of Telegram's needs.
  case tooLarge(String)

  var description: String {
    switch self {
    case .refused(let name): "it names \(name.prefix(200).escaped), which is no data of Telethon's"
    case .truncated: "it ends in the middle"
    case .malformed(let what, let offset): "\(what) at byte \(offset)"
    case .tooLarge(let what): "\(what)"
    }
  }
}

extension Substring {
  fileprivate var escaped: String { String(self).escapingControls() }
}
