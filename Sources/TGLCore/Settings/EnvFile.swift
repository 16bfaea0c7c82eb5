import Foundation

/// An env file: `NAME=value` lines as `docker --env-file`, systemd's `EnvironmentFile=` and a shell's `.` read them.
///
/// Blank lines and lines that start with `#` or `;` are skipped, a leading `export ` and a byte-order mark too. A value in
/// single quotes is taken as it stands; in double quotes `\"`, `\\`, `\n` and `\t` are unescaped. Behind an unquoted value
/// ` #` starts a comment. Line ends may be CRLF. The last of several lines with the same name wins.
struct EnvFile: Equatable {
  /// Something that is no line of an env file.
  struct Problem: Equatable {
    var line: Int
    var reason: String
  }

  private(set) var values: [String: String] = [:]
  private(set) var problems: [Problem] = []

  init(_ text: String) {
    let text = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
    let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (index, line) in lines.enumerated() {
      read(line.trimmingCharacters(in: .whitespacesAndNewlines), number: index + 1)
    }
  }

  private mutating func read(_ line: String, number: Int) {
    guard let first = line.first, first != "#", first != ";" else { return }
    let statement = line.hasPrefix("export ") ? line.dropFirst(7).drop { $0 == " " } : line[...]
    guard let equals = statement.firstIndex(of: "=") else {
      return problems.append(Problem(line: number, reason: "no '=' in it; expected NAME=value"))
    }
    let name = statement[..<equals].trimmingCharacters(in: .whitespaces)
    guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else {
      return problems.append(Problem(line: number, reason: "'\(name)' is no name of a variable"))
    }
    switch Self.value(statement[statement.index(after: equals)...].trimmingCharacters(in: .whitespaces)) {
    case .some(let value): values[name] = value
    case .none: problems.append(Problem(line: number, reason: "the quote of \(name) is not closed"))
    }
  }

  private static func value(_ text: String) -> String? {
    guard let quote = text.first, quote == "'" || quote == "\"" else {
      var bare = text[...]
      if let comment = bare.range(of: " #") { bare = bare[..<comment.lowerBound] }
      return bare.trimmingCharacters(in: .whitespaces)
    }
    var value = ""
    var rest = text.dropFirst()
    while let character = rest.popFirst() {
      if character == quote {
        let tail = rest.trimmingCharacters(in: .whitespaces)
        return tail.isEmpty || tail.hasPrefix("#") ? value : nil
      }
      if quote == "\"", character == "\\", let escaped = rest.popFirst() {
        switch escaped {
        case "n": value.append("\n")
        case "t": value.append("\t")
        case "\"", "\\", "$", "`": value.append(escaped)
        default: value += "\\\(escaped)"
        }
      } else {
        value.append(character)
      }
    }
    return nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}
