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
  /// The first message of the thread it belongs to, in the same box; a topic's id in a forum.
  var thread: Int32?
  /// Whether the thread is a forum's topic.
  var isInTopic = false
  /// Where it was forwarded from.
  var forward: API.MessageFwdHeader?
  /// Who stands as the author where it is not `author`: a channel in its discussion group.
  var sender: PeerKey?
  var groupedID: Int64?
  var isSilent = false
  var noForwards = false
  /// Whether nobody has opened its medium, where that is told.
  var isMediaUnread = false
  /// Fields that are laid over those that follow from the others.
  var fields = MessageFields()

  var text: MessageText? { if case .text(let text, _) = content { text } else { nil } }
  var media: StoredMedia? { if case .text(_, let media) = content { media } else { nil } }
}
