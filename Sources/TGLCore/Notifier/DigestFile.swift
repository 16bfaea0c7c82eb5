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
    var position = 0
    while true {
      let notices = try await archive.digestItems(of: row, from: position, limit: Self.page)
      if notices.isEmpty { break }
      var text = ""
      for (index, notice) in notices.enumerated() {
        text += renderer.fileEntry(for: notice, number: position + index + 1)
        for file in notice.files ?? [] {
          let job = try await archive.mediaJob(chat: notice.chat.id, message: file.messageID, medium: file.mediumID)
          if let job { text += try await line(for: job) }
        }
      }
      try file.write(contentsOf: Data(text.utf8))
      position += notices.count
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
    var sender = notice.sender.map(DisplayName.of) ?? "unknown"
    if let username = PeerLink.validUsername(notice.sender?.username) { sender += " (@\(username))" }
    if let id = notice.sender?.id { sender += " [\(id)]" }
    lines.append("From: \(sender)\(notice.isOutgoing ? " (you)" : "")")
    lines.append("Chat: \(DisplayName.of(notice.chat)) [\(notice.chat.id)], message \(notice.messageID)")
    lines.append("Sent: \(time(notice.sentAt))")
    if let source = notice.forwardedFrom.map({ DisplayName.clean($0) }), !source.isEmpty {
      lines.append("Forwarded from: \(source)")
    }
    if let kind = notice.mediaKind, kind != .webPage { lines.append("Media: \(Self.name(of: kind))") }
    if let details = notice.details { lines.append(details.text) }
    if !notice.text.isEmpty {
      // Also at the line ends that only some editors know.
      let own = notice.text.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      lines += own.map { "| \($0)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
