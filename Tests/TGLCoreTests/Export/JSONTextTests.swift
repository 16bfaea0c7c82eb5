import Foundation
import TestSupport
import Testing

@testable import TGLCore

@Suite struct JSONTextTests {
  @Test(arguments: 0..<50 as Range<UInt64>)
  func anyTextIsReadBack(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let controls = String((0..<0x20).compactMap { UnicodeScalar($0).map(Character.init) }) + "\"\\/\u{7F}\u{2028}"
    let text =
      RandomText.text(length: 200, using: &generator) + String(controls.shuffled(using: &generator))
      + RandomText.text(length: 20, using: &generator)
    var json = JSONText()
    json.beginObject()
    json.field("a", text)
    json.key("b")
    json.beginArray()
    json.value(text)
    json.value(Int64.min)
    json.value(false)
    json.null()
    json.value(1.5)
    json.endArray()
    json.field("absent", nil as String?)
    json.flag("unset", false)
    json.endObject()
    let read = try #require(
      try JSONSerialization.jsonObject(with: Data(json.text.bytes)) as? [String: Any], "seed \(seed)")
    #expect(Set(read.keys) == ["a", "b"])
    #expect((read["a"] as? String).map { Array($0.utf16) } == Array(text.utf16), "seed \(seed)")
    let list = try #require(read["b"] as? [Any])
    #expect(list.count == 5 && (list[1] as? NSNumber)?.int64Value == .min && list[3] is NSNull)
  }
}
