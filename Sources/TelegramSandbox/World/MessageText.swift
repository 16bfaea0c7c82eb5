/// Text with its formatting.
struct MessageText: Hashable, Sendable {
  /// Longest text of a message, in Unicode scalars (`config.message_length_max`).
  static let maximumLength = 4096
  /// Longest caption of a medium (`config.caption_length_max`).
  static let maximumCaptionLength = 1024
  /// Entities past this many are dropped.
  static let maximumEntities = 100

  var string: String
  var entities: [TextEntity]

  static let empty = MessageText(string: "", entities: [])

  /// Text as the server stores it: trimmed, its entities moved along, sorted, and limited in number.
  ///
  /// - Throws: `ENTITY_BOUNDS_INVALID` for an entity that reaches out of the text.
  static func normalized(_ string: String, _ entities: [TextEntity]) throws(RPCFailure) -> MessageText {
    let length = string.utf16.count
    for entity in entities {
      let (end, overflow) = entity.offset.addingReportingOverflow(entity.length)
      guard entity.offset >= 0, entity.length > 0, !overflow, end <= length else { throw .entityBoundsInvalid }
    }
    let leading = string.prefix { $0.isWhitespace }.utf16.count
    let kept = string.dropFirst(string.prefix { $0.isWhitespace }.count)
    let text = String(kept.dropLast(kept.reversed().prefix { $0.isWhitespace }.count))
    let last = Int32(text.utf16.count)
    let moved = entities.prefix(maximumEntities).compactMap { entity -> TextEntity? in
      let start = min(max(entity.offset - Int32(leading), 0), last)
      let end = min(max(entity.offset + entity.length - Int32(leading), 0), last)
      guard end > start else { return nil }
      return TextEntity(kind: entity.kind, offset: start, length: end - start)
    }
    return MessageText(
      string: text,
      entities: moved.enumerated().sorted {
        ($0.element.offset, -$0.element.length, $0.offset) < ($1.element.offset, -$1.element.length, $1.offset)
      }.map(\.element))
  }
}
