/// Swift's names for the schema's.
enum Naming {
  private static let keywords: Set<String> = [
    "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do", "else",
    "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init",
    "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private", "protocol", "public", "repeat",
    "rethrows", "return", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try",
    "typealias", "var", "where", "while",
  ]

  /// `updates.differenceSlice` and `p_q_inner_data_dc` as a type: `UpdatesDifferenceSlice`, `PQInnerDataDc`.
  static func type(_ name: String) -> String {
    pieces(name).map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// `updates.state` as an enum case: `updatesState`.
  static func enumCase(_ name: String) -> String { escaped(lowerCamel(name)) }

  /// `access_hash` as a property: `accessHash`.
  static func property(_ name: String) -> String {
    name == "self" ? "isSelf" : escaped(lowerCamel(name))
  }

  private static func lowerCamel(_ name: String) -> String {
    let pieces = pieces(name)
    let head = pieces.first.map { $0.prefix(1).lowercased() + $0.dropFirst() } ?? ""
    return head + pieces.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  private static func pieces(_ name: String) -> [String] {
    name.split { $0 == "." || $0 == "_" }.map(String.init)
  }

  private static func escaped(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }
}
