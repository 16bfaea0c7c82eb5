import Foundation
import NIOCore
import TL
import TelegramClient

/// One file of a message's media, and how Telegram is asked for it.
struct MediaFile: Sendable {
  enum Role: Sendable, Hashable {
    /// What the message shows; paid media and albums may have several.
    case main
    /// The picture a video is shown as before it plays.
    case cover
    /// The video behind a live photo.
    case motion
  }

  /// Which of the message's files; the first is 0.
  var position: Int
  var role: Role
  var kind: MediaKind
  /// Of the photo or document.
  var mediumID: Int64
  /// What it is called; for photos and recordings, which have no name, one that says what they are.
  var name: String
  var mimeType: String
  /// In bytes; 0 when it is not told.
  var size: Int64
  var source: Source

  enum Source: Sendable {
    case photo(API.Photo)
    case document(API.Document)
  }

  /// How it is asked for.
  var remote: RemoteFile? {
    switch source {
    case .document(let document): RemoteFile(document)
    case .photo(let photo): RemoteFile(photo)
    }
  }

  /// Whether it is the cover of this video, or the video of this live photo.
  func belongs(to main: MediaFile) -> Bool { position == main.position + 1 }

  /// The files of a medium; none for media without one, and for what has expired.
  static func files(of media: API.AnyMessageMedia) -> [MediaFile] {
    var files: [MediaFile] = []
    func add(_ photo: API.AnyPhoto?, _ role: Role) {
      guard case .photo(let photo) = photo, let size = photo.largestSize else { return }
      files.append(
        MediaFile(
          position: files.count, role: role, kind: .photo, mediumID: photo.id,
          name: role == .cover ? "cover.jpg" : "photo.jpg", mimeType: "image/jpeg", size: Int64(size.bytes),
          source: .photo(photo)))
    }
    func add(_ document: API.AnyDocument?, _ role: Role, _ kind: MediaKind) {
      guard case .document(let document) = document else { return }
      files.append(
        MediaFile(
          position: files.count, role: role, kind: kind, mediumID: document.id, name: document.fileName(for: kind),
          mimeType: document.mimeType, size: max(document.size, 0), source: .document(document)))
    }
    func add(_ media: API.AnyMessageMedia) {
      switch media {
      case .messageMediaPhoto(let media):
        add(media.photo, .main)
        add(media.video, .motion, .video)
      case .messageMediaDocument(let media):
        add(media.document, .main, MediaRecord.kind(of: media))
        add(media.videoCover, .cover)
      case .messageMediaPaidMedia(let paid):
        for item in paid.extendedMedia {
          if case .messageExtendedMedia(let extended) = item, !extended.media.isPaid { add(extended.media) }
        }
      default: break
      }
    }
    add(media)
    return files
  }

  /// The files of a medium as the archive keeps it; none for bytes that cannot be read.
  static func files(of record: MediaRecord) -> [MediaFile] {
    guard record.kind.hasFile, let media = record.value else { return [] }
    return files(of: media)
  }
}

extension MediaKind {
  /// Whether media of the kind comes as a file.
  var hasFile: Bool {
    switch self {
    case .photo, .video, .animation, .audio, .voice, .sticker, .document, .videoNote, .paidMedia: true
    case .contact, .location, .venue, .poll, .game, .invoice, .dice, .story, .giveaway, .checklist, .liveLocation,
      .webPage, .unsupported:
      false
    }
  }
}

extension MediaRecord {
  /// The TL value; nil when the bytes are none of this layer.
  var value: API.AnyMessageMedia? {
    try? API.AnyMessageMedia(decoding: ByteBuffer(bytes: raw))
  }
}

extension API.AnyMessageMedia {
  /// Paid media holds no other paid media: a server that says so must not be followed into it.
  fileprivate var isPaid: Bool { if case .messageMediaPaidMedia = self { true } else { false } }
}

extension API.Photo {
  /// The size of the most bytes among those that can be downloaded.
  ///
  /// Source: "Image thumbnail types", core.telegram.org/api/files.
  var largestSize: (type: String, bytes: Int32, width: Int32, height: Int32)? {
    let sizes: [(type: String, bytes: Int32, width: Int32, height: Int32)] = sizes.compactMap { size in
      switch size {
      case .photoSize(let size): (size.type, size.size, size.w, size.h)
      case .photoSizeProgressive(let size): (size.type, size.sizes.max() ?? 0, size.w, size.h)
      case .photoCachedSize, .photoSizeEmpty, .photoStrippedSize, .photoPathSize, .other: nil
      }
    }
    return sizes.max { ($0.width, $0.height, $0.bytes) < ($1.width, $1.height, $1.bytes) }
  }
}

extension API.Document {
  /// The name its sender gave it, or one made of what it is.
  func fileName(for kind: MediaKind) -> String {
    for attribute in attributes {
      if case .documentAttributeFilename(let name) = attribute, !name.fileName.isEmpty { return name.fileName }
    }
    let ending = FileEnding.byMimeType[mimeType.lowercased()] ?? FileEnding.usual(for: kind)
    return "\(kind.rawValue).\(ending)"
  }
}

/// What file names end with.
private enum FileEnding {
  static let byMimeType = [
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/heic": "heic",
    "video/mp4": "mp4", "video/webm": "webm", "video/quicktime": "mov", "video/x-matroska": "mkv",
    "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/mp4": "m4a", "audio/x-wav": "wav", "audio/flac": "flac",
    "application/pdf": "pdf", "application/zip": "zip", "application/x-tgsticker": "tgs", "text/plain": "txt",
    "application/json": "json",
  ]

  static func usual(for kind: MediaKind) -> String {
    switch kind {
    case .photo: "jpg"
    case .video, .animation, .videoNote: "mp4"
    case .audio: "mp3"
    case .voice: "ogg"
    case .sticker: "webp"
    default: "bin"
    }
  }
}
