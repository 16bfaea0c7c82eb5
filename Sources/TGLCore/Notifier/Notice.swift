public import TelegramClient

/// All that is needed to tell of one message, or one album, that was deleted, edited or opened; its files alone are
/// looked up.
public struct Notice: Sendable, Hashable, Codable {
  public enum Event: String, Sendable, Codable {
    case deleted, edited
    /// Media that may be looked at only for a while was looked at.
    case selfDestructed = "self_destructed"
    /// Asked for by a link in the log chat.
    case saved
  }

  public var event: Event
  public var chat: PeerSummary
  public var sender: PeerSummary?
  public var messageID: Int64
  /// The forum topic, by the id of its first message.
  public var topicID: Int64?
  /// Sent by this account.
  public var isOutgoing: Bool
  /// In seconds since 1970, as all times here.
  public var sentAt: Int64
  /// When the deletion was heard of, or the edit made.
  public var happenedAt: Int64
  /// Of a message that was found missing: when it was last known to be there.
  public var lastSeenAt: Int64?
  /// Whom the message was forwarded from.
  public var forwardedFrom: String?
  /// The signature under a channel's post.
  public var postAuthor: String?
  public var mediaKind: MediaKind?
  /// The text as it was last, or as it is after an edit.
  public var text: FormattedText
  /// What an edit replaced.
  public var before: FormattedText?
  public var mediaKindBefore: MediaKind?
  /// The files to be posted with it; of an edit, those of the media that was replaced.
  public var files: [NoticeFile]?
  /// The messages of an album; nil for a single message.
  public var album: [Int64]?
  /// What media without a file, or a service message, says in words.
  public var details: FormattedText?
  /// The message it answers.
  public var reply: NoticeReply?
  /// The bot it was made with.
  public var viaBot: PeerSummary?
  /// The forum topic's name, where it is known.
  public var topicTitle: String?
  /// The message of the log chat that asked for it.
  public var logReply: Int64?

  public init(
    event: Event, chat: PeerSummary, sender: PeerSummary?, messageID: Int64, topicID: Int64? = nil,
    isOutgoing: Bool = false, sentAt: Int64, happenedAt: Int64, lastSeenAt: Int64? = nil, forwardedFrom: String? = nil,
    postAuthor: String? = nil, mediaKind: MediaKind? = nil, text: FormattedText, before: FormattedText? = nil,
    mediaKindBefore: MediaKind? = nil, files: [NoticeFile]? = nil, album: [Int64]? = nil
  ) {
    self.event = event
    self.chat = chat
    self.sender = sender
    self.messageID = messageID
    self.topicID = topicID
    self.isOutgoing = isOutgoing
    self.sentAt = sentAt
    self.happenedAt = happenedAt
    self.lastSeenAt = lastSeenAt
    self.forwardedFrom = forwardedFrom
    self.postAuthor = postAuthor
    self.mediaKind = mediaKind
    self.text = text
    self.before = before
    self.mediaKindBefore = mediaKindBefore
    self.files = files
    self.album = album
  }
}

/// A word about what was asked for in the log chat.
public struct LogNote: Sendable, Hashable, Codable {
  public var text: FormattedText
  /// The message of the log chat it answers.
  public var replyTo: Int64?

  public init(text: FormattedText, replyTo: Int64? = nil) {
    self.text = text
    self.replyTo = replyTo
  }
}

/// A message that is answered.
public struct NoticeReply: Sendable, Hashable, Codable {
  public var messageID: Int64
  /// Where it is.
  public var chat: PeerSummary
  /// What it begins with, where the archive has it.
  public var quote: String?

  public init(messageID: Int64, chat: PeerSummary, quote: String? = nil) {
    self.messageID = messageID
    self.chat = chat
    self.quote = quote
  }
}

/// A file of a message, as the archive's `media_job` names it.
public struct NoticeFile: Sendable, Hashable, Codable {
  public var messageID: Int64
  /// Of the photo or document.
  public var mediumID: Int64
  /// Whether an edit put something else in its place, so that the message does not show it any more; nil stands for no.
  public var isReplaced: Bool?

  public init(messageID: Int64, mediumID: Int64, isReplaced: Bool? = nil) {
    self.messageID = messageID
    self.mediumID = mediumID
    self.isReplaced = isReplaced
  }
}

/// A chat or person as a notice names them.
public struct PeerSummary: Sendable, Hashable, Codable {
  public var id: PeerID
  public var type: PeerType
  /// As its owner chose it: anything may stand in it.
  public var name: String?
  /// Without "@".
  public var username: String?

  public init(id: PeerID, type: PeerType, name: String? = nil, username: String? = nil) {
    self.id = id
    self.type = type
    self.name = name
    self.username = username
  }
}

/// The rest of a deletion that took more messages than are told singly; its messages are the row's items.
public struct DigestNotice: Sendable, Hashable, Codable {
  /// Nil when the messages are of several chats.
  public var chat: PeerSummary?
  /// Messages in the digest.
  public var count: Int
  /// Messages of the same deletion that are told singly.
  public var toldSingly: Int
  /// When the deletion was heard of, in seconds since 1970.
  public var happenedAt: Int64
  /// Of messages that were found missing: when all of them were last known to be there.
  public var lastSeenAt: Int64?

  public init(chat: PeerSummary?, count: Int, toldSingly: Int, happenedAt: Int64, lastSeenAt: Int64? = nil) {
    self.lastSeenAt = lastSeenAt
    self.chat = chat
    self.count = count
    self.toldSingly = toldSingly
    self.happenedAt = happenedAt
  }
}
