/// What somebody looks for: words, "phrases", the beginnings of words (`word*`), and -words that must not be there.
///
/// All of a text's words must be found, in any order. Whatever is typed is a query or no query, never an error of SQL.
public struct SearchQuery: Sendable, Hashable {
  /// Words that stand next to each other.
  struct Phrase: Sendable, Hashable {
    /// As the index has them, without folding of case and accents.
    var words: [String]
    /// Whether the last word only begins so.
    var isPrefix: Bool
  }

  let wanted: [Phrase]
  let unwanted: [Phrase]

  /// Nil when there is no word to look for in it.
  public init?(_ text: String) {
    var wanted: [Phrase] = []
    var unwanted: [Phrase] = []
    var rest = text[...]
    while true {
      rest = rest.drop { $0.isWhitespace }
      guard let first = rest.first else { break }
      let isUnwanted = first == "-" && rest.count > 1
      if isUnwanted { rest = rest.dropFirst() }
      let item: Substring
      var isPrefix = false
      if let quote = rest.first, let closing = Self.closing(quote) {
        rest = rest.dropFirst()
        item = rest.prefix { $0 != closing }
        rest = rest.dropFirst(item.count + 1)
        if rest.first == "*" {
          isPrefix = true
          rest = rest.dropFirst()
        }
      } else {
        let word = rest.prefix { !$0.isWhitespace && $0 != "\"" }
        rest = rest.dropFirst(word.count)
        isPrefix = word.last == "*"
        item = word
      }
      let words = SearchWords.words(of: String(item)).map { String($0.text) }
      if words.isEmpty { continue }
      let phrase = Phrase(words: words, isPrefix: isPrefix)
      if isUnwanted { unwanted.append(phrase) } else { wanted.append(phrase) }
    }
    if wanted.isEmpty { return nil }
    self.wanted = wanted
    self.unwanted = unwanted
  }

  private static func closing(_ quote: Character) -> Character? {
    switch quote {
    case "\"": "\""
    case "“", "„": "”"
    case "«": "»"
    default: nil
    }
  }

  /// As FTS5 wants it.
  ///
  /// Words are quoted, so that none of them can be an operator.
  ///
  /// Source: "Full-text Query Syntax", sqlite.org/fts5.html.
  var fts5: String {
    var query = wanted.map(Self.fts5).joined(separator: " AND ")
    for phrase in unwanted { query = "(\(query)) NOT \(Self.fts5(phrase))" }
    return query
  }

  private static func fts5(_ phrase: Phrase) -> String {
    // A word holds letters and digits only, so no quote.
    "\"\(phrase.words.joined(separator: " "))\"\(phrase.isPrefix ? " *" : "")"
  }
}
