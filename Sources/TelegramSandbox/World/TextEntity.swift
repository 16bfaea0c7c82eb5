import TL

/// A piece of formatting; offset and length in UTF-16 code units.
struct TextEntity: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case mention, hashtag, cashtag, botCommand, url, email, phone, bankCard
    case bold, italic, underline, strikethrough, spoiler, code
    case pre(language: String)
    case textLink(url: String)
    case textMention(user: Int64)
    case customEmoji(document: Int64)
    case blockquote(collapsed: Bool)
  }

  var kind: Kind
  var offset: Int32
  var length: Int32
}

extension TextEntity {
  /// - Parameter resolve: the id of a user whom the text mentions, nil when the author does not know them.
  /// - Returns: nil for formatting that users cannot send.
  init?(_ entity: API.AnyMessageEntity, resolve: (API.AnyInputUser) -> Int64?) {
    switch entity {
    case .messageEntityMention(let e): self.init(kind: .mention, offset: e.offset, length: e.length)
    case .messageEntityHashtag(let e): self.init(kind: .hashtag, offset: e.offset, length: e.length)
    case .messageEntityCashtag(let e): self.init(kind: .cashtag, offset: e.offset, length: e.length)
    case .messageEntityBotCommand(let e): self.init(kind: .botCommand, offset: e.offset, length: e.length)
    case .messageEntityUrl(let e): self.init(kind: .url, offset: e.offset, length: e.length)
    case .messageEntityEmail(let e): self.init(kind: .email, offset: e.offset, length: e.length)
    case .messageEntityPhone(let e): self.init(kind: .phone, offset: e.offset, length: e.length)
    case .messageEntityBankCard(let e): self.init(kind: .bankCard, offset: e.offset, length: e.length)
    case .messageEntityBold(let e): self.init(kind: .bold, offset: e.offset, length: e.length)
    case .messageEntityItalic(let e): self.init(kind: .italic, offset: e.offset, length: e.length)
    case .messageEntityUnderline(let e): self.init(kind: .underline, offset: e.offset, length: e.length)
    case .messageEntityStrike(let e): self.init(kind: .strikethrough, offset: e.offset, length: e.length)
    case .messageEntitySpoiler(let e): self.init(kind: .spoiler, offset: e.offset, length: e.length)
    case .messageEntityCode(let e): self.init(kind: .code, offset: e.offset, length: e.length)
    case .messageEntityPre(let e): self.init(kind: .pre(language: e.language), offset: e.offset, length: e.length)
    case .messageEntityTextUrl(let e): self.init(kind: .textLink(url: e.url), offset: e.offset, length: e.length)
    case .messageEntityMentionName(let e):
      self.init(kind: .textMention(user: e.userId), offset: e.offset, length: e.length)
    case .inputMessageEntityMentionName(let e):
      guard let user = resolve(e.userId) else { return nil }
      self.init(kind: .textMention(user: user), offset: e.offset, length: e.length)
    case .messageEntityCustomEmoji(let e):
      self.init(kind: .customEmoji(document: e.documentId), offset: e.offset, length: e.length)
    case .messageEntityBlockquote(let e):
      self.init(kind: .blockquote(collapsed: e.collapsed), offset: e.offset, length: e.length)
    case .messageEntityUnknown, .messageEntityFormattedDate, .messageEntityDiffInsert, .messageEntityDiffReplace,
      .messageEntityDiffDelete, .other:
      return nil
    }
  }

  var entity: API.AnyMessageEntity {
    switch kind {
    case .mention: .messageEntityMention(.init(offset: offset, length: length))
    case .hashtag: .messageEntityHashtag(.init(offset: offset, length: length))
    case .cashtag: .messageEntityCashtag(.init(offset: offset, length: length))
    case .botCommand: .messageEntityBotCommand(.init(offset: offset, length: length))
    case .url: .messageEntityUrl(.init(offset: offset, length: length))
    case .email: .messageEntityEmail(.init(offset: offset, length: length))
    case .phone: .messageEntityPhone(.init(offset: offset, length: length))
    case .bankCard: .messageEntityBankCard(.init(offset: offset, length: length))
    case .bold: .messageEntityBold(.init(offset: offset, length: length))
    case .italic: .messageEntityItalic(.init(offset: offset, length: length))
    case .underline: .messageEntityUnderline(.init(offset: offset, length: length))
    case .strikethrough: .messageEntityStrike(.init(offset: offset, length: length))
    case .spoiler: .messageEntitySpoiler(.init(offset: offset, length: length))
    case .code: .messageEntityCode(.init(offset: offset, length: length))
    case .pre(let language): .messageEntityPre(.init(offset: offset, length: length, language: language))
    case .textLink(let url): .messageEntityTextUrl(.init(offset: offset, length: length, url: url))
    case .textMention(let user): .messageEntityMentionName(.init(offset: offset, length: length, userId: user))
    case .customEmoji(let id): .messageEntityCustomEmoji(.init(offset: offset, length: length, documentId: id))
    case .blockquote(let collapsed):
      .messageEntityBlockquote(.init(collapsed: collapsed, offset: offset, length: length))
    }
  }
}
