import TestSupport
import Testing

@testable import TGLCore

@Suite struct HTMLTextTests {
  private func html(_ text: FormattedText, removed: [Range<Int>] = [], inserted: [Range<Int>] = []) -> String {
    var html = TextBuffer()
    HTMLText.append(text, removed: removed, inserted: inserted, to: &html)
    return html.string
  }

  private func formatted(_ text: String, _ entities: (TextStyle, Int, Int)...) -> FormattedText {
    FormattedText(text, entities: entities.map { TextEntity($0.0, offset: $0.1, length: $0.2) })
  }

  @Test func stylesNestAndOverlap() {
    #expect(html(formatted("abcdef", (.bold, 0, 4), (.italic, 2, 2))) == "<b>ab<i>cd</i></b>ef")
    #expect(html(formatted("abcdef", (.bold, 0, 4), (.italic, 2, 4))) == "<b>ab<i>cd</i></b><i>ef</i>")
    #expect(html(formatted("abcdef", (.bold, 0, 6), (.italic, 0, 6))) == "<b><i>abcdef</i></b>")
    #expect(html(formatted("🙂a", (.bold, 2, 1))) == "🙂<b>a</b>")
    #expect(html(formatted("🙂a", (.bold, 1, 2))) == "🙂<b>a</b>", "never half a character")
  }

  @Test func whatIsWrittenIsNoMarkup() {
    #expect(html(FormattedText("<b>&\"'")) == "&lt;b&gt;&amp;&quot;&#39;")
    #expect(html(formatted("<i>", (.bold, 0, 3))) == "<b>&lt;i&gt;</b>")
    #expect(html(FormattedText("\u{0}\u{1B}\n\t")) == "\u{FFFD}\u{FFFD}\n\t")
  }

  private static let addresses: [(String, String?)] = [
    ("https://example.org/?a=1&b=\"2\"", "https://example.org/?a=1&amp;b=&quot;2&quot;"),
    ("tg://user?id=1", "tg://user?id=1"), ("HTTP://x", "HTTP://x"), ("mailto:a@b.c", "mailto:a@b.c"),
    ("javascript:alert(1)", nil), ("JaVaScRiPt:alert(1)", nil), (" https://x", nil), ("data:text/html,x", nil),
    ("file:///etc/passwd", nil), ("vbscript:x", nil), ("//example.org", nil), ("", nil),
  ]

  @Test(arguments: addresses)
  func onlyAddressesThatRunNothingAreLinks(url: String, address: String?) {
    let expected = address.map {
      "<a rel=\"noreferrer noopener\" target=\"_blank\" href=\"\($0)\">x</a>"
    }
    #expect(html(formatted("x", (.link(url: url), 0, 1))) == expected ?? "x")
  }

  @Test func differencesAreMarked() {
    #expect(html(FormattedText("a b c"), removed: [2..<3]) == "a <del>b</del> c")
    #expect(html(formatted("a b c", (.bold, 0, 3)), inserted: [2..<5]) == "<b>a <ins>b</ins></b><ins> c</ins>")
  }

  /// Reads what `HTMLText` writes, strictly: nil for anything that is not in order.
  private func parse(_ html: String) -> (text: String, tags: Set<String>)? {
    var text = ""
    var open: [String] = []
    var tags: Set<String> = []
    var rest = html.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "<":
        guard let end = rest.firstIndex(of: ">") else { return nil }
        let tag = String(String.UnicodeScalarView(rest[..<end]))
        rest = rest[rest.index(after: end)...]
        if tag.hasPrefix("/") {
          guard open.popLast() == String(tag.dropFirst()) else { return nil }
        } else {
          let name = String(tag.prefix { $0 != " " })
          open.append(name)
          tags.insert(name)
        }
      case ">": return nil
      case "&":
        guard let end = rest.firstIndex(of: ";") else { return nil }
        let known: [String: String] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'"]
        guard let character = known[String(String.UnicodeScalarView(rest[..<end]))] else { return nil }
        text += character
        rest = rest[rest.index(after: end)...]
      default: text.unicodeScalars.append(scalar)
      }
    }
    return open.isEmpty ? (text, tags) : nil
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func anyTextComesOutWholeAndEveryTagIsClosed(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<10 {
      let text = RandomText.formatted(
        length: Int.random(in: 0...300, using: &generator), entities: Int.random(in: 0...40, using: &generator),
        using: &generator)
      var ranges: [[Range<Int>]] = [[], []]
      for kind in 0..<2 where text.length > 2 && Bool.random(using: &generator) {
        let start = Int.random(in: 0..<text.length, using: &generator)
        ranges[kind] = [start..<Int.random(in: start...text.length, using: &generator)]
      }
      let read = try #require(
        parse(html(text, removed: ranges[0], inserted: ranges[1])), "seed \(seed): \(text.text.debugDescription)")
      #expect(Array(read.text.utf16) == Array(text.text.utf16), "seed \(seed)")
      #expect(
        read.tags.isSubset(of: ["b", "i", "u", "s", "span", "code", "pre", "a", "blockquote", "del", "ins"]),
        "seed \(seed)")
    }
  }

  @Test func addressesOfFilesAreEscaped() {
    var html = TextBuffer()
    html.append(addressOf: "media/a b\"<é?#.jpg", from: "../../")
    #expect(html.string == "../../media/a%20b%22%3C%C3%A9%3F%23.jpg")
    html.clear()
    html.append(addressOf: "/srv/a.jpg", from: "../../")
    #expect(html.string == "file:///srv/a.jpg")
  }
}
