import TelegramClient

/// A chat as an export tells of it.
struct ExportedChat {
  var id: PeerID
  /// Nil for a chat of which nothing else is known.
  var peer: PeerRecord?
  /// The account's notes to itself.
  var isSelf: Bool
  /// How many of its messages are exported.
  var count: Int

  var name: String {
    if isSelf { return "Saved Messages" }
    return peer?.name ?? peer?.username.map { "@\($0)" } ?? "id \(id)"
  }

  /// As in `PeerType`; what is not known goes by the id.
  var type: PeerType {
    if let peer { return peer.type }
    return switch id.kind {
    case .user: .user
    case .basicGroup: .group
    case .channel: .supergroup
    }
  }
}

/// A message as an export tells of it.
struct ExportedMessage {
  var record: MessageRecord
  var version: Int
  var deletedAt: Int64?
  var layer: Int64?
  var earlier: [SnapshotMessage.Version]
  var sender: PeerRecord?
  var senderName: String?
  /// Whom it was forwarded from, as far as it is known.
  var forwardName: String?
  var media: MediaDetails?
  var files: [ExportedFile]

  var isEdited: Bool { version > 1 }
}

/// A file of a message.
struct ExportedFile {
  /// Which of the message's files.
  var position: Int
  /// Where it is: relative to the export's folder, or absolute; nil when it is not there.
  var path: String?
  /// Why it is not.
  var reason: String?
  /// In bytes.
  var size: Int64
}
