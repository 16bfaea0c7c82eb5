/// Which words two versions of a text do not share.
///
/// Myers' algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986) over words, with a bound on its cost:
/// texts that have less in common than `maximumDistance` allows are told apart as wholes between what they begin and
/// end with alike.
struct TextDiff: Equatable {
  /// Stretches of the old text that are gone, in UTF-16 units, in order.
  private(set) var removed: [Range<Int>] = []
  /// Stretches of the new text that were not there, in UTF-16 units, in order.
  private(set) var inserted: [Range<Int>] = []

  /// - Parameter maximumDistance: removals plus insertions of words after which the search ends; time and memory grow
  ///   with its square.
  init(from old: String, to new: String, maximumDistance: Int = 400) {
    let before = TextToken.tokens(of: old)
    let after = TextToken.tokens(of: new)
    let shorter = min(before.count, after.count)
    var prefix = 0
    while prefix < shorter, before[prefix].text == after[prefix].text { prefix += 1 }
    var suffix = 0
    while suffix < shorter - prefix,
      before[before.count - 1 - suffix].text == after[after.count - 1 - suffix].text
    { suffix += 1 }
    let oldMiddle = before[prefix..<(before.count - suffix)]
    let newMiddle = after[prefix..<(after.count - suffix)]

    var gone = [Bool](repeating: true, count: oldMiddle.count)
    var added = [Bool](repeating: true, count: newMiddle.count)
    for (x, y) in Self.matches(oldMiddle, newMiddle, maximumDistance: maximumDistance) {
      gone[x] = false
      added[y] = false
    }
    removed = Self.ranges(oldMiddle, marked: gone)
    inserted = Self.ranges(newMiddle, marked: added)
  }

  /// Pairs of indices, counted from the slices' starts, of the words both have; empty when the distance is too great.
  private static func matches(
    _ old: ArraySlice<TextToken>, _ new: ArraySlice<TextToken>, maximumDistance: Int
  ) -> [(Int, Int)] {
    // Numbers instead of texts: each comparison in the search is one of integers.
    var numbers: [Substring: Int] = [:]
    func number(_ token: TextToken) -> Int {
      if let known = numbers[token.text] { return known }
      numbers[token.text] = numbers.count
      return numbers.count - 1
    }
    let a = old.map(number)
    let b = new.map(number)
    let limit = min(a.count + b.count, maximumDistance)
    var furthest = [Int](repeating: 0, count: 2 * limit + 3)
    let center = limit + 1
    // What `furthest` held from -d to d before each step, to walk back on.
    var trace: [[Int]] = []
    var found = false
    search: for d in 0...limit {
      trace.append(Array(furthest[(center - d)...(center + d)]))
      for k in stride(from: -d, through: d, by: 2) {
        let down = k == -d || (k != d && furthest[center + k - 1] < furthest[center + k + 1])
        var x = down ? furthest[center + k + 1] : furthest[center + k - 1] + 1
        var y = x - k
        while x < a.count, y < b.count, a[x] == b[y] {
          x += 1
          y += 1
        }
        furthest[center + k] = x
        if x >= a.count, y >= b.count {
          found = true
          break search
        }
      }
    }
    guard found else { return [] }

    var matches: [(Int, Int)] = []
    var x = a.count
    var y = b.count
    for d in trace.indices.reversed() {
      let row = trace[d]
      let k = x - y
      func reached(_ k: Int) -> Int { row[k + d] }
      var previousX = 0
      var previousY = 0
      if d > 0 {
        let down = k == -d || (k != d && reached(k - 1) < reached(k + 1))
        let previousK = down ? k + 1 : k - 1
        previousX = reached(previousK)
        previousY = previousX - previousK
      }
      while x > previousX, y > previousY {
        x -= 1
        y -= 1
        matches.append((x, y))
      }
      x = previousX
      y = previousY
    }
    return matches
  }

  /// Neighbouring marked words as one stretch; white space between two of them belongs to it.
  private static func ranges(_ tokens: ArraySlice<TextToken>, marked: [Bool]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var bridge: Range<Int>?
    for (token, isMarked) in zip(tokens, marked) {
      if isMarked {
        if let last = ranges.last, last.upperBound == token.range.lowerBound || bridge?.lowerBound == last.upperBound {
          ranges[ranges.count - 1] = last.lowerBound..<token.range.upperBound
        } else {
          ranges.append(token.range)
        }
        bridge = nil
      } else {
        bridge = token.isSpace && bridge == nil && ranges.last?.upperBound == token.range.lowerBound ? token.range : nil
      }
    }
    return ranges
  }
}

/// A word, a run of white space, or any other character alone.
struct TextToken {
  var text: Substring
  /// In UTF-16 units.
  var range: Range<Int>
  var isSpace: Bool

  private enum Class { case word, space, single }

  static func tokens(of text: String) -> [TextToken] {
    var tokens: [TextToken] = []
    var offset = 0
    var start = text.startIndex
    var current: Class?
    func flush(to end: String.Index) {
      guard let kind = current, start < end else { return }
      let piece = text[start..<end]
      let width = piece.utf16.count
      tokens.append(TextToken(text: piece, range: offset..<(offset + width), isSpace: kind == .space))
      offset += width
      start = end
    }
    var index = text.startIndex
    while index < text.endIndex {
      let kind = classify(text[index])
      if kind != current || kind == .single { flush(to: index) }
      current = kind
      index = text.index(after: index)
    }
    flush(to: index)
    return tokens
  }

  /// Scripts that are written without spaces count by the character.
  private static func classify(_ character: Character) -> Class {
    if character.isWhitespace { return .space }
    guard character.isLetter || character.isNumber || character == "_" else { return .single }
    switch character.unicodeScalars.first?.value ?? 0 {
    case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xF900...0xFAFF, 0x20000...0x3FFFF:
      return .single
    default: return .word
    }
  }
}

extension FormattedText {
  /// The two versions with what they do not share marked: struck through in the old one, underlined in the new one.
  static func marked(before: FormattedText, after: FormattedText) -> (before: FormattedText, after: FormattedText) {
    let diff = TextDiff(from: before.text, to: after.text)
    return (before.marking(diff.removed, .strikethrough), after.marking(diff.inserted, .underline))
  }

  private func marking(_ ranges: [Range<Int>], _ style: TextStyle) -> FormattedText {
    let marks = ranges.map { TextEntity(style, offset: $0.lowerBound, length: $0.count) }
    return FormattedText(text, entities: (entities + marks).sortedByOffset)
  }
}
