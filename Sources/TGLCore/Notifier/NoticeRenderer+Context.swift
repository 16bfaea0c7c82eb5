import TelegramClient

/// What a message answers beside a message of its own chat, its thread, its buttons: a line each.
///
/// As everywhere before a message's own text, words of others are cleaned of whatever could end a line.
extension NoticeRenderer {
  /// Lines for the head of a notice, in order; none for a plain message.
  func contextLines(of notice: Notice) -> [FormattedText] {
    var lines: [FormattedText] = []
    if notice.event == .edited, let before = notice.detailsBefore, before != notice.details {
      var text = FormattedText()
      text.append("Media said before", .italic)
      text.append("\n")
      text.append(before)
      lines.append(text)
    }
    guard let context = notice.context else { return lines + buttonLines(of: notice) }
    if let answered = context.answered, notice.reply == nil {
      lines.append(line("In reply to", "a message of \(name(of: answered, in: notice))"))
    }
    if let kind = context.answeredMedia { lines.append(line("Answered media", Self.name(of: kind))) }
    if let story = context.story {
      lines.append(line("In reply to", "story \(story.id) of \(name(of: story.chat, in: notice))"))
    }
    if let quote = context.quote { lines.append(line("Quote", quote.text, .italic, limit: 1_100)) }
    if let thread = context.thread, let text = describe(thread, in: notice) { lines.append(text) }
    if let sender = context.sentAs { lines.append(line("Sent as", name(of: sender, in: notice))) }
    if let source = context.savedFrom { lines.append(line("Saved from", name(of: source, in: notice))) }
    return lines + buttonLines(of: notice)
  }

  private func buttonLines(of notice: Notice) -> [FormattedText] {
    let (buttons, before) = (notice.context?.buttons ?? [], notice.contextBefore?.buttons ?? [])
    var lines = buttonLines("Buttons", buttons)
    if notice.event == .edited, buttons != before {
      if buttons.isEmpty { lines.append(line("Buttons", "none")) }
      lines += before.isEmpty ? [line("Buttons before", "none")] : buttonLines("Buttons before", before)
    }
    return lines
  }

  /// All buttons on one line, each with its link; at most some of a keyboard that is made to fill a post.
  private func buttonLines(_ title: String, _ rows: [[MessageContext.Button]]) -> [FormattedText] {
    let buttons = rows.flatMap(\.self)
    guard !buttons.isEmpty else { return [] }
    var text = FormattedText()
    text.append("\(title): ")
    for (index, button) in buttons.prefix(20).enumerated() {
      if index > 0 { text.append(" · ") }
      let name = DisplayName.clean(button.text, limit: 60)
      guard let link = button.link.map({ DisplayName.clean($0, limit: 200) }), !link.isEmpty else {
        text.append(name)
        continue
      }
      text.append("\(name) (")
      text.append(link, .link(url: link))
      text.append(")")
    }
    if buttons.count > 20 { text.append(" and \(buttons.count - 20) more") }
    return [text]
  }

  private func describe(_ thread: MessageContext.Thread, in notice: Notice) -> FormattedText? {
    switch thread.kind {
    // A topic stands in the head by its name.
    case .topic: notice.topicTitle == nil ? thread.id.map { line("Topic", "\($0)") } : nil
    case .comments: thread.id.map { line("Comments on", "message \($0)") }
    case .monoforum: thread.peer.map { line("Direct messages of", name(of: $0, in: notice)) }
    case .saved: thread.peer.map { line("Saved from", name(of: $0, in: notice)) }
    }
  }

  private func name(of source: MessageContext.Source, in notice: Notice) -> String {
    let name = source.chat.map { self.name(of: $0, in: notice) } ?? source.name ?? "somebody"
    return source.messageID.map { "\(name), message \($0)" } ?? name
  }

  private func name(of id: PeerID, in notice: Notice) -> String {
    notice.contextPeers?.first { $0.id == id }.map(DisplayName.of) ?? "\(id)"
  }

  private func line(_ title: String, _ words: String, _ style: TextStyle? = nil, limit: Int = 300) -> FormattedText {
    var text = FormattedText()
    text.append("\(title): ")
    let words = DisplayName.clean(words, limit: limit)
    if let style { text.append(words, style) } else { text.append(words) }
    return text
  }
}
