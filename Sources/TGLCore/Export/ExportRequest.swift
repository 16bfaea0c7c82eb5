public import Foundation

/// What `tgl export` writes, and how.
public struct ExportRequest: Sendable {
  public enum Format: String, Sendable, CaseIterable {
    /// One message a line; see docs/export.md.
    case jsonl
    /// `result.json` as Telegram Desktop writes it.
    case json
    /// RFC 4180.
    case csv
    /// A site that works from the disk.
    case html
  }

  /// What becomes of media files.
  public enum Media: String, Sendable, CaseIterable {
    /// Named by where they are.
    case link
    /// Copied beside the export, decrypted when they are encrypted.
    case copy
    /// Not named.
    case none
  }

  public enum Destination: Sendable {
    case descriptor(CInt, name: String)
    case file(String)
    case folder(String)
  }

  public var format: Format
  public var destination: Destination
  /// Empty for all.
  public var chats: [PeerReference] = []
  /// Sent at this time or later, in seconds since 1970.
  public var since: Int64?
  /// Sent before this time.
  public var until: Int64?
  public var onlyDeleted = false
  /// With `onlyDeleted`: what is deleted or edited.
  public var onlyEdited = false
  public var media = Media.link
  /// Adds what is kept as Telegram sent it, as JSON by the schema's names.
  public var includesRaw = false
  /// Only what is new since the last export to the same folder.
  public var sinceLast = false
  /// Whether existing files may be replaced.
  public var replacing = false
  /// In which times without a zone are written.
  public var timeZone = TimeZone.current
  /// Where media files are.
  public var root: DataRoot
  /// What encrypted media may be encrypted with, for `Media.copy`.
  public var keys: [Secret<[UInt8]>] = []

  public init(format: Format, destination: Destination, root: DataRoot) {
    self.format = format
    self.destination = destination
    self.root = root
  }

  var filter: MessageFilter {
    var filter = MessageFilter()
    filter.since = since
    filter.until = until
    filter.onlyDeleted = onlyDeleted
    filter.onlyEdited = onlyEdited
    return filter
  }

  /// The folder that is written to; nil for a single file or pipe.
  var folder: String? {
    if case .folder(let path) = destination { return path }
    return nil
  }
}

/// What was exported.
public struct ExportSummary: Sendable, Equatable, Codable {
  public var chats = 0
  public var messages = 0
  public var deleted = 0
  public var edited = 0
  /// Media files that were copied or named.
  public var files = 0
  /// Media files that could not be copied; each was reported.
  public var failedFiles = 0
  /// What to open; nil for a pipe.
  public var path: String?

  private enum CodingKeys: String, CodingKey {
    case chats, messages, deleted, edited, files
    case failedFiles = "failed_files"
    case path
  }
}

/// Why nothing was exported.
public enum ExportError: Error, Sendable, Equatable, CustomStringConvertible {
  case unknownChat(String)
  /// The folder holds something else than an earlier export of the same format.
  case foreignFolder(path: String)
  /// The folder's earlier export was made with other options, so that nothing can be added to it.
  case otherExport(path: String, detail: String)

  public var description: String {
    switch self {
    case .unknownChat(let name): "the archive knows no chat \(name)"
    case .foreignFolder(let path): "\(path): is not empty; name another folder, or replace what is in it with --force"
    case .otherExport(let path, let detail):
      "\(path): the last export there was made with other options (\(detail)); name another folder, or begin anew with --force"
    }
  }
}
