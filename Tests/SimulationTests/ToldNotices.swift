import Foundation

@testable import TGLCore

/// The log chat, read back: which deletions and edits it tells of, and how often.
struct ToldNotices {
  enum Kind: Hashable {
    case deleted
    /// By the numbers of both versions, from 0: what an edit's notice says is what was and what is.
    case edited(from: Int, to: Int)
  }

  struct Event: Hashable {
    var key: MessageKey
    var kind: Kind
  }

  private(set) var counts: [Event: Int] = [:]
  private(set) var texts: [MessageKey: [(Kind, String)]] = [:]
  private(set) var unclear: [String] = []
  /// Messages whose deletion has a post of its own.
  private(set) var single: Set<MessageKey> = []

  init(_ log: LogChatTruth) {
    var byID: [Int64: LogChatTruth.Entry] = [:]
    for entry in log.entries { byID[entry.randomID] = entry }
    var used = 0
    for entry in log.entries {
      if let file = entry.file {
        used += 1
        for part in file.components(separatedBy: "\n#").dropFirst() { addDeletion(in: part) }
      } else if entry.text.hasPrefix(OwnPost.savedMark) {
        used += 1 + parts(behind: entry, byID).count
      } else if entry.text.hasPrefix("🗑") || entry.text.hasPrefix("✏️") {
        used += 1
        var text = entry.text
        for part in parts(behind: entry, byID) {
          text += part.text.replacingOccurrences(of: "… continued\n", with: "")
          used += 1
        }
        if entry.text.hasPrefix("🗑") {
          addDeletion(in: text)
          if let key = Self.version(in: text)?.key { single.insert(key) }
        } else {
          addEdit(in: text)
        }
      }
    }
    if used != log.entries.count { unclear.append("\(log.entries.count - used) posts that belong to no notice") }
  }

  /// The posts a notice goes on in.
  private func parts(behind first: LogChatTruth.Entry, _ byID: [Int64: LogChatTruth.Entry]) -> [LogChatTruth.Entry] {
    let row = OutboxRow(id: 0, payload: .unreadable(kind: "", reason: ""), randomID: first.randomID, createdAt: 0)
    return Array((1...).lazy.map { byID[row.randomID(part: $0)] }.prefix { $0 != nil }.compactMap(\.self))
  }

  private mutating func addDeletion(in text: String) {
    guard let (key, _) = Self.version(in: text) else { return unclear.append(text) }
    add(.deleted, of: key, in: text)
  }

  private mutating func addEdit(in text: String) {
    let halves = text.components(separatedBy: "After:\n")
    guard halves.count == 2, let before = Self.version(in: halves[0]), let after = Self.version(in: halves[1]),
      before.key == after.key
    else { return unclear.append(text) }
    add(.edited(from: before.number, to: after.number), of: after.key, in: halves[1])
  }

  private mutating func add(_ kind: Kind, of key: MessageKey, in text: String) {
    counts[Event(key: key, kind: kind), default: 0] += 1
    texts[key, default: []].append((kind, text))
  }

  /// The first version of a message that a text quotes.
  private static func version(in text: String) -> (key: MessageKey, number: Int)? {
    guard let start = text.range(of: "[["), let end = text.range(of: "]]"), start.upperBound < end.lowerBound else {
      return nil
    }
    let parts = text[start.upperBound..<end.lowerBound].split(separator: ":")
    guard parts.count == 3, let chat = Int64(parts[0]), let id = Int32(parts[1]), let version = Int(parts[2]) else {
      return nil
    }
    return (MessageKey(chat: chat, id: id), version)
  }

  /// Whether `text` holds all of `whole`; notices break it into lines and posts.
  func isWhole(_ whole: String, in text: String) -> Bool {
    func letters(_ text: String) -> String { text.filter { !$0.isWhitespace && $0 != "|" } }
    return text.contains(whole) || letters(text).contains(letters(whole))
  }
}
