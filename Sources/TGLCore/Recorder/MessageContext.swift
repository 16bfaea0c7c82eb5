public import TelegramClient

/// What a message says beside its text and media: what it answers, in whose thread it is, its buttons.
public struct MessageContext: Sendable, Hashable, Codable {
  /// A button under the message.
  public struct Button: Sendable, Hashable, Codable {
    public var text: String
    /// The address it opens; nil for a button that does something else.
    public var link: String?
  }

  /// A story that is answered.
  public struct Story: Sendable, Hashable, Codable {
    public var chat: PeerID
    public var id: Int64
  }

  /// Where an answered message of another chat, or a saved message, comes from.
  public struct Source: Sendable, Hashable, Codable {
    public var chat: PeerID?
    /// For those who do not want their account shown.
    public var name: String?
    public var messageID: Int64?
  }

  /// The part of a chat that the message belongs to.
  public struct Thread: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Codable {
      /// Of a forum.
      case topic
      /// Below a post or a message.
      case comments
      /// What one person writes to a channel.
      case monoforum
      /// Saved Messages, by where they come from.
      case saved
    }

    public var kind: Kind
    /// The first message of a topic or of comments.
    public var id: Int64?
    /// The person of a monoforum, or the origin of saved messages.
    public var peer: PeerID?
  }

  /// The words of the answered message that the sender chose.
  public var quote: FormattedText?
  /// Whose message of another chat is answered.
  public var answered: Source?
  /// The kind of media that the answered message of another chat has.
  public var answeredMedia: MediaKind?
  public var story: Story?
  public var thread: Thread?
  /// Rows of buttons.
  public var buttons: [[Button]]?
  /// The channel or group in whose name a person wrote.
  public var sentAs: PeerID?
  /// Where a forwarded message was saved from.
  public var savedFrom: Source?

  public var isEmpty: Bool { self == MessageContext() }

  public init() {}

  /// The chats and people it speaks of.
  var peers: [PeerID] {
    [answered?.chat, story?.chat, thread?.peer, sentAs, savedFrom?.chat].compactMap(\.self)
  }
}
