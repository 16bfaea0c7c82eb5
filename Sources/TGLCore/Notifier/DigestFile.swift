import Foundation

/// The text file with a digest's messages, written a few at a time: memory stays flat however many there are.
struct DigestFile {
  let renderer: NoticeRenderer
  let archive: Archive

  /// Messages read from the archive at once.
  private static let page = 200

  /// Writes the file of outbox row `row` to `path`, replacing what is there.
  func write(_ digest: DigestNotice, row: Int64, to path: String) async throws {
    let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try file.write(contentsOf: Data(renderer.fileHeading(for: digest).utf8))
    var position = Int64.min
    var number = 0
    while true {
      let items = try await archive.digestItems(of: row, from: position, limit: Self.page)
      guard let last = items.last?.position else { break }
      var text = ""
      for (_, notice) in items {
        number += 1
        text += renderer.fileEntry(for: notice, number: number)
        for file in notice.files ?? [] {
          let job = try await archive.mediaJob(chat: notice.chat.id, message: file.messageID, medium: file.mediumID)
          if let job { text += try await line(for: job) }
        }
      }
      try file.write(contentsOf: Data(text.utf8))
      guard last < Int64.max else { break }
      position = last + 1
    }
    try file.close()
  }

  /// Where a file is kept, or why it is not; the files of a digest are not posted.
  private func line(for job: MediaJob) async throws -> String {
    if let id = job.deletedID, let file = try await archive.storedFile(id) {
      return "Kept as: media_deleted/\(file.name)\n"
    }
    switch job.state {
    case .wanted, .fetching, .buffered, .preserving, .recovered:
      return "Being fetched; kept as: media_deleted/\(job.chat)_\(job.messageID)_…\n"
    case .tooLarge, .refused, .gone, .lost:
      return "No file: \(DisplayName.clean(job.lastError ?? "it cannot be had", limit: 200))\n"
    }
  }
}

extension NoticeRenderer {
  func fileHeading(for digest: DigestNotice) -> String {
    "\(caption(for: digest).text)\n"
  }

  /// One message of a digest as plain text.
  ///
  /// Every line of the message's own text begins with "| ", so that none can pass for the beginning of another entry.
  func fileEntry(for notice: Notice, number: Int) -> String {
    var lines = ["", "#\(number)"]
    lines.append("From: \(Self.person(notice.sender))\(notice.isOutgoing ? " (you)" : "")")
    if let author = Self.name(notice.postAuthor) { lines.append("Signed: \(author)") }
    let chat = notice.chat.isSelf == true ? "Saved Messages" : DisplayName.of(notice.chat)
    let messages = notice.album.map { "messages \($0.map(String.init).joined(separator: ", "))" }
    lines.append("Chat: \(chat) [\(notice.chat.id)], \(messages ?? "message \(notice.messageID)")")
    if let topic = Self.name(notice.topicTitle) { lines.append("Topic: \(topic)") }
    lines.append("Sent: \(time(notice.sentAt))")
    if notice.event == .edited { lines.append("Edited: \(time(notice.happenedAt))") }
    if let edits = Self.words(for: notice) { lines.append(edits) }
    if let source = Self.name(notice.forwardedFrom) { lines.append("Forwarded from: \(source)") }
    if let reply = notice.reply {
      let place = reply.chat.id == notice.chat.id ? "" : " in \(DisplayName.of(reply.chat))"
      let quote = reply.quote.map { DisplayName.clean($0, limit: 80) } ?? ""
      lines.append("In reply to: message \(reply.messageID)\(place)\(quote.isEmpty ? "" : ": \(quote)")")
    }
    if let bot = notice.viaBot { lines.append("Via: \(Self.person(bot))") }
    lines += contextLines(of: notice).map(\.text)
    if let opened = notice.openedAt { lines.append("Its media was posted when it was opened, \(time(opened))") }
    if let media = Self.media(of: notice) { lines.append("Media: \(media)") }
    if let details = notice.details { lines.append(details.text) }
    if notice.event == .edited || notice.edits != nil {
      if notice.mediaKind != notice.mediaKindBefore {
        lines.append("Media before: \(Self.name(of: notice.mediaKindBefore))")
      }
      if notice.isAsBefore {
        lines.append("Text: the same as before the edits")
      } else {
        lines.append("Before:")
        lines += Self.quoted(notice.before ?? FormattedText())
        lines.append("After:")
      }
    }
    lines += Self.quoted(notice.text)
    return lines.joined(separator: "\n") + "\n"
  }

  /// Nil for nothing that can be read.
  private static func name(_ name: String?) -> String? {
    name.map { DisplayName.clean($0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func person(_ peer: PeerSummary?) -> String {
    guard let peer else { return "unknown" }
    let username = PeerLink.validUsername(peer.username).map { " (@\($0))" } ?? ""
    return "\(DisplayName.of(peer))\(username) [\(peer.id)]"
  }

  /// The lines of a text, also where only some editors know a line's end.
  private static func quoted(_ text: FormattedText) -> [String] {
    if text.isEmpty { return [] }
    return text.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { "| \($0)" }
  }
}
