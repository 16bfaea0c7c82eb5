import GRDB
import TelegramClient

extension BatchWriter {
  /// Records what was left out, and forgets what Telegram tells again.
  mutating func setAside() throws {
    for scope in batch.answered { try SetAsideTable.clear(.updates, in: scope, db) }
    for object in batch.setAside {
      let isNew = try SetAsideTable.add(object, db)
      // Where the chat is not known, a gap was recorded: looking through it finds the message, and its chat.
      guard isNew, object.kind == .object, let chat = object.chat ?? object.scope.channel else { continue }
      // One is enough: the chat may be full of them.
      if try SetAsideTable.unreadable(in: chat, db) == 1 { try noteUnreadable(object, in: chat) }
    }
  }

  /// Says once in the log chat that a message of a chat cannot be read.
  private mutating func noteUnreadable(_ object: SetAside, in chat: PeerID) throws {
    let summary = try summary(chat, fallback: fallbackType(of: chat))
    var text = FormattedText()
    text.append("\(OwnPost.unreadableMark) Unreadable message", .bold)
    text.append("\nA message of ")
    text.append(DisplayName.clean(summary.name ?? "\(chat)", limit: 80), .bold)
    text.append(
      " (\(chat)) uses something that is newer than this tgl. It is kept as it came; an update of tgl will show it.")
    try enqueue(
      .note(LogNote(text: text)),
      randomID: identity().randomID(
        ofUnreadable: chat.rawValue, at: object.pts ?? 0, message: object.message ?? 0))
  }
}
