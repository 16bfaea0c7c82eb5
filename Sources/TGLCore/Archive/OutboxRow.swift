import TelegramClient

/// One thing still to be told in the log chat.
public struct OutboxRow: Sendable, Hashable, Identifiable {
  public enum State: String, Sendable {
    /// To be sent in its turn.
    case pending
    /// Refused for what it holds; tried again on its own, while the others go on.
    case parked
  }

  /// Rows go out in the order of their ids.
  public var id: Int64
  public var payload: OutboxPayload
  /// What lets the server tell a repetition: of the first part; those of the others derive from it.
  public var randomID: Int64
  public var createdAt: Int64
  public var state: State = .pending
  /// Not to be sent earlier, in seconds since 1970.
  public var notBefore: Int64 = 0
  /// Times it was refused.
  public var attempts = 0
  public var lastError: String?
  /// As rendered for the first attempt: a repetition must send the same parts.
  public var posts: [Post]?
  /// How many of `posts` are sent.
  public var sentParts = 0
  /// Whether it may have been posted, wholly or in part: it is never changed any more.
  public var isBegun = false
  /// When the notice of an edit is due, in seconds since 1970; nil for what is due at once.
  public var settlesAt: Int64?
  /// Whether files it is to be posted with are still to come.
  public var isWaitingForFiles = false
  /// How far a text is that goes ahead of its files; nil for a row posted in one go.
  public var ahead: Ahead?

  /// A notice whose text goes ahead of its files.
  public enum Ahead: Sendable, Hashable {
    /// The text is being posted.
    case posting
    /// The text is posted; its files are to answer this message of the log chat, where it is known.
    case posted(Int64?)
  }

  /// The `random_id` of one part; distinct for all parts of all rows, and never 0.
  public func randomID(part: Int) -> Int64 {
    part == 0 ? randomID : Self.mix(randomID, UInt64(part))
  }

  /// The `random_id` of one item of a part that is an album; the first has the part's own.
  public func randomID(part: Int, item: Int) -> Int64 {
    let id = randomID(part: part)
    return item == 0 ? id : Self.mix(id, UInt64(item) << 32)
  }

  /// SplitMix64's output function (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
  private static func mix(_ seed: Int64, _ index: UInt64) -> Int64 {
    var z = UInt64(bitPattern: seed) &+ index &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    return z == 0 ? 1 : Int64(bitPattern: z)
  }
}

/// What an outbox row tells of.
public enum OutboxPayload: Sendable, Hashable {
  case message(Notice)
  case digest(DigestNotice)
  /// A word about what was asked for in the log chat.
  case note(LogNote)
  /// Written by another version of this program, or damaged; it is kept, and does not hold up the others.
  case unreadable(kind: String, reason: String)

  /// The chat it is about; nil for none, and for several.
  var chat: PeerID? {
    switch self {
    case .message(let notice): notice.chat.id
    case .digest(let digest): digest.chat?.id
    case .note, .unreadable: nil
    }
  }

  /// The message it is about; nil for what is about none, or several.
  var messageID: Int64? { if case .message(let notice) = self { notice.messageID } else { nil } }

  /// As the column `kind` has it.
  var kind: String {
    switch self {
    case .message(let notice): notice.event.rawValue
    case .digest: "digest"
    case .note: "note"
    case .unreadable(let kind, _): kind
    }
  }
}
