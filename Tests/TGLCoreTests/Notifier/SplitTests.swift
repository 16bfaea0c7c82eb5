import TestSupport
import Testing

@testable import TGLCore

@Suite struct SplitTests {
  /// Style by style, what is said of every UTF-16 unit.
  private func coverage(_ text: FormattedText) -> [Int: Set<TextStyle>] {
    var styles: [Int: Set<TextStyle>] = [:]
    for entity in text.entities {
      for unit in entity.offset..<entity.end { styles[unit, default: []].insert(entity.style) }
    }
    return styles
  }

  @Test(arguments: 0..<60)
  func nothingIsLostAndEverythingFits(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<20 {
      let limit = [2, 3, 7, 40, 300].randomElement(using: &generator) ?? 40
      let first = Bool.random(using: &generator) ? nil : Int.random(in: 0...limit, using: &generator)
      let source = RandomText.formatted(
        length: Int.random(in: 0...900, using: &generator), entities: Int.random(in: 0...12, using: &generator),
        using: &generator)
      let pieces = source.split(limit: limit, first: first, entityLimit: 20)
      // Compared by their units: equal strings may differ in their code points.
      #expect(pieces.flatMap { Array($0.text.utf16) } == Array(source.text.utf16), "seed \(seed)")
      var joined = FormattedText()
      for (index, piece) in pieces.enumerated() {
        #expect(piece.length <= (index == 0 ? first ?? limit : limit), "seed \(seed)")
        #expect(index == 0 || !piece.isEmpty, "seed \(seed)")
        #expect(piece.entities.count <= 20)
        #expect(piece.entities.allSatisfy { $0.offset >= 0 && $0.length > 0 && $0.end <= piece.length }, "seed \(seed)")
        #expect(piece.normalized == piece)
        joined.append(piece)
      }
      #expect(coverage(joined) == coverage(source), "seed \(seed)")
    }
  }

  @Test(arguments: 0..<40)
  func charactersStayWholeWhereTheyFit(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let text = RandomText.text(length: 3000, using: &generator)
    // The longest character of these texts is a family of 11 units and what may join it.
    let pieces = FormattedText(text).split(limit: 200, entityLimit: 100)
    guard text.allSatisfy({ $0.utf16.count <= 200 }) else { return }
    #expect(pieces.flatMap { Array($0.text) } == Array(text), "seed \(seed)")
  }

  @Test func pieceEndsWithAParagraphOrAWord() {
    let paragraphs = String(repeating: "a", count: 30) + "\n" + String(repeating: "b", count: 30)
    #expect(FormattedText(paragraphs).split(limit: 40, entityLimit: 9).map(\.length) == [31, 30])
    #expect(
      FormattedText("one two three four").split(limit: 10, entityLimit: 9).map(\.text) == ["one two ", "three four"])
    #expect(FormattedText("漢字漢字漢字").split(limit: 4, entityLimit: 9).map(\.text) == ["漢字漢字", "漢字"])
  }

  @Test(arguments: [4095, 4096, 4097, 8192, 8193])
  func boundaryIsExact(length: Int) {
    let pieces = FormattedText(String(repeating: "x", count: length)).split(limit: 4096, entityLimit: 100)
    #expect(pieces.count == (length + 4095) / 4096)
    #expect(pieces.map(\.length).reduce(0, +) == length)
  }

  @Test func emojiAcrossTheBoundaryMovesOver() {
    let text = String(repeating: "x", count: 4090) + "👩‍👩‍👧‍👦"
    let pieces = FormattedText(text).split(limit: 4096, entityLimit: 100)
    #expect(pieces.map(\.text) == [String(repeating: "x", count: 4090), "👩‍👩‍👧‍👦"])
  }

  @Test func characterLongerThanAPieceIsCutBetweenCodePoints() {
    let tower = "e" + String(repeating: "\u{301}", count: 50) + "𝕏"
    let pieces = FormattedText(tower).split(limit: 10, entityLimit: 9)
    #expect(pieces.flatMap { Array($0.text.utf16) } == Array(tower.utf16))
    #expect(pieces.allSatisfy { $0.length <= 10 })
  }

  @Test func moreEntitiesThanAPieceMayHaveBeginAnother() {
    let text = String(repeating: "ab ", count: 250)
    let entities = (0..<250).map { TextEntity(.bold, offset: $0 * 3, length: 2) }
    let pieces = FormattedText(text, entities: entities).split(limit: 4096, entityLimit: 100)
    #expect(pieces.map(\.entities.count) == [100, 100, 50])
    #expect(pieces.map(\.text).joined() == text)
  }

  @Test func entitiesPiledOnOnePlaceCostFormattingNotText() {
    let entities = (0..<150).map { TextEntity(.link(url: "https://x/\($0)"), offset: 0, length: 4) }
    let pieces = FormattedText("text", entities: entities).split(limit: 4096, entityLimit: 100)
    #expect(pieces.map(\.text).joined() == "text")
    #expect(pieces.allSatisfy { $0.entities.count <= 100 })
  }

  @Test func entityInsideASurrogatePairDoesNotStopTheSplit() {
    let entities = [TextEntity(.bold, offset: 0, length: 1), TextEntity(.bold, offset: 1, length: 1)]
    let pieces = FormattedText("𝕏𝕏", entities: entities).split(limit: 100, entityLimit: 1)
    #expect(pieces.map(\.text).joined() == "𝕏𝕏")
  }
}
