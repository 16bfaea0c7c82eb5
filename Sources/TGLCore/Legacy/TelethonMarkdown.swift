/// Text in which Telethon wrote the formatting as Markdown, back to text and entities.
///
/// The rules are those of Telethon's own parser, step by step, since it wrote what is read here: the same text and the
/// same entities come out.
/// Source: `telethon/extensions/markdown.py` and `helpers.strip_text` of Telethon 1.45.
enum TelethonMarkdown {
  /// UTF-16 units; a longer text is no message, and is left as it is.
  private static let longest = 1 << 15

  static func parse(_ text: String) -> FormattedText {
    let units = Array(text.utf16)
    guard units.count <= longest else { return FormattedText(text) }
    var parser = Parser(units: units)
    parser.run()
    return FormattedText(String(decoding: parser.units, as: UTF16.self), entities: parser.entities).normalized
  }

  private enum Delimiter: String, CaseIterable {
    // The longest first: three backticks are no single one.
    case pre = "```"
    case bold = "**"
    case italic = "__"
    case strikethrough = "~~"
    case code = "`"

    var units: [UInt16] { Array(rawValue.utf16) }

    var style: TextStyle {
      switch self {
      case .pre: .pre(language: "")
      case .bold: .bold
      case .italic: .italic
      case .strikethrough: .strikethrough
      case .code: .code
      }
    }
  }

  private struct Parser {
    private static let delimiters = Delimiter.allCases.map { (delimiter: $0, units: $0.units) }
    private static let openBracket = UInt16(UInt8(ascii: "["))
    private static let closeBracket = UInt16(UInt8(ascii: "]"))
    private static let openParenthesis = UInt16(UInt8(ascii: "("))
    private static let closeParenthesis = UInt16(UInt8(ascii: ")"))

    var units: [UInt16]
    var entities: [TextEntity] = []

    mutating func run() {
      var i = 0
      while i < units.count {
        guard Self.isSpecial(units[i]) else {
          i += 1
          continue
        }
        if let found = Self.delimiters.first(where: { units[i...].starts(with: $0.units) }) {
          // One unit at least stands between a delimiter and its end, so that four asterisks are none.
          if let end = index(of: found.units, from: i + found.units.count + 1) {
            i = take(found.delimiter, found.units.count, from: i, to: end)
            continue
          }
        } else if let link = link(at: i) {
          i = take(link, at: i)
          continue
        }
        i += 1
      }
      strip()
    }

    private static func isSpecial(_ unit: UInt16) -> Bool {
      unit == openBracket || delimiters.contains { $0.units[0] == unit }
    }

    /// Removes a pair of delimiters; where the walk goes on.
    private mutating func take(_ delimiter: Delimiter, _ size: Int, from i: Int, to end: Int) -> Int {
      units.removeSubrange(end..<end + size)
      units.removeSubrange(i..<i + size)
      for index in entities.indices where entities[index].end > i {
        let isAround = entities[index].offset <= i && entities[index].end >= end + size
        entities[index].length -= isAround ? 2 * size : size
      }
      entities.append(TextEntity(delimiter.style, offset: i, length: end - i - size))
      return delimiter == .pre || delimiter == .code ? end - size : i
    }

    private struct Link {
      var title: Range<Int>
      var url: Range<Int>
      var end: Int
    }

    /// `[title](url)`: no bracket in the title, no parenthesis in the URL.
    private func link(at i: Int) -> Link? {
      guard units[i] == Self.openBracket,
        let close = units[(i + 1)...].firstIndex(of: Self.closeBracket),
        close + 1 < units.count, units[close + 1] == Self.openParenthesis,
        let end = units[(close + 2)...].firstIndex(of: Self.closeParenthesis)
      else { return nil }
      return Link(title: i + 1..<close, url: close + 2..<end, end: end + 1)
    }

    private mutating func take(_ link: Link, at i: Int) -> Int {
      let url = String(decoding: units[link.url], as: UTF16.self)
      let title = units[link.title]
      units.replaceSubrange(i..<link.end, with: title)
      let removed = link.end - i - title.count
      for index in entities.indices where entities[index].end > i { entities[index].length -= removed }
      entities.append(TextEntity(Self.style(of: url), offset: i, length: title.count))
      return i + title.count
    }

    /// Telethon writes a mention of somebody without a username as a link.
    private static func style(of url: String) -> TextStyle {
      let prefix = "tg://user?id="
      guard url.hasPrefix(prefix), let id = Int64(url.dropFirst(prefix.count)), id > 0 else { return .link(url: url) }
      return .userLink(id)
    }

    private func index(of pattern: [UInt16], from start: Int) -> Int? {
      guard start + pattern.count <= units.count else { return nil }
      return (start...units.count - pattern.count).first { units[$0...].starts(with: pattern) }
    }

    /// Without the blanks around it.
    private mutating func strip() {
      let isBlank = { (unit: UInt16) in Unicode.Scalar(unit).map(Self.isBlank) ?? false }
      let left = units.prefix(while: isBlank).count
      units.removeFirst(left)
      while let last = units.last, isBlank(last) { units.removeLast() }
      for index in entities.indices {
        let end = max(entities[index].end - left, 0)
        entities[index].offset = max(entities[index].offset - left, 0)
        entities[index].length = end - entities[index].offset
      }
    }

    /// What Python's `str.strip` takes away: white space of Unicode, and four separators that are none there.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
  }
}
