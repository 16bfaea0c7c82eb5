import TL

/// A medium attached to a message.
struct StoredMedia: Sendable {
  enum Content: Sendable {
    /// Key into the world's files.
    case photo(Int64)
    case document(Int64, cover: Int64? = nil)
    case paid(stars: Int64, [StoredMedia])
    /// What has no file: a contact, a place, a poll; as everybody sees it.
    case plain(API.AnyMessageMedia)
  }

  var content: Content
  var isSpoiler = false
  /// Seconds the medium is shown once it is opened, `viewOnce` for a single time; nil for ordinary media.
  var ttlSeconds: Int32?
  /// Unix time from which it is gone; set when it is opened.
  var expiresAt: Int32?

  /// `ttlSeconds` of what is shown once.
  static let viewOnce = Int32.max

  /// Key into the world's files.
  var fileID: Int64? {
    switch content {
    case .photo(let id), .document(let id, _): id
    case .paid, .plain: nil
    }
  }

  /// Every medium with a file of its own: this one, or those in it.
  var parts: [StoredMedia] {
    if case .paid(_, let parts) = content { parts } else { [self] }
  }

  func isGone(at now: Int32) -> Bool { expiresAt.map { $0 <= now } ?? false }
}

extension World {
  /// What kind of medium it is, by the name the control address has for it.
  func kind(of media: StoredMedia) -> String {
    switch media.content {
    case .photo: "photo"
    case .document(let id, _): files[id]?.kind ?? "document"
    case .paid: "paid"
    case .plain(let media): media.kind
    }
  }

  /// Whether a medium counts as unread until it has been opened.
  func isUnreadUntilOpened(_ media: StoredMedia) -> Bool {
    media.ttlSeconds != nil || ["voice", "video_note"].contains(kind(of: media))
  }
}

extension StoredFile {
  /// What its attributes make of it.
  var kind: String {
    var kind = "document"
    for attribute in attributes {
      switch attribute {
      case .documentAttributeSticker: return "sticker"
      case .documentAttributeAnimated: kind = "gif"
      case .documentAttributeAudio(let audio): kind = audio.voice ? "voice" : "audio"
      case .documentAttributeVideo(let video) where kind != "gif": kind = video.roundMessage ? "video_note" : "video"
      default: break
      }
    }
    return kind
  }
}

extension API.AnyMessageMedia {
  fileprivate var kind: String {
    switch self {
    case .messageMediaContact: "contact"
    case .messageMediaGeo: "location"
    case .messageMediaGeoLive: "live_location"
    case .messageMediaVenue: "venue"
    case .messageMediaDice: "dice"
    case .messageMediaPoll: "poll"
    case .messageMediaToDo: "todo"
    case .messageMediaStory: "story"
    case .messageMediaGame: "game"
    case .messageMediaInvoice: "invoice"
    case .messageMediaGiveaway: "giveaway"
    case .messageMediaWebPage: "web_page"
    default: "other"
    }
  }
}
