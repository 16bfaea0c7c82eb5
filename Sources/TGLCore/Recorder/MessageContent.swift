import Foundation
import NIOCore
import TL

/// Decides whether two states of a message differ in what its author says: only then the later one is a version.
///
/// Content are the bytes of the text, its formatting, the media and their words (a poll's question, a list's tasks, a
/// price, a place), its keyboard and its quote. No content is what others add or Telegram completes: votes, ticked tasks, previews of links, moves
/// of a live location, sizes and references of files.
enum MessageContent {
  /// - Parameter isWhole: whether all fields of the stored state were kept; else its keyboard and quote are not known.
  static func isSame(_ now: MessageRecord, _ stored: MessageRecord, isWhole: Bool) -> Bool {
    guard isSame(now.text, stored.text), isSame(now.media, stored.media) else { return false }
    if now.rest == stored.rest { return true }
    let (rest, storedRest) = (MessageRest(now.rest), MessageRest(stored.rest))
    guard isSame(rest.rich, storedRest.rich) else { return false }
    return !isWhole || isSame(rest.keyboard, storedRest.keyboard) && isSameQuote(rest.reply, storedRest.reply)
  }

  /// Compares bytes: `==` of strings takes canonically equivalent ones for equal.
  static func isSame(_ left: FormattedText, _ right: FormattedText) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8) && left.entities.count == right.entities.count
      && zip(left.entities, right.entities).allSatisfy { left, right in
        left.offset == right.offset && left.length == right.length && isSame(left.style, right.style)
      }
  }

  /// A preview of a link is no media of the author's.
  static func isSame(_ left: MediaRecord?, _ right: MediaRecord?) -> Bool {
    let (left, right) = (left.flatMap(authored), right.flatMap(authored))
    guard let left, let right else { return left == nil && right == nil }
    guard left.kind == right.kind else { return false }
    if left.raw == right.raw { return true }
    let isBought = isPreview(left.raw) || isPreview(right.raw)
    guard let said = content(of: ByteBuffer(bytes: left.raw), isBought),
      let saidNow = content(of: ByteBuffer(bytes: right.raw), isBought)
    else {
      return left.id == right.id
    }
    return said == saidNow
  }

  private static func isSame<Value: TLEncodable>(_ left: Value?, _ right: Value?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    let (bytes, bytesNow) = (left.encoded(), right.encoded())
    if bytes == bytesNow { return true }
    guard let said = content(of: bytes), let saidNow = content(of: bytesNow) else { return false }
    return said == saidNow
  }

  /// Compares what is quoted of the message that is answered.
  private static func isSameQuote(
    _ left: API.AnyMessageReplyHeader?, _ right: API.AnyMessageReplyHeader?
  ) -> Bool {
    isSame(left?.quote ?? FormattedText(), right?.quote ?? FormattedText())
  }

  private static func isSame(_ left: TextStyle, _ right: TextStyle) -> Bool {
    switch (left, right) {
    case (.pre(let left), .pre(let right)), (.link(let left), .link(let right)):
      left.utf8.elementsEqual(right.utf8)
    default: left == right
    }
  }

  private static func authored(_ media: MediaRecord) -> MediaRecord? { media.kind == .webPage ? nil : media }

  /// Nil for what cannot be read: media of another layer, or of before there were raw values.
  private static func content(of raw: ByteBuffer, _ isBought: Bool = false) -> ByteBuffer? {
    try? TLSchema.api.copy(raw, without: isBought ? addedOrPaid : added)
  }

  /// Whether media are shown only to those who pay: once bought they look otherwise, and are the same.
  private static func isPreview(_ raw: Data) -> Bool {
    guard let media = try? API.AnyMessageMedia(decoding: ByteBuffer(bytes: raw)) else { return false }
    switch media {
    case .messageMediaPaidMedia(let media):
      return media.extendedMedia.contains { if case .messageExtendedMediaPreview = $0 { true } else { false } }
    case .messageMediaInvoice(let invoice):
      if case .messageExtendedMedia = invoice.extendedMedia { return false }
      return true
    default: return false
    }
  }

  static let added = TLOmission(addedFields)
  private static let addedOrPaid = TLOmission(
    addedFields + ["messageMediaPaidMedia.extended_media", "messageMediaInvoice.extended_media"])

  /// Fields that are no content, by the schema's names.
  ///
  /// A photo or document is its id: the file under an id never changes.
  private static let addedFields = [
    "*.file_reference", "*.access_hash", "*.dc_id",
    "photo.has_stickers", "photo.date", "photo.sizes", "photo.video_sizes",
    "document.date", "document.mime_type", "document.size", "document.thumbs", "document.video_thumbs",
    "document.attributes",
    "webDocument.size", "webDocument.mime_type", "webDocument.attributes",
    "webDocumentNoProxy.size", "webDocumentNoProxy.mime_type", "webDocumentNoProxy.attributes",
    "messageMediaPhoto.spoiler", "messageMediaPhoto.ttl_seconds", "messageMediaDocument.ttl_seconds",
    "messageMediaDocument.nopremium", "messageMediaDocument.spoiler", "messageMediaDocument.alt_documents",
    "messageMediaPoll.results", "poll.closed", "poll.hash", "poll.creator", "poll.close_date", "pollAnswer.added_by",
    "pollAnswer.date",
    "messageMediaToDo.completions",
    "messageMediaGeoLive.geo", "messageMediaGeoLive.heading", "messageMediaGeoLive.period",
    "messageMediaGeoLive.proximity_notification_radius",
    "messageMediaInvoice.receipt_msg_id",
    "messageMediaStory.story",
    "messageMediaDice.game_outcome",
    "messageMediaVideoStream.call",
    "messageExtendedMediaPreview.w", "messageExtendedMediaPreview.h", "messageExtendedMediaPreview.thumb",
    "messageExtendedMediaPreview.video_duration",
  ]
}
