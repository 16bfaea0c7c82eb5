/// Tells what this program has posted from what the account's owner has written: both come from the same account.
///
/// By how it begins: whatever is posted begins with one of a few titles, and goes on being known by it when the answer to
/// the post was lost, or when the message is met again after a restart.
enum OwnPost {
  static let savedMark = "🔗"
  static let unreadableMark = "⚠️"

  private static let beginnings = [
    "🗑 Deleted message\n", "🗑 Deleted album of ", "✏️ Edited message\n", "💣 Self-destructing media\n",
    "… continued\n", "Media of message ", "No file of message ", "\(savedMark) ",
    "\(unreadableMark) Unreadable message\n",
  ]

  static func isOne(_ text: String) -> Bool {
    if beginnings.contains(where: { text.hasPrefix($0) }) { return true }
    // A digest: "🗑 12 deleted messages", "✏️ 3 edited messages".
    let words = text.prefix(40).split(separator: " ", maxSplits: 3)
    return words.count >= 3 && Int(words[1]) != nil
      && (words[0] == "🗑" && words[2] == "deleted" || words[0] == "✏️" && words[2] == "edited")
  }
}
