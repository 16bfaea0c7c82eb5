import Foundation
import TestSupport
import Testing

@testable import TGLCore

struct TelethonMarkdownTests {
  @Test(
    arguments: [
      (
        "**bold** and __italic__", "bold and italic",
        [TextEntity(.bold, offset: 0, length: 4), TextEntity(.italic, offset: 9, length: 6)]
      ),
      (
        "🙂 `a*b` ~~x~~", "🙂 a*b x",
        [TextEntity(.code, offset: 3, length: 3), TextEntity(.strikethrough, offset: 7, length: 1)]
      ),
      ("```\nlet x\n```", "let x", [TextEntity(.pre(language: ""), offset: 0, length: 5)]),
      (
        "[Bob](tg://user?id=42) [x](https://a.b)", "Bob x",
        [TextEntity(.userLink(42), offset: 0, length: 3), TextEntity(.link(url: "https://a.b"), offset: 4, length: 1)]
      ),
      ("**a __b__ c**", "a b c", [TextEntity(.bold, offset: 0, length: 5), TextEntity(.italic, offset: 2, length: 1)]),
      ("2 ** 3 is 8, a_b", "2 ** 3 is 8, a_b", []), ("", "", []), ("****", "****", []), ("[a](", "[a](", []),
    ] as [(String, String, [TextEntity])])
  func markdownBecomesEntities(markdown: String, text: String, entities: [TextEntity]) {
    #expect(TelethonMarkdown.parse(markdown) == FormattedText(text, entities: entities))
  }

  @Test func aTextThatIsNoMessageIsLeftAsItIs() {
    let text = String(repeating: "**x**", count: 10_000)
    #expect(TelethonMarkdown.parse(text) == FormattedText(text))
  }

  /// Telethon's own parser on the same texts.
  @Test(.enabled(if: Python.isAvailable, "TGL_PYTHON names no Python; 'make test' sets it"))
  func saysWhatTelethonSays() throws {
    var generator = SeededGenerator.run(73)
    let parts = [
      "**", "__", "~~", "`", "```", "*", "_", "[", "](", ")", "]", "(", "a", "bc", " ", "\n", "🙂", "Ж", "e\u{301}",
      "\u{1C}", "\u{A0}",
      "tg://user?id=7", "https://x.y", "👨‍👩‍👧",
    ]
    let texts = (0..<3000).map { _ in
      (0..<Int.random(in: 0...14, using: &generator)).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
    }
    let folder = try TemporaryFolder()
    let input = try folder.file("texts.json", JSONEncoder().encode(texts))
    let output = try Python.run(
      """
      import json, sys
      from telethon.extensions import markdown
      names = {'Bold': 'bold', 'Italic': 'italic', 'Strike': 'strikethrough', 'Code': 'code', 'Pre': 'pre', 'TextUrl': 'link'}
      for source in json.load(open(sys.argv[1])):
          text, entities = markdown.parse(source)
          length = len(text.encode('utf-16-le')) // 2
          found = [[names[type(e).__name__.removeprefix('MessageEntity')], e.offset, min(e.length, length - e.offset),
                    getattr(e, 'url', '')] for e in entities]
          # What the server would not take.
          print(json.dumps([text, sorted(e for e in found if e[1] >= 0 and e[2] > 0)]))
      """, input)
    let lines = output.split(separator: "\n")
    #expect(lines.count == texts.count)
    for (source, line) in zip(texts, lines) {
      let answer = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])
      let theirs = try #require(answer[1] as? [[Any]]).map { "\($0[0]) \($0[1]) \($0[2]) \($0[3])" }.sorted()
      let ours = TelethonMarkdown.parse(source)
      #expect(ours.text == answer[0] as? String, "\(source)")
      #expect(ours.entities.map(Self.described).sorted() == theirs, "\(source)")
    }
  }

  private static func described(_ entity: TextEntity) -> String {
    let (name, url): (String, String) =
      switch entity.style {
      case .bold: ("bold", "")
      case .italic: ("italic", "")
      case .strikethrough: ("strikethrough", "")
      case .code: ("code", "")
      case .pre: ("pre", "")
      case .link(let url): ("link", url)
      case .userLink(let id): ("link", "tg://user?id=\(id)")
      default: ("\(entity.style)", "")
      }
    return "\(name) \(entity.offset) \(entity.length) \(url)"
  }
}
