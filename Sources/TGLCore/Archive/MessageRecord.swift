public import Foundation
public import TelegramClient

/// A message as the archive keeps it.
public struct MessageRecord: Sendable, Hashable {
  public var chat: PeerID
  /// Counts up in a channel; in private chats and basic groups, over all of an account's together.
  public var id: Int64
  /// Who wrote it; the channel itself for its posts.
  public var sender: PeerID?
  /// When it was sent, in seconds since 1970, as all times here.
  public var date: Int64
  public var editDate: Int64?
  /// Sent by this account.
  public var isOutgoing = false
  /// Posted by a broadcast channel.
  public var isPost = false
  public var noforwards = false
  /// Seconds its media may be looked at, or 2147483647 for once; nil for media that stays.
  public var ttlSeconds: Int64?
  /// Seconds after which Telegram deletes the whole message; nil for never.
  public var ttlPeriod: Int64?
  public var replyToID: Int64?
  /// Where the answered message is, when in another chat.
  public var replyToChat: PeerID?
  /// The forum topic, by the id of its first message.
  public var topicID: Int64?
  /// The album it belongs to.
  public var groupedID: Int64?
  public var viaBotID: Int64?
  public var postAuthor: String?
  public var forward: ForwardRecord?
  public var text = FormattedText()
  public var media: MediaRecord?
  /// What a service message tells; nil for any other.
  public var action: RawRecord?
  /// The fields that have no column, as `MessageRest` reads them; nil where there are none.
  public var rest: Data?

  public init(chat: PeerID, id: Int64, date: Int64) {
    self.chat = chat
    self.id = id
    self.date = date
  }
}

/// Where a forwarded message comes from.
public struct ForwardRecord: Sendable, Hashable, Codable {
  public var from: PeerID?
  /// For those who do not want their account shown.
  public var fromName: String?
  public var date: Int64
  /// The message in the channel it was first posted in.
  public var channelPost: Int64?
  public var postAuthor: String?

  public init(
    from: PeerID? = nil, fromName: String? = nil, date: Int64, channelPost: Int64? = nil, postAuthor: String? = nil
  ) {
    self.from = from
    self.fromName = fromName
    self.date = date
    self.channelPost = channelPost
    self.postAuthor = postAuthor
  }

  private enum CodingKeys: String, CodingKey {
    case from
    case fromName = "from_name"
    case date
    case channelPost = "channel_post"
    case postAuthor = "post_author"
  }
}

/// A value of Telegram's schema, kept as its bytes.
public struct RawRecord: Sendable, Hashable {
  /// The constructor's name without the type's, as in `pinMessage`.
  public var kind: String
  /// The boxed form.
  public var raw: Data

  public init(kind: String, raw: Data) {
    self.kind = kind
    self.raw = raw
  }
}

/// A message's media: what it is, and its TL value for whoever downloads it.
public struct MediaRecord: Sendable, Hashable {
  public var kind: MediaKind
  /// Of the photo, document, poll or story; nil when the kind has none, or it has expired.
  public var id: Int64?
  /// The `MessageMedia` in its boxed form.
  public var raw: Data

  public init(kind: MediaKind, id: Int64? = nil, raw: Data) {
    self.kind = kind
    self.id = id
    self.raw = raw
  }
}

/// Kinds of media, as people tell them apart.
public enum MediaKind: String, Sendable, Codable, CaseIterable {
  case photo, video, animation, audio, voice, sticker, document
  case videoNote = "video_note"
  case contact, location, venue, poll, game, invoice, dice, story, giveaway, checklist
  case liveLocation = "live_location"
  case webPage = "web_page"
  case paidMedia = "paid_media"
  case unsupported
}
