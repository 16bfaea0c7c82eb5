import Foundation

/// Tells the words of a text apart, as the index does.
enum SearchWords {
  struct Word {
    /// As the index is given it: see `SearchText`.
    var text: String
    /// In UTF-16 code units.
    var range: Range<Int>
  }

  /// Letters, digits and marks stand in words, as FTS5's `unicode61` has it; those of scripts without spaces are words of
  /// their own.
  static func words(of text: String) -> [Word] {
    var words: [Word] = []
    var current: Word?
    var offset = 0
    func end() {
      if let word = current { words.append(word) }
      current = nil
    }
    for scalar in text.unicodeScalars {
      let next = offset + UTF16.width(scalar)
      let kind = kind(of: scalar)
      if kind == .separator || (kind == .mark && current == nil) {
        end()
      } else if SearchText.isUnspaced(scalar) {
        end()
        if kind == .letter { words.append(Word(text: String(scalar), range: offset..<next)) }
      } else {
        var word = current ?? Word(text: "", range: offset..<next)
        word.text += SearchText.indexed(String(scalar))
        word.range = word.range.lowerBound..<next
        current = word
      }
      offset = next
    }
    end()
    return words
  }

  private enum Kind { case letter, mark, separator }

  private static func kind(of scalar: Unicode.Scalar) -> Kind {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
      .letterNumber, .otherNumber, .privateUse:
      .letter
    case .nonspacingMark: .mark
    default: .separator
    }
  }

  /// A word without the differences a search passes over.
  static func folded(_ word: String) -> String {
    word.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
  }
}

extension SearchQuery {
  /// Where a text shows what is looked for: UTF-16 code units, in order, not overlapping.
  func hits(in text: String) -> [Range<Int>] {
    let words = SearchWords.words(of: text)
    let folded = words.map { SearchWords.folded($0.text) }
    var hits: [Range<Int>] = []
    for phrase in wanted {
      let sought = phrase.words.map(SearchWords.folded)
      guard sought.count <= folded.count else { continue }
      for start in 0...(folded.count - sought.count) {
        let isHit = sought.indices.allSatisfy { index in
          let word = folded[start + index]
          return phrase.isPrefix && index == sought.count - 1 ? word.hasPrefix(sought[index]) : word == sought[index]
        }
        if isHit { hits.append(words[start].range.lowerBound..<words[start + sought.count - 1].range.upperBound) }
      }
    }
    return hits.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { merged, hit in
      if let last = merged.last, hit.lowerBound < last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, hit.upperBound)
      } else {
        merged.append(hit)
      }
    }
  }
}
