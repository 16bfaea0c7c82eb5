import Foundation

@testable import TGLCore

/// The log chat, read back: which deletions and edits it tells of, and how often.
struct ToldNotices {
  enum Kind: Hashable {
    case deleted
    /// The number of the version counts from 0.
    case edited(Int)
  }

  struct Event: Hashable {
    var key: MessageKey
    var kind: Kind
  }

  private(set) var counts: [Event: Int] = [:]
  private(set) var texts: [MessageKey: [(Kind, String)]] = [:]
  private(set) var unclear: [String] = []

  init(_ log: LogChatTruth) {
    var byID: [Int64: LogChatTruth.Entry] = [:]
    for entry in log.entries { byID[entry.randomID] = entry }
    var used = 0
    for entry in log.entries {
      if let file = entry.file {
        used += 1
        for part in file.components(separatedBy: "\n#").dropFirst() { add(.deleted, in: part) }
      } else if entry.text.hasPrefix("🗑") || entry.text.hasPrefix("✏️") {
        used += 1
        var text = entry.text
        let row = OutboxRow(
          id: 0, payload: .unreadable(kind: "", reason: ""), randomID: entry.randomID, createdAt: 0)
        var part = 1
        while let next = byID[row.randomID(part: part)] {
          text += next.text.replacingOccurrences(of: "… continued\n", with: "")
          used += 1
          part += 1
        }
        if entry.text.hasPrefix("🗑") {
          add(.deleted, in: text)
        } else {
          add(nil, in: text.components(separatedBy: "After:\n").last ?? "")
        }
      }
    }
    if used != log.entries.count { unclear.append("\(log.entries.count - used) posts that belong to no notice") }
  }

  private mutating func add(_ kind: Kind?, in text: String) {
    guard let start = text.range(of: "[["), let end = text.range(of: "]]"), start.upperBound < end.lowerBound else {
      return unclear.append(text)
    }
    let parts = text[start.upperBound..<end.lowerBound].split(separator: ":")
    guard parts.count == 3, let chat = Int64(parts[0]), let id = Int32(parts[1]), let version = Int(parts[2]) else {
      return unclear.append(text)
    }
    let key = MessageKey(chat: chat, id: id)
    let kind = kind ?? .edited(version)
    counts[Event(key: key, kind: kind), default: 0] += 1
    texts[key, default: []].append((kind, text))
  }

  /// Whether `text` holds all of `whole`; notices break it into lines and posts.
  func isWhole(_ whole: String, in text: String) -> Bool {
    func letters(_ text: String) -> String { text.filter { !$0.isWhitespace && $0 != "|" } }
    return text.contains(whole) || letters(text).contains(letters(whole))
  }
}
