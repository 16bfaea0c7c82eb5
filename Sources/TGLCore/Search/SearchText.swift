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
    var text = text
    return text.withUTF8 { utf8 -> String? in
      var result: [UInt8] = []
      // Whole stretches are copied at once; of most texts, nothing at all.
      var rest = 0
      for index in utf8.indices {
        // Yo is 0xD1 0x91 or 0xD0 0x81; whatever is unspaced begins with 0xE0 or more.
        let lead = utf8[index]
        if lead < 0xD0 || lead > 0xD1 && lead < 0xE0 { continue }
        let next = index + 1 < utf8.count ? utf8[index + 1] : 0
        if lead == 0xD0 && next != 0x81 || lead == 0xD1 && next != 0x91 { continue }
        let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        let bytes = utf8[index..<min(index + length, utf8.count)]
        if length > 2, !isUnspaced(bytes) { continue }
        if rest == 0 { result.reserveCapacity(utf8.count * 2) }
        result.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[rest..<index]))
        switch lead {
        case 0xD0: result.append(contentsOf: "Е".utf8)
        case 0xD1: result.append(contentsOf: "е".utf8)
        default:
          result.append(0x20)
          result.append(contentsOf: bytes)
          result.append(0x20)
        }
        rest = index + length
      }
      guard rest > 0 else { return nil }
      result.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[rest...]))
      return String(decoding: result, as: UTF8.self)
    } ?? text
  }

  /// The same of a character of three or four bytes.
  private static func isUnspaced(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    guard let lead = bytes.first else { return false }
    let bits = UInt32(lead) & (bytes.count == 3 ? 0x0F : 0x07)
    let value = bytes.dropFirst().reduce(bits) { $0 << 6 | UInt32($1 & 0x3F) }
    return Unicode.Scalar(value).map(isUnspaced) ?? false
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
