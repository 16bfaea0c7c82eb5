/// What of a text the index is given.
///
/// FTS5's `unicode61` tells words apart and folds case and accents, but scripts that are written without spaces would
/// become one word a sentence. Their characters are set apart by spaces, so that each is a word, and what is looked for is
/// a phrase of them: any part of a sentence is found, be it one character. The Cyrillic letter yo counts as ye, as people
/// write it.
///
/// This is done in SQL rather than by a tokenizer of our own: with that, no other program (the `sqlite3` shell, a backup
/// that is restored) could write the tables, since their triggers need it.
enum SearchText {
  /// Scripts without spaces between words: Thai, Lao, Myanmar, Hangul Jamo, Khmer, CJK radicals to unified ideographs
  /// with kana and bopomofo, Hangul, compatibility ideographs, half-width kana, and the ideographs beyond the first plane.
  static let unspaced: [ClosedRange<UInt32>] = [
    0x0E00...0x0EFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1780...0x17FF, 0x2E80...0x9FFF, 0xA960...0xA97F,
    0xAC00...0xD7FF, 0xF900...0xFAFF, 0xFF66...0xFFDC, 0x20000...0x3FFFF,
  ]

  static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x0E00 && unspaced.contains { $0.contains(scalar.value) }
  }

  /// The text as the index is given it.
  static func indexed(_ text: String) -> String {
    guard mayDiffer(text) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "ё": result.unicodeScalars.append("е")
      case "Ё": result.unicodeScalars.append("Е")
      case _ where isUnspaced(scalar): result += " \(scalar) "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// False for most texts, which are given as they are.
  private static func mayDiffer(_ text: String) -> Bool {
    var last: UInt8 = 0
    for byte in text.utf8 {
      // Below U+0E00 everything is one or two bytes long, or three that begin with 0xE0; yo is 0xD1 0x91 or 0xD0 0x81.
      if byte >= 0xE0 || byte == 0x91 && last == 0xD1 || byte == 0x81 && last == 0xD0 { return true }
      last = byte
    }
    return false
  }

  /// The same as an SQL expression of a text.
  ///
  /// Most texts are known by one range not to need any of it. The characters are taken from blocks of 64, since SQLite
  /// counts to the n-th from the beginning each time.
  static func sql(_ text: String) -> String {
    let any = "\(scalar(unspaced[0].lowerBound))-\(scalar(0x3FFFF))"
    let set = unspaced.map { "\(scalar($0.lowerBound))-\(scalar($0.upperBound))" }.joined()
    return """
      CASE WHEN \(text) NOT GLOB '*[\(any)]*' OR \(text) NOT GLOB '*[\(set)]*' THEN replace(replace(\(text), 'ё', 'е'), 'Ё', 'Е') ELSE (
            WITH RECURSIVE place (at, length, block) AS (
              SELECT 1, length(\(text)), substr(\(text), 1, 64) UNION ALL
              SELECT at + 1, length, CASE at % 64 WHEN 0 THEN substr(\(text), at + 1, 64) ELSE block END
                FROM place WHERE at < length)
            SELECT replace(replace(group_concat(
                CASE WHEN letter GLOB '[\(set)]' THEN ' ' || letter || ' ' ELSE letter END, ''),
              'ё', 'е'), 'Ё', 'Е')
            FROM (SELECT substr(block, (at - 1) % 64 + 1, 1) AS letter FROM place)) END
      """
  }

  private static func scalar(_ value: UInt32) -> Character { Unicode.Scalar(value).map { Character($0) } ?? "\u{FFFD}" }
}
