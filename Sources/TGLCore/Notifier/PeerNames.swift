import TelegramClient

/// Names as they may stand in a line of a notice.
enum DisplayName {
  static let maximumLength = 64

  static func of(_ peer: PeerSummary) -> String {
    let name = clean(peer.name ?? "")
    return name.isEmpty ? "id \(peer.id)" : name
  }

  /// The name without what could end the line, hide in it or turn its direction, and not too long.
  ///
  /// A name with letters that are written from right to left is isolated, so that it cannot reorder what follows it.
  /// Source: Unicode Standard Annex #9, "Explicit directional isolates".
  ///
  /// - Parameter limit: characters it may have.
  static func clean(_ name: String, limit: Int = maximumLength) -> String {
    var scalars = String.UnicodeScalarView()
    var isRightToLeft = false
    for scalar in name.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator: scalars.append(" ")
      // The joiners that emoji and some scripts need; everything else of this category is invisible.
      case .format where scalar.value != 0x200D && scalar.value != 0x200C: break
      case .surrogate, .unassigned, .privateUse: break
      default:
        if isStrongRightToLeft(scalar) { isRightToLeft = true }
        scalars.append(scalar)
      }
    }
    let words = String(scalars).split(separator: " ")
    var short = ""
    for character in words.joined(separator: " ") {
      // Twice the count in UTF-16 units: one character may carry any number of accents.
      if short.count >= limit || short.utf16.count + character.utf16.count > 2 * limit {
        short += "…"
        break
      }
      short.append(character)
    }
    return isRightToLeft ? "\u{2068}\(short)\u{2069}" : short
  }

  private static func isStrongRightToLeft(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFF, 0x10800...0x10FFF, 0x1E800...0x1EFFF: true
    default: false
    }
  }
}

/// Links that clients open.
///
/// Source: "Deep links", core.telegram.org/api/links.
enum PeerLink {
  /// Nil for a group or channel without a public name: only its messages have links.
  static func chat(_ peer: PeerSummary) -> String? {
    if let username = validUsername(peer.username) { return "https://t.me/\(username)" }
    switch peer.id.kind {
    case .user: return "tg://openmessage?user_id=\(peer.id.bareID)"
    case .basicGroup: return "tg://openmessage?chat_id=\(peer.id.bareID)"
    case .channel: return nil
    }
  }

  /// Nil for private chats and basic groups, whose messages have no links of their own.
  static func message(_ id: Int64, in chat: PeerSummary, topic: Int64?) -> String? {
    guard chat.id.kind == .channel else { return nil }
    let place = validUsername(chat.username) ?? "c/\(chat.id.bareID)"
    guard let topic, topic != id else { return "https://t.me/\(place)/\(id)" }
    return "https://t.me/\(place)/\(topic)/\(id)"
  }

  /// Nil for what cannot be a username: it must not add to a link.
  static func validUsername(_ name: String?) -> String? {
    guard let name, (1...32).contains(name.utf8.count),
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    else { return nil }
    return name
  }
}
