/// Text with its formatting as HTML: everything escaped, tags closed where they must be.
struct HTMLText {
  /// Tags around a stretch of text, in UTF-16 units.
  private struct Span {
    var range: Range<Int>
    var open: String
    var close: String
  }

  /// Entities that cover one place beyond this many are left out: their tags would be written again at each cut.
  private static let deepest = 16

  /// Adds `text` to `html`; what an edit took away or brought is marked.
  static func append(
    _ text: FormattedText, removed: [Range<Int>] = [], inserted: [Range<Int>] = [], to html: inout TextBuffer
  ) {
    if text.entities.isEmpty, removed.isEmpty, inserted.isEmpty { return html.append(escaping: text.text) }
    let units = UTF16Slices(text.text)
    var spans = text.normalized.entities.compactMap { entity -> Span? in
      tags(entity.style, units[entity.offset..<entity.end]).map {
        Span(range: entity.offset..<entity.end, open: $0.open, close: $0.close)
      }
    }
    spans += removed.map { Span(range: $0, open: "<del>", close: "</del>") }
    spans += inserted.map { Span(range: $0, open: "<ins>", close: "</ins>") }
    spans = spans.compactMap { span in
      let range =
        units.whole(span.range.lowerBound)..<max(units.whole(span.range.lowerBound), units.whole(span.range.upperBound))
      return range.isEmpty ? nil : Span(range: range, open: span.open, close: span.close)
    }
    spans.sort { ($0.range.lowerBound, -$0.range.upperBound) < ($1.range.lowerBound, -$1.range.upperBound) }

    var open: [Span] = []
    var position = 0
    func write(upTo end: Int) {
      if end > position { html.append(escaping: units[position..<end]) }
      position = max(position, end)
    }
    /// Closes what has ended, and what is nested in it for a moment too.
    func closeEnded(at place: Int) {
      guard let first = open.firstIndex(where: { $0.range.upperBound <= place }) else { return }
      for span in open[first...].reversed() { html.append(span.close) }
      let rest = open[first...].filter { $0.range.upperBound > place }
      for span in rest { html.append(span.open) }
      open.replaceSubrange(first..., with: rest)
    }
    func advance(to place: Int) {
      while let end = open.map(\.range.upperBound).min(), end <= place {
        write(upTo: end)
        closeEnded(at: end)
      }
      write(upTo: place)
    }
    for span in spans
    where open.count < deepest || open.contains(where: { $0.range.upperBound <= span.range.lowerBound }) {
      advance(to: span.range.lowerBound)
      html.append(span.open)
      open.append(span)
    }
    advance(to: units.count)
  }

  private static func tags(_ style: TextStyle, _ text: String) -> (open: String, close: String)? {
    switch style {
    case .bold: ("<b>", "</b>")
    case .italic: ("<i>", "</i>")
    case .underline: ("<u>", "</u>")
    case .strikethrough: ("<s>", "</s>")
    case .spoiler: ("<span class=\"spoiler\" tabindex=\"0\">", "</span>")
    case .code: ("<code>", "</code>")
    case .pre: ("<pre>", "</pre>")
    case .blockquote: ("<blockquote>", "</blockquote>")
    case .link(let url): link(url)
    case .url: link(text.contains("://") ? text : "https://\(text)")
    case .email: link("mailto:\(text)")
    case .phone: link("tel:\(text)")
    case .mention: PeerLink.validUsername(String(text.dropFirst())).flatMap { link("https://t.me/\($0)") }
    case .userLink(let id): link("tg://user?id=\(id)")
    case .hashtag, .cashtag, .botCommand: ("<span class=\"tag\">", "</span>")
    case .bankCard, .customEmoji, .formattedDate: nil
    }
  }

  /// A link, if following it cannot run anything.
  static func link(_ url: String) -> (open: String, close: String)? {
    let schemes = ["https:", "http:", "mailto:", "tel:", "tg:", "ftp:", "ton:"]
    guard schemes.contains(where: { url.lowercased().hasPrefix($0) }) else { return nil }
    var html = TextBuffer()
    html.append("<a rel=\"noreferrer noopener\" target=\"_blank\" href=\"")
    html.append(escaping: url)
    html.append("\">")
    return (html.string, "</a>")
  }
}

extension TextBuffer {
  /// Adds text that can be neither tag nor attribute's end.
  mutating func append(escaping text: String) {
    append(text) { byte in
      switch byte {
      case UInt8(ascii: "&"): "&amp;"
      case UInt8(ascii: "<"): "&lt;"
      case UInt8(ascii: ">"): "&gt;"
      case UInt8(ascii: "\""): "&quot;"
      case UInt8(ascii: "'"): "&#39;"
      // No character of HTML.
      case 0..<0x09, 0x0B, 0x0C, 0x0E..<0x20, 0x7F: "\u{FFFD}"
      default: nil
      }
    }
  }

  /// Adds a path as the address of a file: relative ones stay so.
  mutating func append(addressOf path: String, from prefix: String) {
    append(path.hasPrefix("/") ? "file://" : prefix)
    let safe = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/".utf8)
    for byte in path.utf8 {
      if safe.contains(byte) {
        append(byte)
      } else {
        append("%")
        append(String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true))
      }
    }
  }
}
