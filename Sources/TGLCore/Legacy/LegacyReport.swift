/// What taking over a data directory of the Python service came to, or would.
public struct LegacyReport: Sendable, Codable, Hashable {
  /// A row of which something was left behind.
  public struct Problem: Sendable, Codable, Hashable {
    public var chat: Int64?
    public var message: Int64?
    public var file: String?
    public var reason: String

    enum CodingKeys: String, CodingKey {
      case chat = "chat_id"
      case message = "message_id"
      case file, reason
    }
  }

  /// Where it was taken from.
  public var source: String
  /// Rows of `messages`.
  public var rows = 0
  /// Messages that are new in the archive.
  public var added = 0
  /// Messages the archive had already; those stay as they are.
  public var present = 0
  /// Rows that are no message.
  public var unusable = 0
  /// Pickled media, and those of them that were kept.
  public var media = 0
  public var mediaKept = 0
  /// Chats and people of whom something is known.
  public var peers = 0
  /// Files of media that belong to messages of the archive now.
  public var buffered = 0
  public var recovered = 0
  /// Files whose message or medium is not known; they stay where they are.
  public var filesWithoutMessage = 0
  /// The first of the problems, and how many there are.
  public var problems: [Problem] = []
  public var problemCount = 0
  public var backup: ArchiveBackup?
  /// Nothing was written.
  public var isDryRun = false

  static let listedProblems = 1000

  init(source: String) { self.source = source }

  mutating func add(_ problem: Problem) {
    problemCount += 1
    if problems.count < Self.listedProblems { problems.append(problem) }
  }

  enum CodingKeys: String, CodingKey {
    case source, rows, added, present, unusable, media
    case mediaKept = "media_kept"
    case peers, buffered, recovered
    case filesWithoutMessage = "files_without_message"
    case problems
    case problemCount = "problem_count"
    case backup
    case isDryRun = "dry_run"
  }
}
