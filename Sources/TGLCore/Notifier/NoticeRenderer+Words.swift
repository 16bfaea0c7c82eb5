import Foundation

/// What notices and the files of digests say in the same words.
extension NoticeRenderer {
  /// How often a message was edited, where a notice is about several edits, or about a deletion that came behind some.
  static func words(for notice: Notice) -> String? {
    guard let edits = notice.edits, notice.event != .edited || edits.count > 1 else { return nil }
    let between = edits.count - 1
    let versions =
      switch between {
      case 0: ""
      case 1: "; 1 version in between is in the archive"
      default: "; \(between) versions in between are in the archive"
      }
    return "Edits: \(edits.count)\(versions)"
  }

  /// The media of a message, or of all messages of an album; nil for none.
  static func media(of notice: Notice) -> String? {
    if let media = notice.albumMedia, media.values.reduce(0, +) > 1 { return words(for: media) }
    return notice.mediaKind.flatMap { $0 == .webPage ? nil : name(of: $0) }
  }

  /// As in "12 photos, 1 video", the most frequent first.
  static func words(for media: [String: Int]) -> String {
    let counts = media.filter { $0.key != MediaKind.webPage.rawValue }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return counts.map { "\($0.value) \($0.value == 1 ? name(of: $0.key) : plural(of: $0.key))" }.joined(separator: ", ")
  }

  /// How long media may be looked at.
  static func limit(_ seconds: Int64) -> String { seconds >= Int64(Int32.max) ? "view once" : "\(seconds) s" }

  private static func name(of kind: String) -> String { kind.replacingOccurrences(of: "_", with: " ") }

  private static func plural(of kind: String) -> String {
    switch kind {
    case "audio", "voice": "\(kind) messages"
    case "story": "stories"
    case "dice", "paid_media", "unsupported": name(of: kind)
    default: "\(name(of: kind))s"
    }
  }
}

extension Notice {
  /// Whether edits have brought a message back to what it was.
  var isAsBefore: Bool {
    edits.map { $0.count > 1 } == true && mediaKind == mediaKindBefore
      && before?.text.utf8.elementsEqual(text.text.utf8) == true && before?.entities == text.entities
      && files?.isEmpty != false
  }
}

extension DigestNotice {
  /// What its file is called, without number and ending.
  var fileName: String {
    switch edited ?? 0 {
    case 0: "deleted-messages"
    case count: "edited-messages"
    default: "notices"
    }
  }
}
