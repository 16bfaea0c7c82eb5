public import TL

/// A file on Telegram's side: where it is, and how it is asked for.
///
/// Source: "Downloading files", core.telegram.org/api/files.
public struct RemoteFile: Sendable {
  public var location: API.AnyInputFileLocation
  /// The data centre that has it.
  public var dc: Int
  /// In bytes; 0 when it is not known.
  public var size: Int64

  public init(location: API.AnyInputFileLocation, dc: Int, size: Int64) {
    self.location = location
    self.dc = dc
    self.size = size
  }

  /// A document's file itself, not one of its previews.
  public init(_ document: API.Document) {
    let location = API.InputDocumentFileLocation(
      id: document.id, accessHash: document.accessHash, fileReference: document.fileReference, thumbSize: "")
    self.init(location: .inputDocumentFileLocation(location), dc: Int(document.dcId), size: max(document.size, 0))
  }

  /// One of a photo's sizes.
  ///
  /// - Parameters:
  ///   - sizeType: the letter Telegram names it with.
  ///   - bytes: its size; 0 when it is not known.
  public init(_ photo: API.Photo, sizeType: String, bytes: Int64) {
    let location = API.InputPhotoFileLocation(
      id: photo.id, accessHash: photo.accessHash, fileReference: photo.fileReference, thumbSize: sizeType)
    self.init(location: .inputPhotoFileLocation(location), dc: Int(photo.dcId), size: max(bytes, 0))
  }
}

/// What a finished download came to.
public struct DownloadedFile: Sendable, Hashable {
  /// In bytes.
  public var size: Int64
  /// 32 bytes.
  public var sha256: [UInt8]

  public init(size: Int64, sha256: [UInt8]) {
    self.size = size
    self.sha256 = sha256
  }
}

/// Why a download did not come to its end; what has been received stays in the partial file.
public enum DownloadError: Error, Sendable {
  /// The reference is to be renewed from the message it came with.
  ///
  /// Source: "File references", core.telegram.org/api/file-references.
  case referenceExpired
  /// The server has no such file, and never will.
  case gone(String)
  /// The server asks to wait longer than `ClientConfiguration.floodSleepThreshold`.
  case floodWait(Duration)
  case diskFull(path: String)
  /// The partial file cannot be written, for another reason.
  case file(String)
  /// The server sent fewer or more bytes than it said.
  case sizeMismatch(expected: Int64, actual: Int64)
  /// A CDN's bytes are not those the server vouches for.
  case hashMismatch
  case telegram(TelegramError)
}

extension DownloadError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .referenceExpired: "its file reference has expired"
    case .gone(let name): "the server does not have it any more (\(name))"
    case .floodWait(let wait): "Telegram asks to wait \(wait.components.seconds) s before more is downloaded"
    case .diskFull(let path): "\(path): no space left"
    case .file(let reason): reason
    case .sizeMismatch(let expected, let actual): "the server sent \(actual) bytes of \(expected)"
    case .hashMismatch: "a CDN sent other bytes than the server vouches for"
    case .telegram(let error): "\(error)"
    }
  }
}
