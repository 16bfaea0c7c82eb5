import Foundation
import TestSupport
import Testing

@testable import TGLCore

@Suite struct DesktopTextTests {
  private func json(_ text: FormattedText) throws -> [String: Any] {
    var json = JSONText()
    json.beginObject()
    json.add(DesktopText(text))
    json.endObject()
    let object = try JSONSerialization.jsonObject(with: Data(json.text.bytes))
    return try #require(object as? [String: Any])
  }

  @Test func plainTextIsAString() throws {
    let plain = try json(FormattedText("hello"))
    #expect(plain["text"] as? String == "hello")
    #expect((plain["text_entities"] as? [[String: String]]) == [["type": "plain", "text": "hello"]])
    let empty = try json(FormattedText())
    #expect(empty["text"] as? String == "" && (empty["text_entities"] as? [Any])?.isEmpty == true)
  }

  @Test func formattedTextIsAnArray() throws {
    let text = FormattedText(
      "a 🙂 link end",
      entities: [
        TextEntity(.bold, offset: 2, length: 2), TextEntity(.link(url: "https://x"), offset: 5, length: 4),
        TextEntity(.italic, offset: 6, length: 2),
      ])
    let parts = try #require(try json(text)["text"] as? [Any])
    #expect(parts.map { $0 as? String } == ["a ", nil, " ", nil, " end"])
    #expect(parts[1] as? [String: String] == ["type": "bold", "text": "🙂"])
    #expect(parts[3] as? [String: String] == ["type": "text_link", "text": "link", "href": "https://x"])
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func thePartsTogetherAreTheText(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<10 {
      let text = RandomText.formatted(
        length: Int.random(in: 0...300, using: &generator), entities: Int.random(in: 0...20, using: &generator),
        using: &generator)
      let parts = DesktopText(text).parts.map(\.text)
      #expect(Array(parts.joined().utf16) == Array(text.text.utf16), "seed \(seed)")
      let read = try json(text)["text_entities"] as? [[String: Any]]
      #expect(read?.compactMap { $0["text"] as? String } == parts, "seed \(seed)")
    }
  }
}
