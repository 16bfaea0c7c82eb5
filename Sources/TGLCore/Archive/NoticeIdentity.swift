import GRDB
import MTProtoCrypto

/// Derives the `random_id` of a notice from what it tells, so that the same notice has the same one however often it is
/// written down.
///
/// A power cut may take a transaction whose notice is in the log chat already. What happened is then told by Telegram
/// again and recorded again, and only the same `random_id` keeps it from being posted twice.
struct NoticeIdentity {
  /// Drawn when the archive is made: another archive's notices are others.
  private let salt: Int64

  init(_ db: Database) throws {
    salt = try Int64.fetchOne(db, sql: "SELECT salt FROM notice_salt") ?? 0
  }

  /// A message is deleted, opened or saved once, and an album is what its messages are; an edit is told apart by
  /// everything its notice says, with the version it replaced: the same text may come and go within a second.
  ///
  /// How many versions lie in between does not count: after a power cut Telegram shows the last one alone.
  func randomID(of notice: Notice) -> Int64 {
    var parts = ["\(notice.event.rawValue) \(notice.chat.id) \(notice.messageID)"]
    if let album = notice.album { parts.append(album.map(String.init).joined(separator: ",")) }
    if notice.event == .edited, let edits = notice.edits {
      parts += ["\(edits.from) \(edits.editedAt ?? 0)", notice.before?.text ?? "", notice.text.text]
    }
    // The lengths keep a text from being taken for two.
    return hash(parts.map { "\($0.utf8.count) \($0)" }.joined(separator: " "))
  }

  /// One post for many deletions is the same when it tells of the same messages.
  ///
  /// - Parameter earlier: of the digest the messages are added to.
  func randomID(ofDigest messages: [(chat: Int64, id: Int64)], after earlier: Int64? = nil) -> Int64 {
    let start = earlier.map { "digest after \($0) " } ?? "digest "
    return hash(start + messages.map { "\($0.chat) \($0.id)" }.joined(separator: ","))
  }

  /// One post for notices that were to be posted singly, which it stands for.
  func randomID(ofJoined notices: [Int64]) -> Int64 {
    hash("joined " + notices.map(String.init).joined(separator: ","))
  }

  /// What is posted about a link in the log chat.
  func randomID(ofLink message: Int64, position: Int, _ kind: String) -> Int64 {
    hash("link \(kind) \(message) \(position)")
  }

  /// What is posted about a message that cannot be read.
  func randomID(ofUnreadable chat: Int64, at pts: Int32, message: Int64) -> Int64 {
    hash("unreadable \(chat) \(pts) \(message)")
  }

  /// Never 0, which Telegram does not take.
  private func hash(_ text: String) -> Int64 {
    let digest = SHA256.hash(Array("\(salt) \(text)".utf8))
    let number = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return number == 0 ? 1 : Int64(bitPattern: number)
  }
}
