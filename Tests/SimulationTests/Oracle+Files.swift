import GRDB

@testable import TGLCore

// Files of messages that were deleted, and links.

extension Oracle {
  /// A link is answered once: with what it leads to, or with why not.
  mutating func checkLink(_ item: Shown, _ log: LogChatTruth, _ snapshot: Snapshot) {
    let answers = log.entries.filter { entry in
      entry.text.hasPrefix(OwnPost.savedMark) && !entry.text.contains("Fetching")
    }
    let count = answers.count { $0.replyTo == Int64(item.key.id) }
    // One that was refused is posted without saying what it answers.
    let mayBeOther = answers.contains { $0.replyTo == nil }
    if count > 1 || count == 0 && !mayBeOther && !isExcused(item.pts, channel: item.channel, snapshot) {
      complain("link \(item.key) is answered \(count) times")
    }
  }

  /// Whether each job has come to an end, and each file that could be had is in the log chat.
  mutating func checkFiles(_ server: ServerTruth, _ log: LogChatTruth, _ snapshot: Snapshot, mayBeRefused: Bool) {
    for job in snapshot.files where job.isDeleted && (job.state == "fetch" || job.state == "preserve") {
      complain("the file of \(job.key) is still being fetched")
    }
    var posted: Set<Int64> = []
    for entry in log.entries {
      for file in entry.files {
        posted.insert(file.id)
        if server.files[file.id]?.bytes != file.bytes { complain("file \(file.id) was posted with other bytes") }
      }
    }
    // What is posted for many deletions at once comes without files.
    guard !mayBeRefused, !hasLostCommits, !server.hasReferencesExpired else { return }
    let told = ToldNotices(log)
    for row in snapshot.rows.values.sorted(by: { $0.key < $1.key }) where row.isDeleted {
      guard let file = server.messages[row.key]?.file.flatMap({ server.files[$0] }), file.fate == .fine,
        told.single.contains(row.key), !posted.contains(file.id)
      else { continue }
      complain("deletion of \(row.key) was told without its file \(file.id)")
    }
  }
}
