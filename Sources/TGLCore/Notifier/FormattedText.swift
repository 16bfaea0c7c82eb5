/// Text with its formatting, as Telegram keeps it: never markup, so no text can be taken for formatting.
///
/// Offsets and lengths count UTF-16 units.
/// Source: "Styled text with message entities", core.telegram.org/api/entities.
public struct FormattedText: Hashable, Sendable {
  public var text: String
  /// In order of their offsets; they may nest and overlap.
  public var entities: [TextEntity]

  public init(_ text: String = "", entities: [TextEntity] = []) {
    self.text = text
    self.entities = entities
  }

  /// Length in UTF-16 units.
  public var length: Int { text.utf16.count }
  public var isEmpty: Bool { text.isEmpty }
}

/// Formatting of a stretch of text.
public struct TextEntity: Hashable, Sendable {
  public var style: TextStyle
  /// In UTF-16 units.
  public var offset: Int
  /// In UTF-16 units.
  public var length: Int

  public init(_ style: TextStyle, offset: Int, length: Int) {
    self.style = style
    self.offset = offset
    self.length = length
  }

  public var end: Int { offset + length }
}

/// What an entity says of its stretch of text.
public enum TextStyle: Hashable, Sendable {
  case mention, hashtag, cashtag, botCommand, url, email, phone, bankCard
  case bold, italic, underline, strikethrough, spoiler, code
  case pre(language: String)
  case link(url: String)
  /// Opens the profile of a user, by the bare id.
  case userLink(Int64)
  case customEmoji(documentID: Int64)
  case blockquote(collapsed: Bool)
  /// A moment that each reader's client shows in its own time zone; the flags are the schema's.
  case formattedDate(Int32, flags: Set<DateFlag>)

  public enum DateFlag: String, Hashable, Sendable, CaseIterable {
    case relative, shortTime, longTime, shortDate, longDate, dayOfWeek
  }
}

extension FormattedText {
  /// Adds text in one style at the end.
  public mutating func append(_ addition: String, _ styles: TextStyle...) {
    let start = length
    text += addition
    let added = length - start
    guard added > 0 else { return }
    for style in styles { entities.append(TextEntity(style, offset: start, length: added)) }
  }

  /// Adds text with its own formatting at the end.
  public mutating func append(_ addition: FormattedText) {
    let start = length
    text += addition.text
    for entity in addition.entities {
      entities.append(TextEntity(entity.style, offset: entity.offset + start, length: entity.length))
    }
  }

  /// The same with no entity outside the text, none empty, and all in order.
  ///
  /// What a peer sent is not to be trusted in this, and the server refuses a post whose entities are out of bounds.
  public var normalized: FormattedText {
    let length = self.length
    let kept = entities.compactMap { entity -> TextEntity? in
      guard entity.offset >= 0, entity.offset < length, entity.length > 0 else { return nil }
      return TextEntity(entity.style, offset: entity.offset, length: min(entity.length, length - entity.offset))
    }
    return FormattedText(text, entities: kept.sortedByOffset)
  }
}

extension [TextEntity] {
  /// In order of offset, outer before inner; equal ones stay as they were.
  var sortedByOffset: [TextEntity] {
    enumerated().sorted { left, right in
      (left.element.offset, -left.element.length, left.offset)
        < (right.element.offset, -right.element.length, right.offset)
    }.map(\.element)
  }
}
