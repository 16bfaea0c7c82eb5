public import TelegramClient

/// Where and among what is searched.
public struct SearchFilter: Sendable, Hashable {
  /// Empty for all.
  public var chats: Set<PeerID> = []
  /// Who wrote it; empty for all.
  public var senders: Set<PeerID> = []
  /// Sent at this time or later, in seconds since 1970.
  public var since: Int64?
  /// Sent before this time.
  public var until: Int64?
  public var onlyDeleted = false
  public var limit = 50

  public init() {}
}

/// A message that shows what was looked for, now or in an earlier version.
public struct SearchHit: Sendable, Hashable {
  public var chat: PeerID
  public var id: Int64
  public var chatName: String?
  public var sender: PeerID?
  public var senderName: String?
  /// When it was sent, in seconds since 1970, as all times here.
  public var date: Int64
  public var deletedAt: Int64?
  /// The version `text` is of; the newest that shows it.
  public var version: Int
  public var isCurrent: Bool
  public var text: String
  /// Where in `text`, in UTF-16 code units.
  public var ranges: [Range<Int>]
}
