import TestSupport

@testable import TGLCore

/// Texts with everything in them that makes cutting hard.
enum RandomText {
  private static let fragments = [
    "a", "word", "Wort", "слово", " ", "  ", "\n", "\n\n", "\r\n", "\t", "。", "漢", "字漢字", "かな", "한국어",
    "שלום", "مرحبا", "👍", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "e\u{301}", "Z̷̧̛͓͎a̶̹", "\u{200B}", "\u{202E}", "\u{2028}", "https://t.me/x",
    "ﷺ", "𝕏", "<b>", "**", "\\", "&amp;",
  ]

  static func text(length: Int, using generator: inout SeededGenerator) -> String {
    var text = ""
    // One fragment is preferred in stretches, so that texts without any break come up too.
    var favourite = fragments[0]
    while text.utf16.count < length {
      if Int.random(in: 0..<40, using: &generator) == 0 { favourite = fragments.randomElement(using: &generator) ?? "" }
      let isFavourite = Int.random(in: 0..<3, using: &generator) > 0
      text += isFavourite ? favourite : fragments.randomElement(using: &generator) ?? ""
      if favourite.isEmpty { favourite = "x" }
    }
    return text
  }

  static func formatted(length: Int, entities: Int, using generator: inout SeededGenerator) -> FormattedText {
    let text = self.text(length: length, using: &generator)
    let total = text.utf16.count
    guard total > 0 else { return FormattedText() }
    let list = (0..<entities).map { _ in
      TextEntity(
        FormattedTextTests.styles.randomElement(using: &generator) ?? .bold,
        offset: Int.random(in: 0..<total, using: &generator),
        length: Int.random(in: 1...max(total / 3, 1), using: &generator))
    }
    return FormattedText(text, entities: list).normalized
  }
}
