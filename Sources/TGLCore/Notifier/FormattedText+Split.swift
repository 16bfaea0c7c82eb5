extension FormattedText {
  /// Cuts the text into pieces that fit, at the end of a paragraph or a word where there is one.
  ///
  /// The pieces' texts joined are the text: nothing is lost, not even white space. No cut falls inside a surrogate
  /// pair, nor inside a character as readers see it unless one alone is longer than the limit. Entities are cut where
  /// the text is.
  /// - Parameters:
  ///   - limit: UTF-16 units a piece may have, at least 2.
  ///   - first: UTF-16 units the first piece may have; `limit` when nil.
  ///   - entityLimit: entities a piece may have. Where more cover one place, formatting is left out, never text.
  public func split(limit: Int, first: Int? = nil, entityLimit: Int, firstEntities: Int? = nil) -> [FormattedText] {
    let sorted = normalized
    var cursor = SplitCursor(sorted, limit: max(limit, 2))
    var pieces: [FormattedText] = []
    var room = first ?? limit
    var entityRoom = firstEntities ?? entityLimit
    while !cursor.isAtEnd || pieces.isEmpty {
      pieces.append(cursor.next(room: room, entityRoom: entityRoom))
      room = max(limit, 2)
      entityRoom = entityLimit
    }
    return pieces
  }
}

/// Walks through a text, a piece at a time.
private struct SplitCursor {
  private let text: String
  private let limit: Int
  /// Entities that end behind the start of the next piece, in order.
  private var entities: ArraySlice<TextEntity>
  /// Those among them that began in an earlier piece.
  private var open: [TextEntity] = []
  private var index: String.Index
  /// Of `index`, in UTF-16 units.
  private var offset = 0

  init(_ source: FormattedText, limit: Int) {
    text = source.text
    entities = source.entities[...]
    index = source.text.startIndex
    self.limit = limit
  }

  var isAtEnd: Bool { index == text.endIndex }

  mutating func next(room: Int, entityRoom: Int) -> FormattedText {
    let start = offset
    // The entity that is one too many begins the next piece, when it does not begin this one.
    var bound = room
    let fresh = entityRoom - open.count
    if fresh >= 0, entities.count > fresh {
      let excess = entities[entities.startIndex + fresh]
      if excess.offset > start { bound = min(bound, excess.offset - start) }
    }
    let end = cut(within: bound, room: room)
    let piece = String(text[index..<end.index])
    index = end.index
    offset = end.offset

    var inside = open
    while let entity = entities.first, entity.offset < offset {
      inside.append(entity)
      entities.removeFirst()
    }
    open = inside.filter { $0.end > offset }
    let kept = inside.prefix(max(entityRoom, 0)).map { entity in
      let from = max(entity.offset, start)
      return TextEntity(entity.style, offset: from - start, length: min(entity.end, offset) - from)
    }
    return FormattedText(piece, entities: kept.sortedByOffset)
  }

  private typealias Position = (index: String.Index, offset: Int)

  /// Where the piece that starts at `index` ends.
  ///
  /// - Parameters:
  ///   - bound: UTF-16 units it should not be longer than.
  ///   - room: UTF-16 units it must not be longer than.
  private func cut(within bound: Int, room: Int) -> Position {
    var position: Position = (index, offset)
    var paragraph: Position?
    var word: Position?
    while let next = character(after: position), next.offset - offset <= bound {
      let character = text[position.index]
      if character.isNewline {
        paragraph = next
      } else if character.isWhitespace {
        word = next
      }
      position = next
    }
    if position.index == text.endIndex { return position }
    // A break near the beginning would make a tiny piece: better a word's end than that, and better any place.
    if let paragraph, paragraph.offset - offset > bound / 2 { return paragraph }
    if let word, word.offset - offset > bound / 4 { return word }
    if position.index > index { return position }
    return cutFirstCharacter(room: room)
  }

  /// The first character alone does not fit.
  private func cutFirstCharacter(room: Int) -> Position {
    var position: Position = (index, offset)
    guard let whole = character(after: position) else { return position }
    if whole.offset - offset <= room { return whole }
    // The next piece has room for all of it.
    if room < limit, whole.offset - offset <= limit { return position }
    while position.index < text.endIndex {
      let next = text.unicodeScalars.index(after: position.index)
      let width = text.utf16.distance(from: position.index, to: next)
      if position.offset - offset + width > room { break }
      position = (next, position.offset + width)
    }
    return position
  }

  private func character(after position: Position) -> Position? {
    guard position.index < text.endIndex else { return nil }
    let next = text.index(after: position.index)
    return (next, position.offset + text.utf16.distance(from: position.index, to: next))
  }
}
