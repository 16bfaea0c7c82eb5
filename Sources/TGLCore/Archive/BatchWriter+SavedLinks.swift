import GRDB
import TelegramClient

/// What came of a link in the log chat.
struct LinkOutcome: Sendable, Hashable {
  enum Result: Sendable, Hashable {
    /// The messages it leads to: one, or an album.
    case found([MessageRecord])
    case failed(String)
  }

  var link: SavedLink
  var result: Result
}

extension BatchWriter {
  /// Posts a copy of what a link leads to, or the reason why there is none; the link is done with it.
  mutating func save(_ outcome: LinkOutcome) throws {
    let link = outcome.link
    switch outcome.result {
    case .failed(let reason):
      var text = FormattedText()
      text.append("\(OwnPost.savedMark) Not saved: ", .bold)
      text.append(DisplayName.clean(link.link, limit: 200), .code)
      text.append("\n\(DisplayName.clean(reason, limit: 300))")
      try note(text, for: link, "failed")
    case .found(let messages):
      try post(messages, for: link)
    }
    try SavedLinkTable.finish(link.id, now: batch.receivedAt, db)
  }

  private mutating func post(_ messages: [MessageRecord], for link: SavedLink) throws {
    guard let first = messages.first else { return }
    var notice = try notice(.saved, first, at: batch.receivedAt)
    notice.logReply = link.message
    var awaited: [MediaJob.ID] = []
    var bytes: Int64 = 0
    for (index, message) in messages.enumerated() {
      // What the archive has may have been edited since; what it has not is posted, and no more.
      if try MessageTable.find(chat: message.chat, id: message.id, db) != nil { try save(message) }
      let kept = try keepLinkedFiles(of: message, &bytes)
      if index == 0 {
        notice.files = kept.files
      } else {
        var other = try self.notice(.saved, message, at: batch.receivedAt)
        other.files = kept.files
        notice.add(other)
      }
      awaited += kept.awaited
    }
    if !awaited.isEmpty, bytes >= MediaSlots.largeFile {
      var text = FormattedText()
      text.append("\(OwnPost.savedMark) Fetching ", .bold)
      text.append("\(awaited.count) \(awaited.count == 1 ? "file" : "files"), \(MediaFile.bytes(bytes))")
      try note(text, for: link, "progress")
    }
    let row = try enqueue(
      .message(notice), randomID: identity().randomID(ofLink: link.message, position: link.position, "saved"))
    for job in awaited { try MediaTable.wait(outbox: row, for: job, db) }
  }

  private mutating func note(_ text: FormattedText, for link: SavedLink, _ kind: String) throws {
    try enqueue(
      .note(LogNote(text: text, replyTo: link.message)),
      randomID: identity().randomID(ofLink: link.message, position: link.position, kind))
  }
}
