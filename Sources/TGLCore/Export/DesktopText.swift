/// Text as Telegram Desktop's export cuts it: into stretches one behind another, each of one kind.
///
/// Source: Telegram Desktop, `Telegram/SourceFiles/export/data/export_data_types.cpp`, `ParseText`: of entities that
/// overlap only the outermost counts.
struct DesktopText {
  struct Part {
    var type: StaticString
    var text: String
    var attribute: (name: StaticString, value: String)?
    /// Its attribute is a number.
    var isNumber = false
    var isPlain = false
  }

  let parts: [Part]

  init(_ text: FormattedText) {
    guard !text.entities.isEmpty else {
      parts = text.isEmpty ? [] : [Part(type: "plain", text: text.text, isPlain: true)]
      return
    }
    let units = UTF16Slices(text.text)
    var parts: [Part] = []
    var offset = 0
    func addPlain(upTo end: Int) {
      if end > offset { parts.append(Part(type: "plain", text: units[offset..<end], isPlain: true)) }
    }
    for entity in text.normalized.entities where entity.offset >= offset {
      addPlain(upTo: entity.offset)
      parts.append(Self.part(entity.style, units[entity.offset..<entity.end]))
      offset = entity.end
    }
    addPlain(upTo: units.count)
    self.parts = parts
  }

  private static func part(_ style: TextStyle, _ text: String) -> Part {
    switch style {
    case .mention: Part(type: "mention", text: text)
    case .hashtag: Part(type: "hashtag", text: text)
    case .cashtag: Part(type: "cashtag", text: text)
    case .botCommand: Part(type: "bot_command", text: text)
    case .url: Part(type: "link", text: text)
    case .email: Part(type: "email", text: text)
    case .phone: Part(type: "phone", text: text)
    case .bankCard: Part(type: "bank_card", text: text)
    case .bold: Part(type: "bold", text: text)
    case .italic: Part(type: "italic", text: text)
    case .underline: Part(type: "underline", text: text)
    case .strikethrough: Part(type: "strikethrough", text: text)
    case .spoiler: Part(type: "spoiler", text: text)
    case .code: Part(type: "code", text: text)
    case .pre(let language): Part(type: "pre", text: text, attribute: ("language", language))
    case .link(let url): Part(type: "text_link", text: text, attribute: ("href", url))
    case .userLink(let id): Part(type: "mention_name", text: text, attribute: ("user_id", "\(id)"), isNumber: true)
    case .customEmoji(let id): Part(type: "custom_emoji", text: text, attribute: ("document_id", "\(id)"))
    case .blockquote: Part(type: "blockquote", text: text)
    case .formattedDate: Part(type: "unknown", text: text)
    }
  }
}

/// A text cut at UTF-16 offsets; never inside a character of two units.
struct UTF16Slices {
  private let units: [UInt16]

  init(_ text: String) { units = Array(text.utf16) }

  var count: Int { units.count }

  subscript(range: Range<Int>) -> String {
    let start = whole(range.lowerBound)
    return String(decoding: units[start..<max(start, whole(range.upperBound))], as: UTF16.self)
  }

  /// The offset itself, or the end of the character it falls into.
  func whole(_ offset: Int) -> Int {
    guard offset > 0, offset < units.count else { return min(max(offset, 0), units.count) }
    return UTF16.isTrailSurrogate(units[offset]) && UTF16.isLeadSurrogate(units[offset - 1]) ? offset + 1 : offset
  }
}

extension JSONText {
  /// `text` and `text_entities`.
  mutating func add(_ text: DesktopText) {
    key("text")
    if text.parts.isEmpty {
      value("")
    } else if text.parts.count == 1, text.parts[0].isPlain {
      value(text.parts[0].text)
    } else {
      add(text.parts, plainAsStrings: true)
    }
    key("text_entities")
    add(text.parts, plainAsStrings: false)
  }

  private mutating func add(_ parts: [DesktopText.Part], plainAsStrings: Bool) {
    beginArray()
    for part in parts {
      if plainAsStrings, part.isPlain {
        value(part.text)
        continue
      }
      beginObject()
      field("type", "\(part.type)")
      field("text", part.text)
      if let (name, value) = part.attribute {
        key(name)
        if part.isNumber { raw(value) } else { self.value(value) }
      }
      endObject()
    }
    endArray()
  }
}
