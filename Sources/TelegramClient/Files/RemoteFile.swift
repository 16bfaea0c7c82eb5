import NIOCore
public import TL

/// A file on Telegram's servers: where it is and how large.
public struct RemoteFile: Sendable {
  public var location: API.AnyInputFileLocation
  /// The data centre that keeps it.
  public var dc: Int
  /// In bytes; 0 where nobody said.
  public var size: Int64

  public init(location: API.AnyInputFileLocation, dc: Int, size: Int64) {
    self.location = location
    self.dc = dc
    self.size = size
  }

  /// The document itself, not one of its thumbnails.
  public init(_ document: API.Document) {
    let location = API.InputDocumentFileLocation(
      id: document.id, accessHash: document.accessHash, fileReference: document.fileReference, thumbSize: "")
    self.init(location: .inputDocumentFileLocation(location), dc: Int(document.dcId), size: max(document.size, 0))
  }

  /// The photo's largest size; nil when the server keeps none of it.
  public init?(_ photo: API.Photo) {
    guard let largest = photo.sizes.compactMap(StoredSize.init).max(by: { $0.rank < $1.rank }) else { return nil }
    let location = API.InputPhotoFileLocation(
      id: photo.id, accessHash: photo.accessHash, fileReference: photo.fileReference, thumbSize: largest.type)
    self.init(location: .inputPhotoFileLocation(location), dc: Int(photo.dcId), size: largest.bytes)
  }

  /// One of a photo's sizes that can be asked for: stripped previews and outlines are no files.
  private struct StoredSize {
    let type: String
    let pixels: Int64
    let bytes: Int64

    init?(_ size: API.AnyPhotoSize) {
      switch size {
      case .photoSize(let size): self.init(size.type, size.w, size.h, Int64(size.size))
      case .photoSizeProgressive(let size): self.init(size.type, size.w, size.h, Int64(size.sizes.max() ?? 0))
      case .photoCachedSize(let size): self.init(size.type, size.w, size.h, Int64(size.bytes.readableBytes))
      case .photoSizeEmpty, .photoStrippedSize, .photoPathSize, .other: return nil
      }
    }

    private init(_ type: String, _ width: Int32, _ height: Int32, _ bytes: Int64) {
      self.type = type
      pixels = Int64(max(width, 0)) * Int64(max(height, 0))
      self.bytes = max(bytes, 0)
    }

    var rank: (Int64, Int64) { (pixels, bytes) }
  }
}

extension RemoteFile: Hashable {
  public static func == (left: RemoteFile, right: RemoteFile) -> Bool {
    left.dc == right.dc && left.size == right.size && left.location.encoded() == right.location.encoded()
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(dc)
    hasher.combine(size)
    hasher.combine(location.encoded())
  }
}

/// What a download came to.
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
