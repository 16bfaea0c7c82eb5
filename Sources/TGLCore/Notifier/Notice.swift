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
  /// What an edit replaced: of several edits that are told together, what was there before the first.
  public var before: FormattedText?
  public var mediaKindBefore: MediaKind?
  /// The versions an edit, or several, lie between; also of a deleted message whose edits are told with its deletion.
  public var edits: EditSpan?
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
  /// Seconds its media may be looked at, or 2147483647 for once; nil for media that stays.
  public var ttlSeconds: Int64?
  /// Of a deleted message: when its media was opened, and posted.
  public var openedAt: Int64?
  /// How much media of each kind an album has; nil for a single message.
  public var albumMedia: [String: Int]?
  /// What it answers elsewhere, its thread and its buttons.
  public var context: MessageContext?
  /// The same before an edit.
  public var contextBefore: MessageContext?
  /// The chats and people that `context` speaks of.
  public var contextPeers: [PeerSummary]?
  /// `details` before an edit.
  public var detailsBefore: FormattedText?

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

/// The versions of a message that a notice is about.
public struct EditSpan: Sendable, Hashable, Codable {
  /// The version the first edit replaced.
  public var from: Int64
  /// The version the last edit made.
  public var to: Int64
  /// When the last edit was made, by Telegram's time; nil where Telegram dates none.
  public var editedAt: Int64?

  /// Edits it spans.
  public var count: Int64 { max(to - from, 1) }

  public init(from: Int64, to: Int64, editedAt: Int64? = nil) {
    self.from = from
    self.to = to
    self.editedAt = editedAt
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
  /// Whether it is the account's own: as a chat, Saved Messages.
  public var isSelf: Bool?

  public init(id: PeerID, type: PeerType, name: String? = nil, username: String? = nil) {
    self.id = id
    self.type = type
    self.name = name
    self.username = username
  }
}

/// Many messages told in one post with a file; the messages are the row's items.
public struct DigestNotice: Sendable, Hashable, Codable {
  /// Why they are told together.
  public enum Reason: String, Sendable, Codable {
    /// The rest of a deletion that took more messages than are told singly.
    case deletion
    /// A history that was cleared.
    case cleared
    /// More notices were waiting than can be posted soon.
    case backlog
  }

  /// Nil in rows of earlier versions, which are all of deletions.
  public var reason: Reason?
  /// Nil when the messages are of several chats.
  public var chat: PeerSummary?
  /// Messages in the digest.
  public var count: Int
  /// Of these, the messages that were edited and are there still.
  public var edited: Int?
  /// How much media of each kind is among them.
  public var media: [String: Int]?
  /// Notices that were waiting when joining began; the first digest of a backlog says so.
  public var waiting: Int?
  /// Messages of the same deletion that are told singly.
  public var toldSingly: Int
  /// When the deletion was heard of, in seconds since 1970.
  public var happenedAt: Int64
  /// Of messages that were found missing: when all of them were last known to be there.
  public var lastSeenAt: Int64?

  public init(
    chat: PeerSummary?, count: Int, toldSingly: Int, happenedAt: Int64, lastSeenAt: Int64? = nil,
    reason: Reason = .deletion
  ) {
    self.reason = reason
    self.lastSeenAt = lastSeenAt
    self.chat = chat
    self.count = count
    self.toldSingly = toldSingly
    self.happenedAt = happenedAt
  }

  /// Counts one more message, whose chat may be another one.
  mutating func count(_ notice: Notice) {
    count += 1
    if chat?.id != notice.chat.id { chat = nil }
    if notice.event == .edited { edited = (edited ?? 0) + 1 }
    let kinds = notice.albumMedia ?? notice.mediaKind.map { [$0.rawValue: 1] } ?? [:]
    for (kind, number) in kinds where kind != MediaKind.webPage.rawValue {
      media = media ?? [:]
      media?[kind, default: 0] += number
    }
    happenedAt = max(happenedAt, notice.happenedAt)
    if let seen = notice.lastSeenAt { lastSeenAt = min(lastSeenAt ?? seen, seen) }
  }
}
