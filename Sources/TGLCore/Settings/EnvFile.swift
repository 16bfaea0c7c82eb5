import Foundation

/// An env file: `NAME=value` lines as `docker --env-file`, systemd's `EnvironmentFile=` and a shell's `.` read them.
///
/// Blank lines and lines that start with `#` or `;` are skipped, a leading `export ` and a byte-order mark too. A value in
/// single quotes is taken as it stands; in double quotes `\"`, `\\`, `\$`, `` \` ``, `\n` and `\t` are unescaped. `#` behind a
/// blank starts a comment, except in quotes. Line ends may be CRLF. The last of several lines with the same name wins.
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
    var statement = line[...]
    if line.hasPrefix("export"), let separator = line.dropFirst(6).first, separator.isWhitespace {
      statement = line.dropFirst(7).drop(while: \.isWhitespace)
    }
    guard let equals = statement.firstIndex(of: "=") else {
      return problems.append(Problem(line: number, reason: "no '=' in it; expected NAME=value"))
    }
    let name = statement[..<equals].trimmingCharacters(in: .whitespaces)
    guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else {
      // Not shown: it may be a piece of a key that was broken into lines.
      return problems.append(Problem(line: number, reason: "no name of a variable before '='; expected NAME=value"))
    }
    switch Self.value(statement[statement.index(after: equals)...]) {
    case .some(let value): values[name] = value
    case .none: problems.append(Problem(line: number, reason: "the quote of \(name) is not closed at the end of its value"))
    }
  }

  /// Nil for a quote that is not closed, or closed too early.
  private static func value(_ text: Substring) -> String? {
    let trimmed = text.drop(while: \.isWhitespace)
    guard let quote = trimmed.first, quote == "'" || quote == "\"" else {
      let comment = text.indices.first { index in
        text[index] == "#" && index > text.startIndex && text[text.index(before: index)].isWhitespace
      }
      return text[..<(comment ?? text.endIndex)].trimmingCharacters(in: .whitespaces)
    }
    var value = ""
    var rest = trimmed.dropFirst()
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
