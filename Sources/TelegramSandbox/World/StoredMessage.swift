import TL

/// A message as one box holds it: a user's, or a channel's.
struct StoredMessage: Sendable {
  enum Content: Sendable {
    case text(MessageText, StoredMedia?)
    case service(API.AnyMessageAction)
  }

  /// Number within its box.
  let id: Int32
  /// Shared by the copies of one message in several boxes.
  let origin: Int64
  /// The conversation as the box's owner sees it.
  let peer: PeerKey
  /// The author; for a channel post whoever posted it, which subscribers do not see.
  let author: Int64
  /// Unix time.
  let date: Int32
  var editDate: Int32?
  var content: Content
  /// In the same box.
  var replyTo: Int32?
  var groupedID: Int64?
  var isSilent = false
  var noForwards = false

  var text: MessageText? { if case .text(let text, _) = content { text } else { nil } }
  var media: StoredMedia? { if case .text(_, let media) = content { media } else { nil } }
}

/// A medium attached to a message.
struct StoredMedia: Sendable {
  enum Kind: Sendable { case photo, document }

  var kind: Kind
  /// Key into the world's files.
  var fileID: Int64
  var isSpoiler = false
  /// Seconds the medium is shown; nil for ordinary media.
  var ttlSeconds: Int32?
}
