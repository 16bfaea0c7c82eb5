extension EntityRequest {
  init(_ entity: TextEntity) {
    self.init(type: "", offset: entity.offset, length: entity.length)
    switch entity.kind {
    case .mention: type = "mention"
    case .hashtag: type = "hashtag"
    case .cashtag: type = "cashtag"
    case .botCommand: type = "bot_command"
    case .url: type = "url"
    case .email: type = "email"
    case .phone: type = "phone_number"
    case .bankCard: type = "bank_card"
    case .bold: type = "bold"
    case .italic: type = "italic"
    case .underline: type = "underline"
    case .strikethrough: type = "strikethrough"
    case .spoiler: type = "spoiler"
    case .code: type = "code"
    case .pre(let language):
      type = "pre"
      self.language = language
    case .textLink(let url):
      type = "text_link"
      self.url = url
    case .textMention(let user):
      type = "text_mention"
      self.user = user
    case .customEmoji(let document):
      type = "custom_emoji"
      customEmoji = document
    case .blockquote(let collapsed): type = collapsed ? "expandable_blockquote" : "blockquote"
    }
  }

  func entity() throws -> TextEntity {
    let kind: TextEntity.Kind
    switch type {
    case "mention": kind = .mention
    case "hashtag": kind = .hashtag
    case "cashtag": kind = .cashtag
    case "bot_command": kind = .botCommand
    case "url": kind = .url
    case "email": kind = .email
    case "phone_number": kind = .phone
    case "bank_card": kind = .bankCard
    case "bold": kind = .bold
    case "italic": kind = .italic
    case "underline": kind = .underline
    case "strikethrough": kind = .strikethrough
    case "spoiler": kind = .spoiler
    case "code": kind = .code
    case "pre": kind = .pre(language: language ?? "")
    case "text_link":
      guard let url else { throw ControlError("a text_link entity needs a url") }
      kind = .textLink(url: url)
    case "text_mention":
      guard let user else { throw ControlError("a text_mention entity needs a user_id") }
      kind = .textMention(user: user)
    case "custom_emoji":
      guard let customEmoji else { throw ControlError("a custom_emoji entity needs a custom_emoji_id") }
      kind = .customEmoji(document: customEmoji)
    case "blockquote": kind = .blockquote(collapsed: false)
    case "expandable_blockquote": kind = .blockquote(collapsed: true)
    default: throw ControlError("unknown entity type '\(type)'")
    }
    return TextEntity(kind: kind, offset: offset, length: length)
  }
}
