import Foundation

// The form formatting is kept in: the Bot API's names, so that what is exported needs no explanation.
// Source: core.telegram.org/bots/api, "MessageEntity". `text_mention` carries `user_id` instead of a user.

extension TextEntity: Codable {
  private enum CodingKeys: String, CodingKey {
    case type, offset, length, language, url
    case userID = "user_id"
    case customEmojiID = "custom_emoji_id"
    case date, flags
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let type = try container.decode(String.self, forKey: .type)
    // As in the schema, where both are an `int`.
    offset = Int(try container.decode(Int32.self, forKey: .offset))
    length = Int(try container.decode(Int32.self, forKey: .length))
    switch type {
    case "pre": style = .pre(language: try container.decodeIfPresent(String.self, forKey: .language) ?? "")
    case "text_link": style = .link(url: try container.decode(String.self, forKey: .url))
    case "text_mention": style = .userLink(try container.decode(Int64.self, forKey: .userID))
    case "custom_emoji":
      // A string, as in the Bot API: readers of JSON lose digits of such numbers.
      let id = Int64(try container.decode(String.self, forKey: .customEmojiID))
      guard let id else {
        throw DecodingError.dataCorruptedError(forKey: .customEmojiID, in: container, debugDescription: "no number")
      }
      style = .customEmoji(documentID: id)
    case "date_time":
      let names = try container.decodeIfPresent([String].self, forKey: .flags) ?? []
      style = .formattedDate(
        try container.decode(Int32.self, forKey: .date), flags: Set(names.compactMap(TextStyle.DateFlag.init)))
    default:
      guard let plain = TextStyle.byName[type] else {
        throw DecodingError.dataCorruptedError(forKey: .type, in: container, debugDescription: "unknown: \(type)")
      }
      style = plain
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(style.name, forKey: .type)
    try container.encode(offset, forKey: .offset)
    try container.encode(length, forKey: .length)
    switch style {
    case .pre(let language): if !language.isEmpty { try container.encode(language, forKey: .language) }
    case .link(let url): try container.encode(url, forKey: .url)
    case .userLink(let id): try container.encode(id, forKey: .userID)
    case .customEmoji(let id): try container.encode(String(id), forKey: .customEmojiID)
    case .formattedDate(let date, let flags):
      try container.encode(date, forKey: .date)
      try container.encode(flags.map(\.rawValue).sorted(), forKey: .flags)
    default: break
    }
  }
}

extension TextStyle {
  /// The Bot API's name of the style.
  var name: String {
    switch self {
    case .mention: "mention"
    case .hashtag: "hashtag"
    case .cashtag: "cashtag"
    case .botCommand: "bot_command"
    case .url: "url"
    case .email: "email"
    case .phone: "phone_number"
    case .bankCard: "bank_card"
    case .bold: "bold"
    case .italic: "italic"
    case .underline: "underline"
    case .strikethrough: "strikethrough"
    case .spoiler: "spoiler"
    case .code: "code"
    case .pre: "pre"
    case .link: "text_link"
    case .userLink: "text_mention"
    case .customEmoji: "custom_emoji"
    case .blockquote(let collapsed): collapsed ? "expandable_blockquote" : "blockquote"
    case .formattedDate: "date_time"
    }
  }

  /// The styles that are told by their name alone.
  fileprivate static let byName: [String: TextStyle] = {
    let plain: [TextStyle] = [
      .mention, .hashtag, .cashtag, .botCommand, .url, .email, .phone, .bankCard, .bold, .italic, .underline,
      .strikethrough, .spoiler, .code, .blockquote(collapsed: false), .blockquote(collapsed: true),
    ]
    return Dictionary(plain.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }()
}

extension FormattedText: Codable {
  private enum CodingKeys: String, CodingKey { case text, entities }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    text = try container.decode(String.self, forKey: .text)
    // Damaged formatting must not keep the text from being shown.
    entities = (try? container.decodeIfPresent([TextEntity].self, forKey: .entities)) ?? []
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(text, forKey: .text)
    if !entities.isEmpty { try container.encode(entities, forKey: .entities) }
  }
}

/// JSON as the archive's columns hold it: compact, and the same bytes for the same value.
enum ArchiveJSON {
  struct Unreadable: Error { var detail: String }

  static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decode<T: Decodable>(_ type: T.Type, from text: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }

  /// Null for text without formatting.
  static func encode(entities: [TextEntity]) -> String? {
    if entities.isEmpty { return nil }
    var json = JSONText()
    json.add(entities)
    return json.text.string
  }

  /// What cannot be read is left out, for the same reason as in `FormattedText`.
  static func decode(entities: String?) -> [TextEntity] {
    guard let entities else { return [] }
    return (try? decode([TextEntity].self, from: entities)) ?? []
  }
}

/// The same as an encoder makes of them, in a tenth of the time: a third of all messages have some.
extension JSONText {
  mutating func add(_ entities: [TextEntity]) {
    beginArray()
    for entity in entities { add(entity) }
    endArray()
  }

  private mutating func add(_ entity: TextEntity) {
    beginObject()
    field("type", entity.style.name)
    field("offset", entity.offset)
    field("length", entity.length)
    switch entity.style {
    case .pre(let language): if !language.isEmpty { field("language", language) }
    case .link(let url): field("url", url)
    case .userLink(let id): field("user_id", id)
    case .customEmoji(let id): field("custom_emoji_id", String(id))
    case .formattedDate(let date, let flags):
      field("date", Int(date))
      key("flags")
      beginArray()
      for flag in flags.map(\.rawValue).sorted() { value(flag) }
      endArray()
    default: break
    }
    endObject()
  }
}
