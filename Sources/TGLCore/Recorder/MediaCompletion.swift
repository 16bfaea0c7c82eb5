public import Foundation
import NIOCore
import TL
import TelegramClient

/// What Telegram adds later to the media of a message, without an edit.
public enum MediaCompletion: Sendable {
  /// The preview of a link, by the page's id, as a boxed `WebPage`.
  case preview(page: Int64, raw: Data)
  /// Votes of a poll, and the poll where it changed, as a boxed `updateMessagePoll`.
  case poll(id: Int64, raw: Data)
  /// Media that was paid for, as a boxed `updateMessageExtendedMedia`.
  case paidMedia(raw: Data)

  /// By which id a message with this media is found; nil for one that is named itself.
  var mediumID: Int64? {
    switch self {
    case .preview(let page, _): page
    case .poll(let id, _): id
    case .paidMedia: nil
    }
  }
}

extension MediaRecord {
  /// The media with what was added; nil when it is other media, or cannot be read.
  func completed(by completion: MediaCompletion) -> MediaRecord? {
    guard let value, let media = Self.completed(value, by: completion) else { return nil }
    return MediaRecord(media)
  }

  /// By which id a later update may name this media instead of its message.
  var laterID: Int64? {
    guard kind == .poll || kind == .webPage, let value else { return nil }
    switch value {
    case .messageMediaPoll(let media): return media.poll.id
    case .messageMediaWebPage(let media):
      if case .webPagePending(let page) = media.webpage { return page.id }
      return nil
    default: return nil
    }
  }

  private static func completed(_ media: API.AnyMessageMedia, by completion: MediaCompletion)
    -> API.AnyMessageMedia?
  {
    switch (media, completion) {
    case (.messageMediaWebPage(var media), .preview(let id, let raw)):
      guard case .webPagePending(let pending) = media.webpage, pending.id == id,
        let page = try? API.AnyWebPage(decoding: ByteBuffer(bytes: raw))
      else { return nil }
      media.webpage = page
      return .messageMediaWebPage(media)
    case (.messageMediaPoll(var media), .poll(let id, let raw)):
      guard media.poll.id == id, let update = try? API.UpdateMessagePoll(decoding: ByteBuffer(bytes: raw)) else {
        return nil
      }
      if let poll = update.poll { media.poll = poll }
      media.results = media.results.updated(by: update.results)
      return .messageMediaPoll(media)
    case (.messageMediaPaidMedia(var media), .paidMedia(let raw)):
      guard let items = items(raw) else { return nil }
      media.extendedMedia = items
      return .messageMediaPaidMedia(media)
    case (.messageMediaInvoice(var media), .paidMedia(let raw)):
      guard let item = items(raw)?.first else { return nil }
      media.extendedMedia = item
      return .messageMediaInvoice(media)
    default: return nil
    }
  }

  private static func items(_ raw: Data) -> [API.AnyMessageExtendedMedia]? {
    (try? API.UpdateMessageExtendedMedia(decoding: ByteBuffer(bytes: raw)))?.extendedMedia
  }
}

extension API.PollResults {
  /// Later results; those that are told to everybody alike (`min`) do not say what this account chose.
  ///
  /// Source: "Polls", core.telegram.org/api/poll.
  fileprivate func updated(by later: API.PollResults) -> API.PollResults {
    guard later.min else { return later }
    var merged = later
    merged.min = min
    (merged.solution, merged.solutionEntities) = (solution, solutionEntities)
    merged.solutionMedia = solutionMedia
    let known = Dictionary((results ?? []).map { ($0.option, $0) }, uniquingKeysWith: { first, _ in first })
    merged.results = later.results?.map { votes in
      var votes = votes
      if let known = known[votes.option] { (votes.chosen, votes.correct) = (known.chosen, known.correct) }
      return votes
    }
    return merged
  }
}
