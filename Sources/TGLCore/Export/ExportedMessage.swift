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
  /// The files it shows.
  var files: [ExportedFile]
  /// The files it showed before edits put others in their place, by the versions that showed them.
  var earlierFiles: [Int: [ExportedFile]] = [:]
  /// What a voice or video message says, as Telegram heard it.
  var transcription: String?

  var isEdited: Bool { version > 1 }
}

/// A file of a message.
struct ExportedFile {
  /// Which of the message's files.
  var position: Int
  /// Of the photo or document.
  var mediumID: Int64
  /// Where it is: relative to the export's folder, or absolute; nil when it is not there.
  var path: String?
  /// Why it is not.
  var reason: String?
  /// In bytes.
  var size: Int64
}

extension ExportedFile {
  /// Tells the files a message shows from those that edits have replaced, by the photos and documents each version names.
  ///
  /// - Returns: the present ones, with those that no version names, and the earlier ones by their versions.
  static func byVersion(
    _ files: [ExportedFile], of message: SnapshotMessage
  ) -> (present: [ExportedFile], earlier: [Int: [ExportedFile]]) {
    func media(_ record: MediaRecord?) -> Set<Int64> { Set(record.map(MediaFile.files)?.map(\.mediumID) ?? []) }
    guard !files.isEmpty, !message.earlier.isEmpty else { return (files, [:]) }
    let present = media(message.record.media)
    var earlier: [Int: [ExportedFile]] = [:]
    var replaced: Set<Int64> = []
    for version in message.earlier {
      let shown = media(version.media).subtracting(present)
      let old = files.filter { shown.contains($0.mediumID) }
      if !old.isEmpty { earlier[version.version] = old }
      replaced.formUnion(shown)
    }
    return (files.filter { !replaced.contains($0.mediumID) }, earlier)
  }
}
