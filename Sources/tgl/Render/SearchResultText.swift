import Foundation
import TGLCore
import TelegramClient

/// Whether colours and weights may be shown.
enum Style {
  /// Source: no-color.org.
  static func isWanted(of descriptor: Int32) -> Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(descriptor) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }
}

/// What was found, for people: a line of where and when, and the text around the first words.
struct SearchResultText {
  let isStyled: Bool
  /// UTF-16 code units shown around what was found.
  private static let before = 60
  private static let length = 200

  func text(of hit: SearchHit) -> String {
    var marks: [String] = []
    if let time = hit.deletedAt { marks.append("deleted \(Self.time(time))") }
    if !hit.isCurrent { marks.append("earlier version \(hit.version)") }
    let chat = "\(hit.chatName.map { "\(Self.line($0)) " } ?? "")[\(hit.chat)]"
    let sender = hit.sender.map { id in hit.senderName.map(Self.line) ?? "\(id)" }
    var heading = "\(Self.time(hit.date))  \(chat) #\(hit.id)"
    if let sender { heading += "  \(sender)" }
    if !marks.isEmpty { heading += "  (\(marks.joined(separator: ", ")))" }
    return "\(styled(heading, "2"))\n    \(snippet(hit))"
  }

  /// The text around the first hit, on one line, with the hits in it marked.
  private func snippet(_ hit: SearchHit) -> String {
    let units = Array(hit.text.utf16)
    let first = hit.ranges.first?.lowerBound ?? 0
    var start = max(first - Self.before, 0)
    if first - start == Self.before, let space = units[start..<first].firstIndex(of: 32) { start = space + 1 }
    start = Self.boundary(start, units)
    let end = Self.boundary(min(start + Self.length, units.count), units)
    var result = start > 0 ? "… " : ""
    var position = start
    for range in hit.ranges where range.lowerBound >= start && range.upperBound <= end {
      result += Self.line(String(decoding: units[position..<range.lowerBound], as: UTF16.self))
      result += styled(Self.line(String(decoding: units[range], as: UTF16.self)), "1;33")
      position = range.upperBound
    }
    result += Self.line(String(decoding: units[position..<end], as: UTF16.self))
    return end < units.count ? result + " …" : result
  }

  /// Not between the halves of a pair.
  private static func boundary(_ index: Int, _ units: [UInt16]) -> Int {
    index > 0 && index < units.count && UTF16.isTrailSurrogate(units[index]) ? index - 1 : index
  }

  private func styled(_ text: String, _ codes: String) -> String {
    isStyled && !text.isEmpty ? "\u{1B}[\(codes)m\(text)\u{1B}[0m" : text
  }

  /// Without line ends, and without what could move a terminal's cursor or turn its text around.
  private static func line(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: result += " "
      case .format where scalar != "\u{200D}" && scalar != "\u{200C}": break
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func time(_ seconds: Int64) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm"
    return formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
  }
}

/// What was found, for programs.
struct SearchHitReport: Encodable {
  struct Range: Encodable {
    var offset: Int
    var length: Int
  }

  private let hit: SearchHit

  init(_ hit: SearchHit) { self.hit = hit }

  private enum CodingKeys: String, CodingKey {
    case chatID = "chat_id"
    case chat
    case messageID = "message_id"
    case senderID = "sender_id"
    case sender, date
    case deletedAt = "deleted_at"
    case version
    case isCurrent = "is_current"
    case text, hits
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(hit.chat.rawValue, forKey: .chatID)
    try container.encode(hit.chatName, forKey: .chat)
    try container.encode(hit.id, forKey: .messageID)
    try container.encode(hit.sender?.rawValue, forKey: .senderID)
    try container.encode(hit.senderName, forKey: .sender)
    try container.encode(Self.time(hit.date), forKey: .date)
    try container.encode(hit.deletedAt.map(Self.time), forKey: .deletedAt)
    try container.encode(hit.version, forKey: .version)
    try container.encode(hit.isCurrent, forKey: .isCurrent)
    try container.encode(hit.text, forKey: .text)
    try container.encode(
      hit.ranges.map { Range(offset: $0.lowerBound, length: $0.count) }, forKey: .hits)
  }

  private static func time(_ seconds: Int64) -> String {
    Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
  }
}
