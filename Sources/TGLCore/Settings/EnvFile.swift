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
    // Bytes: as characters, an accent behind a quote would be part of the quote.
    let lines = Array(text.utf8).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let isMarked = index == 0 && line.starts(with: "\u{FEFF}".utf8)
      read(Self.trimmed(isMarked ? line.dropFirst(3) : line), number: index + 1)
    }
  }

  private mutating func read(_ line: ArraySlice<UInt8>, number: Int) {
    guard let first = line.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { return }
    var statement = line
    if line.starts(with: "export".utf8), line.dropFirst(6).first.map(Self.isBlank) == true {
      statement = line.dropFirst(6).drop(while: Self.isBlank)
    }
    guard let equals = statement.firstIndex(of: UInt8(ascii: "=")) else {
      return problems.append(Problem(line: number, reason: "no '=' in it; expected NAME=value"))
    }
    let name = Self.trimmed(statement[..<equals])
    guard !name.isEmpty, name.allSatisfy(Self.isNameByte) else {
      // Not shown: it may be a piece of a key that was broken into lines.
      return problems.append(Problem(line: number, reason: "no name of a variable before '='; expected NAME=value"))
    }
    let shownName = String(decoding: name, as: UTF8.self)
    guard let value = Self.value(statement[(equals + 1)...]) else {
      return problems.append(
        Problem(line: number, reason: "the quote of \(shownName) is not closed at the end of its value"))
    }
    values[shownName] = String(decoding: value, as: UTF8.self)
  }

  /// Nil for a quote that is not closed, or closed too early.
  private static func value(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var rest = text.drop(while: isBlank)
    guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      let comment = text.indices.dropFirst().first { text[$0] == UInt8(ascii: "#") && isBlank(text[$0 - 1]) }
      return Array(trimmed(text[..<(comment ?? text.endIndex)]))
    }
    rest = rest.dropFirst()
    var value: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == quote {
        let tail = rest.drop(while: isBlank)
        return tail.isEmpty || tail.first == UInt8(ascii: "#") ? value : nil
      }
      guard quote == UInt8(ascii: "\""), byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
        value.append(byte)
        continue
      }
      switch escaped {
      case UInt8(ascii: "n"): value.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "t"): value.append(UInt8(ascii: "\t"))
      case _ where "\"\\$`".utf8.contains(escaped): value.append(escaped)
      default: value += [byte, escaped]
      }
    }
    return nil
  }

  private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let start = text.drop(while: isBlank)
    return start.prefix((start.lastIndex { !isBlank($0) } ?? start.startIndex - 1) - start.startIndex + 1)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}
