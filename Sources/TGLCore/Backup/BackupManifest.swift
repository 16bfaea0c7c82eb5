/// What a backup holds: `manifest.json` in its folder, written last.
public struct BackupManifest: Sendable, Hashable, Codable {
  /// A file of the backup itself.
  public struct File: Sendable, Hashable, Codable {
    /// Below the backup's folder.
    public var name: String
    /// In bytes.
    public var size: Int64
    /// In hexadecimal.
    public var sha256: String
  }

  /// The files of `media/` and `media_deleted/`, which `media.jsonl` lists.
  public struct Media: Sendable, Hashable, Codable {
    public var files = 0
    /// Bytes they take on the disk.
    public var bytes: Int64 = 0
    /// Listed in the archive, but not on the disk any more.
    public var missing = 0
    /// Whether the backup holds the files.
    public var isIncluded = false

    enum CodingKeys: String, CodingKey {
      case files, bytes, missing
      case isIncluded = "included"
    }
  }

  static let format = 1
  static let name = "manifest.json"
  static let archive = "messages.db"
  static let session = "user.session"
  static let media = "media.jsonl"

  public var format = BackupManifest.format
  /// ISO 8601, in UTC.
  public var createdAt: String
  /// Of the program that made it.
  public var version: String
  public var messages: Int
  public var deleted: Int
  public var files: [File]
  public var media: Media

  enum CodingKeys: String, CodingKey {
    case format
    case createdAt = "created_at"
    case version, messages, deleted, files, media
  }
}

/// A line of `media.jsonl`: a file of `media/` or `media_deleted/`.
struct BackupMedium: Codable {
  /// `media/…` or `media_deleted/…`, below the data directory and, if it is included, below the backup's folder.
  var name: String
  /// Of what it holds: of the file itself unless it is encrypted.
  var size: Int64
  /// Of what it holds, in hexadecimal.
  var sha256: String
  var encrypted: Bool
  /// Of the file on the disk; nil when it was not there.
  var bytes: Int64?
}

/// Why there is no backup.
public enum BackupError: Error, Sendable, Hashable, CustomStringConvertible {
  case notABackup(path: String, reason: String)
  /// Something in it is not as it was made; each problem is named.
  case damaged(path: String, [String])

  public var description: String {
    switch self {
    case .notABackup(let path, let reason): "\(path) is no backup of tgl: \(reason)"
    case .damaged(let path, let problems):
      (["\(path) is not sound:"] + problems.map { "  \($0)" }).joined(separator: "\n")
    }
  }
}
