import Foundation
import NIOCore
import TL
import TelegramClient

extension MessageRecord {
  /// What the message says beside its text and media; nil when there is nothing.
  var context: MessageContext? {
    var context = MessageContext()
    if let sender, sender.kind != .user, !isPost { context.sentAs = sender }
    if let topicID { context.thread = MessageContext.Thread(kind: .topic, id: topicID) }
    if let rest {
      let rest = MessageRest(rest)
      context.read(rest.reply)
      context.savedFrom = (rest.message?.fwdFrom).flatMap(MessageContext.Source.init(savedFrom:))
      context.buttons = rest.keyboard.flatMap(MessageContext.buttons)
      if let peer = rest.savedPeer {
        context.thread = MessageContext.Thread(kind: chat.kind == .user ? .saved : .monoforum, peer: peer)
      }
    }
    return context.isEmpty ? nil : context
  }
}

extension MessageContext {
  fileprivate mutating func read(_ header: API.AnyMessageReplyHeader?) {
    switch header {
    case .messageReplyHeader(let header):
      let quote = API.AnyMessageReplyHeader.messageReplyHeader(header).quote
      self.quote = quote.isEmpty ? nil : quote
      if let from = header.replyFrom {
        answered = Source(
          chat: from.fromId.flatMap { PeerID($0) }, name: from.fromName ?? from.postAuthor,
          messageID: from.channelPost.map(Int64.init))
      }
      answeredMedia = header.replyMedia.flatMap { MediaRecord($0) }?.kind
      if !header.forumTopic, let top = header.replyToTopId {
        thread = Thread(kind: .comments, id: Int64(top))
      }
    case .messageReplyStoryHeader(let header):
      story = PeerID(header.peer).map { Story(chat: $0, id: Int64(header.storyId)) }
    case .other, nil: break
    }
  }

  /// Rows of buttons, read by the schema's names: kinds of buttons come and go, their `text` and `url` stay.
  fileprivate static func buttons(of keyboard: API.AnyReplyMarkup) -> [[Button]]? {
    guard case .object(_, let fields)? = try? TLSchema.api.value(keyboard.encoded()),
      case .vector(let rows)? = fields["rows"]
    else { return nil }
    let buttons = rows.map { row -> [Button] in
      guard case .object(_, let fields) = row, case .vector(let buttons)? = fields["buttons"] else { return [] }
      return buttons.compactMap { button in
        guard case .object(_, let fields) = button, case .string(let text)? = fields["text"] else { return nil }
        var link = fields["url"]
        if case .object(_, let type)? = fields["type"] { link = type["url"] }
        guard case .string(let link)? = link else { return Button(text: text) }
        return Button(text: text, link: link)
      }
    }
    return buttons.filter { !$0.isEmpty }
  }
}

extension MessageContext.Source {
  fileprivate init?(savedFrom header: API.MessageFwdHeader) {
    let chat = (header.savedFromPeer ?? header.savedFromId).flatMap { PeerID($0) }
    guard chat != nil || header.savedFromName != nil else { return nil }
    self.init(chat: chat, name: header.savedFromName, messageID: header.savedFromMsgId.map(Int64.init))
  }
}

extension API.AnyMessageReplyHeader {
  /// The words of the answered message that the sender chose; empty where there are none.
  var quote: FormattedText {
    guard case .messageReplyHeader(let header) = self else { return FormattedText() }
    return FormattedText(header.quoteText ?? "", header.quoteEntities)
  }
}
