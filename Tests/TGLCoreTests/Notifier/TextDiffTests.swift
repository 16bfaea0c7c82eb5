import TestSupport
import Testing

@testable import TGLCore

@Suite struct TextDiffTests {
  private func parts(_ text: String, _ ranges: [Range<Int>]) -> [String] {
    let units = Array(text.utf16)
    return ranges.map { String(decoding: units[$0], as: UTF16.self) }
  }

  private func remainder(_ text: String, without ranges: [Range<Int>]) -> [UInt16] {
    let units = Array(text.utf16)
    return units.indices.filter { index in !ranges.contains { $0.contains(index) } }.map { units[$0] }
  }

  @Test(arguments: [
    ("the cat sat", "the dog sat", ["cat"], ["dog"]),
    ("same", "same", [], []),
    ("", "new words", [], ["new words"]),
    ("old words", "", ["old words"], []),
    ("one two three", "one three", ["two "], []),
    ("price: 100 €", "price: 250 €", ["100"], ["250"]),
    ("a b c d", "a x y d", ["b c"], ["x y"]),
    ("漢字漢", "漢語漢", ["字"], ["語"]),
    ("Привет, мир", "Привет, Мир", ["мир"], ["Мир"]),
    ("👍 yes", "👎 yes", ["👍"], ["👎"]),
  ])
  func changedWordsAreFound(old: String, new: String, removed: [String], inserted: [String]) {
    let diff = TextDiff(from: old, to: new)
    #expect(parts(old, diff.removed) == removed)
    #expect(parts(new, diff.inserted) == inserted)
  }

  @Test(arguments: 0..<80)
  func whatIsNotMarkedIsCommonToBoth(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let words = ["a", "b", "c", " ", "\n", "漢", "👍🏽", "."]
    for _ in 0..<20 {
      func text() -> String {
        (0..<Int.random(in: 0...60, using: &generator)).map { _ in words.randomElement(using: &generator) ?? "" }
          .joined()
      }
      let old = text()
      let new = text()
      let limit = Bool.random(using: &generator) ? 400 : 5
      let diff = TextDiff(from: old, to: new, maximumDistance: limit)
      for (text, ranges) in [(old, diff.removed), (new, diff.inserted)] {
        #expect(ranges.allSatisfy { $0.lowerBound < $0.upperBound && $0.upperBound <= text.utf16.count })
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }, "seed \(seed)")
      }
      // White space between marked words is marked with them, in one text or in both.
      func visible(_ units: [UInt16]) -> [UInt16] { units.filter { $0 != 32 && $0 != 10 } }
      #expect(
        visible(remainder(old, without: diff.removed)) == visible(remainder(new, without: diff.inserted)),
        "seed \(seed): \(old.debugDescription) \(new.debugDescription)")
    }
  }

  /// The shortest edit script, by the textbook's table of longest common subsequences.
  @Test(arguments: 0..<30)
  func markedWordsAreAsFewAsCanBe(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    func text() -> String {
      (0..<Int.random(in: 0...25, using: &generator)).map { _ in
        "漢字語".randomElement(using: &generator).map(String.init) ?? ""
      }
      .joined()
    }
    let old = text()
    let new = text()
    let a = Array(old)
    let b = Array(new)
    var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in a.indices {
      for j in b.indices {
        table[i + 1][j + 1] = a[i] == b[j] ? table[i][j] + 1 : max(table[i][j + 1], table[i + 1][j])
      }
    }
    let diff = TextDiff(from: old, to: new)
    let common = table[a.count][b.count]
    #expect(diff.removed.map(\.count).reduce(0, +) == a.count - common, "seed \(seed)")
    #expect(diff.inserted.map(\.count).reduce(0, +) == b.count - common, "seed \(seed)")
  }

  @Test func textsWithNothingInCommonAreMarkedWhole() {
    let old = (0..<3000).map { "a\($0)" }.joined(separator: " ")
    let new = (0..<3000).map { "b\($0)" }.joined(separator: " ")
    let diff = TextDiff(from: old, to: new)
    #expect(diff.removed == [0..<old.utf16.count])
    #expect(diff.inserted == [0..<new.utf16.count])
  }

  @Test func marksStandBesideTheOriginalFormatting() {
    let before = FormattedText("the cat sat", entities: [TextEntity(.bold, offset: 0, length: 11)])
    let after = FormattedText("the dog sat", entities: [TextEntity(.italic, offset: 4, length: 3)])
    let marked = FormattedText.marked(before: before, after: after)
    #expect(
      marked.before.entities == [
        TextEntity(.bold, offset: 0, length: 11), TextEntity(.strikethrough, offset: 4, length: 3),
      ])
    #expect(
      marked.after.entities == [
        TextEntity(.italic, offset: 4, length: 3), TextEntity(.underline, offset: 4, length: 3),
      ])
    #expect(marked.before.text == before.text)
  }
}
