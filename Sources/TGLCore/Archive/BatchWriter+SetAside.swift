import GRDB
import TelegramClient

extension BatchWriter {
  /// Records what was left out, and forgets what Telegram tells again.
  mutating func setAside() throws {
    for scope in batch.answered { try SetAsideTable.clear(.updates, in: scope, db) }
    for object in batch.setAside {
      let isNew = try SetAsideTable.add(object, db)
      guard isNew, object.kind == .object else { continue }
      let chat = object.chat ?? object.scope.channel
      // One is enough: the chat may be full of them.
      if try SetAsideTable.unreadable(in: chat, db) == 1 { try noteUnreadable(object, in: chat) }
    }
  }

  /// Says once in the log chat that a message of a chat cannot be read.
  ///
  /// - Parameter chat: nil when it is one of the private chats and basic groups, and cannot be read either.
  private mutating func noteUnreadable(_ object: SetAside, in chat: PeerID?) throws {
    var text = FormattedText()
    text.append("\(OwnPost.unreadableMark) Unreadable message", .bold)
    text.append("\nA message of ")
    if let chat {
      let summary = try summary(chat, fallback: fallbackType(of: chat))
      text.append(DisplayName.clean(summary.name ?? "\(chat)", limit: 80), .bold)
      text.append(" (\(chat))")
    } else {
      text.append("a private chat or basic group")
    }
    text.append(
      " uses something that is newer than this tgl. It is kept as it came; an update of tgl will show it.")
    try enqueue(
      .note(LogNote(text: text)),
      randomID: identity().randomID(
        ofUnreadable: chat?.rawValue ?? 0, at: object.pts ?? 0, message: object.message ?? 0))
  }
}
