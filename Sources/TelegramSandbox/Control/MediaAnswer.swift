import Foundation
import NIOCore
import TL

/// What the control address tells of a message's medium.
struct MediaAnswer: Encodable, Sendable {
  /// What a document's attributes or a poll's questions say; only what there is.
  struct Attributes: Encodable, Sendable {
    /// Seconds.
    var duration: Double?
    var w: Int32?
    var h: Int32?
    /// Hexadecimal.
    var waveform: String?
    var title: String?
    var performer: String?
    var emoji: String?
  }

  var kind: String
  var name: String?
  var mime: String?
  var size: Int64?
  var sha256: String?
  var ttl: Int32?
  var spoiler: Bool?
  /// The data centre that has the file.
  var dc: Int32?
  /// Of the preview.
  var thumb: String?
  var attributes: Attributes?
  /// Stars paid media cost, and what they are.
  var stars: Int64?
  var parts: [MediaAnswer]?
  /// A medium without a file, by the schema's names.
  var value: SchemaValue?
  /// Whether it destroyed itself.
  var gone: Bool?

  enum CodingKeys: String, CodingKey {
    case kind, name, mime, size, sha256, ttl, spoiler, dc, thumb, attributes, stars, parts, value, gone
  }

  init(_ media: StoredMedia, in world: World, digests: [Int64: String]) {
    kind = world.kind(of: media)
    ttl = media.ttlSeconds
    if media.isSpoiler { spoiler = true }
    if media.isGone(at: world.now) { gone = true }
    switch media.content {
    case .plain(let media):
      value = (try? TLSchema.api.value(media.encoded())).map(SchemaValue.init)
    case .paid(let stars, let parts):
      self.stars = stars
      self.parts = parts.map { MediaAnswer($0, in: world, digests: digests) }
    case .photo(let id), .document(let id, _):
      guard let file = world.files[id] else { return }
      name = file.name
      mime = file.mimeType
      size = file.size
      dc = file.dc
      sha256 = digests[id]
      thumb = file.thumbnail.flatMap { digests[$0] }
      attributes = Attributes(file)
    }
  }
}

/// A TL value as JSON by the schema's names: `_` is the constructor, numbers are numbers, bytes are base64.
struct SchemaValue: Encodable, Sendable {
  let value: TLValue

  func encode(to encoder: any Encoder) throws {
    if case .object(let name, let fields) = value {
      var container = encoder.container(keyedBy: AnyKey.self)
      try container.encode(name, forKey: AnyKey(stringValue: "_"))
      for (field, value) in fields {
        try container.encode(SchemaValue(value: value), forKey: AnyKey(stringValue: field))
      }
      return
    }
    var container = encoder.singleValueContainer()
    switch value {
    case .int(let number): try container.encode(number)
    case .long(let number): try container.encode(number)
    case .double(let number): try container.encode(number)
    case .bool(let bool): try container.encode(bool)
    case .string(let text): try container.encode(text)
    case .bytes(let bytes): try container.encode(Data(bytes.readableBytesView))
    case .vector(let elements): try container.encode(elements.map(SchemaValue.init))
    case .object: break
    }
  }
}

extension MediaAnswer.Attributes {
  fileprivate init?(_ file: StoredFile) {
    if file.width > 0 { (w, h) = (file.width, file.height) }
    for attribute in file.attributes {
      switch attribute {
      case .documentAttributeVideo(let video): duration = video.duration
      case .documentAttributeAudio(let audio):
        duration = Double(audio.duration)
        (title, performer) = (audio.title, audio.performer)
        waveform = audio.waveform.map { Array($0.readableBytesView).hexadecimal }
      case .documentAttributeSticker(let sticker): emoji = sticker.alt
      default: break
      }
    }
    guard duration != nil || w != nil || emoji != nil else { return nil }
  }
}
