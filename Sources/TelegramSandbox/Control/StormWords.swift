public import TL

/// The words of a storm's message: of one language, as often used as words are, with odd ones among them.
struct StormWords {
  private(set) var text: String
  var entities: [TextEntity] = []
  private var length: Int32

  init(name: String) {
    text = name
    length = Int32(name.utf16.count)
  }

  private enum Script: CaseIterable { case latin, cyrillic, han, arabic }

  private static let syllables: [Script: [String]] = [
    .latin: ["ta", "re", "on", "ing", "mi", "es", "the", "lo", "an", "der", "vu", "sch", "o", "qua", "né", "ra"],
    .cyrillic: ["на", "по", "ст", "ова", "ни", "ем", "ра", "ж", "то", "ли", "ого", "вы", "ё", "ко", "ть", "при"],
    .arabic: ["ال", "مر", "حبا", "كت", "اب", "سل", "ام", "يو", "نه", "ار", "بي", "ت", "وا", "عل", "مد", "ين"],
  ]
  /// What breaks programs that take text for something else.
  private static let odd = [
    "🙂", "👩\u{200D}👩\u{200D}👧\u{200D}👦", "🎉", "naïve", "Straße", "e\u{301}te\u{301}", "https://example.org/a?b=c",
    "@somebody", "#topic", "*not bold*", "_x_", "<b>", "`code`", "[x](y)", "\n", "\u{202E}txet", "12:30",
    "+44 20 7946 0000",
  ]
  /// Different words of a language.
  private static let vocabulary = 60_000.0

  mutating func append(_ count: Int, using generator: inout SeededGenerator) {
    // Of twenty messages, nine are in Latin letters, seven in Cyrillic, two each in Chinese and Arabic.
    let script: Script =
      switch Int.random(in: 0..<20, using: &generator) {
      case 0..<9: .latin
      case 9..<16: .cyrillic
      case 16..<18: .han
      default: .arabic
      }
    for _ in 0..<count {
      let isOdd = Int.random(in: 0..<16, using: &generator) == 0
      append(isOdd ? Self.odd[Int.random(in: 0..<Self.odd.count, using: &generator)] : word(script, using: &generator))
    }
  }

  private mutating func append(_ word: String) {
    let size = Int32(word.utf16.count)
    if let kind = Self.linked(word) { entities.append(TextEntity(kind: kind, offset: length + 1, length: size)) }
    text += " " + word
    length += 1 + size
  }

  /// A word; the n-th is used as often as one n-th of how often the first is (Zipf's law).
  private func word(_ script: Script, using generator: inout SeededGenerator) -> String {
    var rank = Int(Self.power(Self.vocabulary, Double.random(in: 0..<1, using: &generator)))
    guard let syllables = Self.syllables[script] else {
      // Sentences of two to eight characters without a space.
      var sentence = ""
      for _ in 0..<Int.random(in: 2...8, using: &generator) {
        let character = UInt32(Self.power(5_000, Double.random(in: 0..<1, using: &generator)))
        if let scalar = Unicode.Scalar(0x4E00 + character) { sentence.unicodeScalars.append(scalar) }
      }
      return sentence
    }
    var word = ""
    repeat {
      word += syllables[rank % syllables.count]
      rank /= syllables.count
    } while rank > 0
    return word
  }

  /// `base` to the power of a number from 0 to 1, without a library: seeds must give the same texts everywhere.
  private static func power(_ base: Double, _ exponent: Double) -> Double {
    var result = 1.0
    var (root, rest) = (base, exponent)
    for _ in 0..<24 {
      root = root.squareRoot()
      rest *= 2
      if rest >= 1 {
        result *= root
        rest -= 1
      }
    }
    return result
  }

  /// What Telegram makes of some words by itself.
  private static func linked(_ word: String) -> TextEntity.Kind? {
    switch word.first {
    case "@": .mention
    case "#": .hashtag
    case "h" where word.hasPrefix("https://"): .url
    default: nil
    }
  }
}

extension StormWords {
  /// A text of a message's usual length, with a name of its own and some formatting.
  static func message(_ name: String, using generator: inout SeededGenerator) throws -> MessageText {
    var words = StormWords(name: "\(name):")
    // Most are a line; some are long.
    let isLong = Int.random(in: 0..<20, using: &generator) == 0
    let count = Int.random(in: isLong ? 50...200 : 2...15, using: &generator)
    words.append(count, using: &generator)
    if Int.random(in: 0..<3, using: &generator) == 0 {
      words.entities.append(TextEntity(kind: .bold, offset: 0, length: Int32(name.utf16.count)))
    }
    return try MessageText.normalized(words.text, words.entities)
  }
}

/// A text as storms say them, for those who want such without a sandbox.
public struct StormText: Sendable {
  public let text: String
  public let entities: [API.AnyMessageEntity]

  /// The same for the same name and seed, on every machine.
  public init(name: String, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let message = try StormWords.message(name, using: &generator)
    text = message.string
    entities = message.entities.map(\.entity)
  }
}
