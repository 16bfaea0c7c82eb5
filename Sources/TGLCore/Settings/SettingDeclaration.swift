/// One setting: its name, what it means, and how its text is read.
///
/// Help and documentation are made of these.
public protocol SettingDeclaration: Sendable {
  /// The environment variable, as in `HEALTH_PORT`.
  var name: String { get }
  /// One sentence.
  var meaning: String { get }
  /// What stands in for a value that is not given, as a person would write it; nil when the setting is required.
  var shownDefault: String? { get }
  /// What may be written, as in `a port, 0 to 65535`.
  var accepts: String { get }
  /// Whether the value must not be shown.
  var isSecret: Bool { get }
}

/// A setting whose value is a `Value`.
struct Setting<Value: Sendable>: SettingDeclaration {
  let name: String
  let meaning: String
  let shownDefault: String?
  let accepts: String
  var isSecret = false
  let fallback: Value?
  /// Nil for text that is not accepted.
  let parse: @Sendable (String) -> Value?

  /// A setting with a default.
  init(
    _ name: String, default fallback: Value, shown: String? = nil, _ format: SettingFormat<Value>, _ meaning: String
  ) {
    self.name = name
    self.meaning = meaning
    self.fallback = fallback
    shownDefault = shown ?? "\(fallback)"
    accepts = format.accepts
    parse = format.parse
  }

  /// A setting that must be given.
  init(required name: String, isSecret: Bool = false, _ format: SettingFormat<Value>, _ meaning: String) {
    self.name = name
    self.meaning = meaning
    self.isSecret = isSecret
    fallback = nil
    shownDefault = nil
    accepts = format.accepts
    parse = format.parse
  }

  /// A setting that may be left out.
  static func optional<Wrapped>(
    _ name: String, isSecret: Bool = false, _ format: SettingFormat<Wrapped>, _ meaning: String
  ) -> Setting<Wrapped?> where Value == Wrapped? {
    let optional = SettingFormat<Wrapped?>(accepts: format.accepts) { text in format.parse(text).map { .some($0) } }
    var setting = Setting<Wrapped?>(name, default: .none, shown: "", optional, meaning)
    setting.isSecret = isSecret
    return setting
  }
}

/// A way to write a value.
struct SettingFormat<Value: Sendable>: Sendable {
  let accepts: String
  let parse: @Sendable (String) -> Value?
}

extension SettingFormat where Value == Bool {
  static var bool: SettingFormat {
    SettingFormat(accepts: "true or false (also 1/0, yes/no, on/off)") { text in
      switch text.lowercased() {
      case "true", "1", "yes", "on": true
      case "false", "0", "no", "off": false
      default: nil
      }
    }
  }
}

extension SettingFormat where Value == Int {
  static func integer(_ range: ClosedRange<Int>, _ accepts: String? = nil) -> SettingFormat {
    let bound =
      range.upperBound == Int.max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
    return SettingFormat(accepts: accepts ?? "a whole number, \(bound)") { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }
}

extension SettingFormat where Value == String {
  static func text(_ accepts: String, _ isAccepted: @escaping @Sendable (String) -> Bool = { !$0.isEmpty })
    -> SettingFormat
  {
    SettingFormat(accepts: accepts) { isAccepted($0) ? $0 : nil }
  }
}
