import Foundation
import NIOCore
import TL

extension MediaRecord {
  /// Nil for no media.
  init?(_ media: API.AnyMessageMedia) {
    guard let (kind, id) = Self.classify(media) else { return nil }
    self.init(kind: kind, id: id, raw: Data(media.encoded().readableBytesView))
  }

  private static func classify(_ media: API.AnyMessageMedia) -> (MediaKind, Int64?)? {
    switch media {
    case .messageMediaEmpty: nil
    case .messageMediaPhoto(let media): (.photo, media.photo?.id)
    case .messageMediaDocument(let media): (kind(of: media), media.document?.id)
    case .messageMediaGeo: (.location, nil)
    case .messageMediaGeoLive: (.liveLocation, nil)
    case .messageMediaVenue: (.venue, nil)
    case .messageMediaContact(let media): (.contact, media.userId)
    case .messageMediaWebPage: (.webPage, nil)
    case .messageMediaPoll(let media): (.poll, media.poll.id)
    case .messageMediaGame: (.game, nil)
    case .messageMediaInvoice: (.invoice, nil)
    case .messageMediaDice: (.dice, nil)
    case .messageMediaStory(let media): (.story, Int64(media.id))
    case .messageMediaGiveaway, .messageMediaGiveawayResults: (.giveaway, nil)
    case .messageMediaPaidMedia: (.paidMedia, nil)
    case .messageMediaToDo: (.checklist, nil)
    case .messageMediaUnsupported, .messageMediaVideoStream, .other: (.unsupported, nil)
    }
  }

  static func kind(of media: API.MessageMediaDocument) -> MediaKind {
    if media.voice { return .voice }
    if media.round { return .videoNote }
    guard case .document(let document) = media.document else { return media.video ? .video : .document }
    var kind = media.video ? MediaKind.video : .document
    for attribute in document.attributes {
      switch attribute {
      case .documentAttributeSticker: return .sticker
      case .documentAttributeAnimated: return .animation
      case .documentAttributeVideo(let video): kind = video.roundMessage ? .videoNote : .video
      case .documentAttributeAudio(let audio): kind = audio.voice ? .voice : .audio
      default: break
      }
    }
    return kind
  }
}

extension API.AnyMessageMedia {
  /// Seconds the media may be looked at; nil for media that stays.
  var ttlSeconds: Int32? {
    switch self {
    case .messageMediaPhoto(let media): media.ttlSeconds
    case .messageMediaDocument(let media): media.ttlSeconds
    default: nil
    }
  }
}

extension API.AnyPhoto {
  var id: Int64? {
    if case .photo(let photo) = self { return photo.id }
    return nil
  }
}

extension API.AnyDocument {
  var id: Int64? {
    if case .document(let document) = self { return document.id }
    return nil
  }
}
