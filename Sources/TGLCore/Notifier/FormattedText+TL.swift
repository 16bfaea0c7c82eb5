public import TL

extension TextEntity {
  /// Nil for an entity that says nothing, or one without typed Swift.
  public init?(_ entity: API.AnyMessageEntity) {
    func make(_ style: TextStyle, _ offset: Int32, _ length: Int32) -> TextEntity {
      TextEntity(style, offset: Int(offset), length: Int(length))
    }
    switch entity {
    case .messageEntityMention(let e): self = make(.mention, e.offset, e.length)
    case .messageEntityHashtag(let e): self = make(.hashtag, e.offset, e.length)
    case .messageEntityBotCommand(let e): self = make(.botCommand, e.offset, e.length)
    case .messageEntityUrl(let e): self = make(.url, e.offset, e.length)
    case .messageEntityEmail(let e): self = make(.email, e.offset, e.length)
    case .messageEntityPhone(let e): self = make(.phone, e.offset, e.length)
    case .messageEntityCashtag(let e): self = make(.cashtag, e.offset, e.length)
    case .messageEntityBankCard(let e): self = make(.bankCard, e.offset, e.length)
    case .messageEntityBold(let e): self = make(.bold, e.offset, e.length)
    case .messageEntityItalic(let e): self = make(.italic, e.offset, e.length)
    case .messageEntityUnderline(let e): self = make(.underline, e.offset, e.length)
    case .messageEntityStrike(let e): self = make(.strikethrough, e.offset, e.length)
    case .messageEntitySpoiler(let e): self = make(.spoiler, e.offset, e.length)
    case .messageEntityCode(let e): self = make(.code, e.offset, e.length)
    case .messageEntityPre(let e): self = make(.pre(language: e.language), e.offset, e.length)
    case .messageEntityTextUrl(let e): self = make(.link(url: e.url), e.offset, e.length)
    case .messageEntityMentionName(let e): self = make(.userLink(e.userId), e.offset, e.length)
    case .messageEntityCustomEmoji(let e): self = make(.customEmoji(documentID: e.documentId), e.offset, e.length)
    case .messageEntityBlockquote(let e): self = make(.blockquote(collapsed: e.collapsed), e.offset, e.length)
    case .messageEntityFormattedDate(let e):
      let flags: [(TextStyle.DateFlag, Bool)] = [
        (.relative, e.relative), (.shortTime, e.shortTime), (.longTime, e.longTime), (.shortDate, e.shortDate),
        (.longDate, e.longDate), (.dayOfWeek, e.dayOfWeek),
      ]
      let set = Set(flags.filter(\.1).map(\.0))
      self = make(.formattedDate(e.date, flags: set), e.offset, e.length)
    case .messageEntityUnknown, .inputMessageEntityMentionName, .messageEntityDiffInsert, .messageEntityDiffReplace,
      .messageEntityDiffDelete, .other:
      return nil
    }
  }

  /// The entity as it is sent; nil for a user who cannot be named.
  public func messageEntity(user: (Int64) -> API.AnyInputUser?) -> API.AnyMessageEntity? {
    let offset = Int32(clamping: self.offset)
    let length = Int32(clamping: self.length)
    switch style {
    case .mention: return .messageEntityMention(.init(offset: offset, length: length))
    case .hashtag: return .messageEntityHashtag(.init(offset: offset, length: length))
    case .botCommand: return .messageEntityBotCommand(.init(offset: offset, length: length))
    case .url: return .messageEntityUrl(.init(offset: offset, length: length))
    case .email: return .messageEntityEmail(.init(offset: offset, length: length))
    case .phone: return .messageEntityPhone(.init(offset: offset, length: length))
    case .cashtag: return .messageEntityCashtag(.init(offset: offset, length: length))
    case .bankCard: return .messageEntityBankCard(.init(offset: offset, length: length))
    case .bold: return .messageEntityBold(.init(offset: offset, length: length))
    case .italic: return .messageEntityItalic(.init(offset: offset, length: length))
    case .underline: return .messageEntityUnderline(.init(offset: offset, length: length))
    case .strikethrough: return .messageEntityStrike(.init(offset: offset, length: length))
    case .spoiler: return .messageEntitySpoiler(.init(offset: offset, length: length))
    case .code: return .messageEntityCode(.init(offset: offset, length: length))
    case .pre(let language): return .messageEntityPre(.init(offset: offset, length: length, language: language))
    case .link(let url): return .messageEntityTextUrl(.init(offset: offset, length: length, url: url))
    case .customEmoji(let id): return .messageEntityCustomEmoji(.init(offset: offset, length: length, documentId: id))
    case .blockquote(let collapsed):
      return .messageEntityBlockquote(.init(collapsed: collapsed, offset: offset, length: length))
    case .userLink(let id):
      guard let user = user(id) else { return nil }
      return .inputMessageEntityMentionName(.init(offset: offset, length: length, userId: user))
    case .formattedDate(let date, let flags):
      return .messageEntityFormattedDate(
        .init(
          relative: flags.contains(.relative), shortTime: flags.contains(.shortTime),
          longTime: flags.contains(.longTime), shortDate: flags.contains(.shortDate),
          longDate: flags.contains(.longDate), dayOfWeek: flags.contains(.dayOfWeek), offset: offset, length: length,
          date: date))
    }
  }
}

extension FormattedText {
  /// A message's text; entities the server should not have sent are put right.
  public init(_ text: String, _ entities: [API.AnyMessageEntity]?) {
    self = FormattedText(text, entities: (entities ?? []).compactMap { TextEntity($0) }).normalized
  }
}
