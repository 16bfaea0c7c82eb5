import Foundation
import NIOCore
import TL

/// A file to attach: a path, or an object that says more.
struct FileReference: Decodable, Sendable {
  let request: FileRequest

  init(from decoder: any Decoder) throws {
    if let path = try? decoder.singleValueContainer().decode(String.self) {
      request = FileRequest(path: path)
    } else {
      request = try Strict(from: decoder).value
    }
  }
}

/// A file by its path or its size, and what to make of it.
struct FileRequest: ControlRequest {
  var path: String?
  /// Bytes of a file that is made up.
  var size: Int64?
  /// From which it is made up.
  var seed: UInt64?
  var name: String?
  var mime: String?
  /// See `FileKind`.
  var kind: String?
  var spoiler: Bool?
  /// Path of a preview.
  var thumb: String?
  /// Of an album's item: its caption.
  var text: String?
  var entities: [EntityRequest]?
  var duration: Double?
  var width: Int32?
  var height: Int32?
  /// Hexadecimal.
  var waveform: String?
  var title: String?
  var performer: String?
  var emoji: String?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case path, size, seed, name, mime, kind, spoiler, thumb, text, entities, duration, waveform, title, performer, emoji
    case width = "w"
    case height = "h"
  }

  /// What Telegram takes, in bytes: at most 8000 parts of 512 KiB.
  static let sizes = 1...Int64(Upload.maximumParts) * Int64(Upload.slotSize)

  /// Made ready to be sent, outside the world: reading a path may take a while.
  func prepare(kind: String?, mime: String?) throws -> PreparedFile {
    let content: FileContent
    let name: String
    switch (path, size) {
    case (let path?, nil):
      guard let file = FileContent.file(at: path) else { throw ControlError("cannot read '\(path)'") }
      content = file
      name = self.name ?? URL(filePath: path).lastPathComponent
    case (nil, let size?):
      guard Self.sizes.contains(size) else {
        throw ControlError("size is \(size); 1 to \(Self.sizes.upperBound) is possible")
      }
      content = .generated(size: size, seed: seed ?? 1)
      name = self.name ?? "generated.bin"
    default: throw ControlError("a file has a path or a size")
    }
    guard content.size > 0 else { throw ControlError("'\(path ?? name)' is empty") }
    guard content.size <= Self.sizes.upperBound else { throw ControlError("'\(path ?? name)' is too big for Telegram") }
    let thumbnail = try thumb.map { path throws in
      guard let file = FileContent.file(at: path) else { throw ControlError("cannot read '\(path)'") }
      return file
    }
    let fileKind = try FileKind(named: self.kind ?? kind, fileName: name)
    return PreparedFile(
      kind: fileKind, content: content, thumbnail: thumbnail, name: name,
      mime: self.mime ?? mime ?? FileKind.mimeType(of: name) ?? fileKind.mimeType,
      attributes: try attributes(for: fileKind), isSpoiler: spoiler)
  }

  private func attributes(for kind: FileKind) throws -> [API.AnyDocumentAttribute] {
    let seconds = duration ?? 0
    guard (0...1_000_000).contains(seconds) else { throw ControlError("duration is \(seconds)") }
    func video(round: Bool = false, silent: Bool = false) -> API.AnyDocumentAttribute {
      .documentAttributeVideo(
        .init(
          roundMessage: round, supportsStreaming: !round && !silent, nosound: silent, duration: seconds, w: width ?? 0,
          h: height ?? 0))
    }
    switch kind {
    case .photo, .document:
      guard let width, let height else { return [] }
      return [.documentAttributeImageSize(.init(w: width, h: height))]
    case .video: return [video()]
    case .videoNote: return [video(round: true)]
    case .gif: return [video(silent: true), .documentAttributeAnimated(.init())]
    case .sticker:
      return [
        .documentAttributeImageSize(.init(w: width ?? 512, h: height ?? 512)),
        .documentAttributeSticker(.init(alt: emoji ?? "", stickerset: .inputStickerSetEmpty(.init()))),
      ]
    case .voice:
      return [
        .documentAttributeAudio(
          .init(voice: true, duration: Int32(seconds), waveform: try waveform.map(Self.bytes)))
      ]
    case .audio:
      return [.documentAttributeAudio(.init(duration: Int32(seconds), title: title, performer: performer))]
    }
  }

  private static func bytes(_ hexadecimal: String) throws -> ByteBuffer {
    let digits = Array(hexadecimal.utf8)
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { start in
      UInt8(String(decoding: digits[start..<min(start + 2, digits.count)], as: UTF8.self), radix: 16)
    }
    guard bytes.count * 2 == digits.count else { throw ControlError("'\(hexadecimal)' is not hexadecimal") }
    return ByteBuffer(bytes: bytes)
  }
}

/// What a file can be sent as.
enum FileKind: String, CaseIterable, Sendable {
  case photo, document, video, gif, sticker, voice, audio
  case videoNote = "video_note"

  init(named name: String?, fileName: String) throws {
    guard let name else {
      let isPhoto = ["jpg", "jpeg"].contains(URL(filePath: fileName).pathExtension.lowercased())
      self = isPhoto ? .photo : .document
      return
    }
    guard let kind = FileKind(rawValue: name) else {
      throw ControlError("kind is '\(name)'; \(Self.allCases.map(\.rawValue).joined(separator: ", ")) are known")
    }
    self = kind
  }

  fileprivate var mimeType: String? {
    switch self {
    case .photo: "image/jpeg"
    case .document: nil
    case .video, .videoNote, .gif: "video/mp4"
    case .sticker: "image/webp"
    case .voice: "audio/ogg"
    case .audio: "audio/mpeg"
    }
  }

  static func mimeType(of name: String) -> String? {
    switch URL(filePath: name).pathExtension.lowercased() {
    case "jpg", "jpeg": "image/jpeg"
    case "png": "image/png"
    case "gif": "image/gif"
    case "webp": "image/webp"
    case "webm": "video/webm"
    case "tgs": "application/x-tgsticker"
    case "mp4": "video/mp4"
    case "mp3": "audio/mpeg"
    case "ogg": "audio/ogg"
    case "txt": "text/plain"
    case "pdf": "application/pdf"
    default: nil
    }
  }
}

/// A file that is ready to be sent.
struct PreparedFile: Sendable {
  let kind: FileKind
  let content: FileContent
  let thumbnail: FileContent?
  let name: String
  let mime: String?
  let attributes: [API.AnyDocumentAttribute]
  let isSpoiler: Bool?

  /// Keeps it and makes a medium of it.
  func store(in world: inout World, dc: Int32?) -> StoredMedia {
    let preview = thumbnail.map {
      world.addFile($0, name: nil, mimeType: "image/jpeg", attributes: [], dc: dc).id
    }
    let stored = world.addFile(
      content, name: kind == .photo ? nil : name, mimeType: mime, attributes: attributes, dc: dc, thumbnail: preview)
    return StoredMedia(
      content: kind == .photo ? .photo(stored.id) : .document(stored.id), isSpoiler: isSpoiler ?? false)
  }
}
