import TL
import TelegramClient

/// `result.json` as Telegram Desktop exports it, so that what reads its exports reads this.
///
/// Added are `deleted`, `deleted_at`, `deleted_at_unixtime`, and `versions`: what an edited message said before.
/// Source: Telegram Desktop, `Telegram/SourceFiles/export/output/export_output_json.cpp`.
struct DesktopJSONFormat: ExportFormatWriter {
  private let output: SingleOutput
  /// A single chat is the whole document; several stand in `chats.list`.
  private let isSingle: Bool
  private let includesRaw: Bool
  private var time: CalendarTime
  private var json = JSONText()
  private var chatNumber = 0
  private var isFirstMessage = true
  var names: NameBook

  init(_ output: SingleOutput, isSingle: Bool, includesRaw: Bool, time: CalendarTime, names: NameBook) {
    self.output = output
    self.isSingle = isSingle
    self.includesRaw = includesRaw
    self.time = time
    self.names = names
    if isSingle { return }
    output.output.text.append(
      """
      {
      "about": "Messages that tgl has kept, in the form of Telegram Desktop's export.",
      "chats": {
      "about": "All chats the archive holds messages of.",
      "list": [
      """)
  }

  func mediaFolder(for message: SnapshotMessage, in chat: ExportedChat) -> String {
    let folder =
      switch message.record.media?.kind {
      case .photo: "photos"
      case .video, .animation: "video_files"
      case .videoNote: "round_video_messages"
      case .voice: "voice_messages"
      case .sticker: "stickers"
      default: "files"
      }
    if isSingle { return folder }
    let number = String(chatNumber)
    return "chats/chat_\(String(repeating: "0", count: max(0, 3 - number.count)))\(number)/\(folder)"
  }

  mutating func begin(_ chat: ExportedChat) throws {
    chatNumber += 1
    isFirstMessage = true
    if !isSingle, chatNumber > 1 { output.output.text.append(UInt8(ascii: ",")) }
    json.clear()
    json.beginObject()
    json.field("name", chat.name)
    json.field("type", Self.type(of: chat))
    json.field("id", chat.id.bareID)
    json.key("messages")
    json.beginArray()
    output.output.text.append("\n")
    output.output.text.append(json.text)
  }

  mutating func end(_ chat: ExportedChat) throws { output.output.text.append("\n]}") }

  mutating func finish() throws -> String? {
    if !isSingle { output.output.text.append("\n]}}") }
    output.output.text.append("\n")
    return try output.finish()
  }

  static func type(of chat: ExportedChat) -> String {
    if chat.isSelf { return "saved_messages" }
    let isPublic = chat.peer?.username != nil
    return switch chat.type {
    case .user: "personal_chat"
    case .bot: "bot_chat"
    case .group: "private_group"
    case .supergroup: isPublic ? "public_supergroup" : "private_supergroup"
    case .channel: isPublic ? "public_channel" : "private_channel"
    }
  }

  mutating func add(_ message: ExportedMessage, in chat: ExportedChat) throws {
    let record = message.record
    json.clear()
    json.beginObject()
    json.field("id", record.id)
    json.field("type", record.action == nil ? "message" : "service")
    add("date", "date_unixtime", record.date)
    if message.isEdited, let edited = record.editDate { add("edited", "edited_unixtime", edited) }
    if let action = record.action {
      try add(action, of: message)
    } else {
      addSender(of: message, "from", "from_id")
      json.field("author", record.postAuthor)
      if record.forward != nil {
        json.key("forwarded_from")
        if let name = message.forwardName { json.value(name) } else { json.null() }
        json.field("forwarded_from_id", record.forward?.from.map(Self.peer))
      }
      addReply(of: record, "reply_to_message_id")
      if let bot = record.viaBotID.flatMap(PeerID.user), let name = try names.peer(bot)?.username {
        json.field("via_bot", "@\(name)")
      }
    }
    if let media = message.media { add(media, of: message) }
    json.add(DesktopText(record.text))
    if let deletedAt = message.deletedAt {
      json.flag("deleted", true)
      add("deleted_at", "deleted_at_unixtime", deletedAt)
    }
    if !message.earlier.isEmpty { add(message.earlier, files: message.earlierFiles) }
    if includesRaw { json.addRaw(of: message) }
    json.endObject()
    output.output.text.append(isFirstMessage ? "\n" : ",\n")
    isFirstMessage = false
    output.output.text.append(json.text)
    try output.output.flushIfFull()
  }

  private mutating func add(_ versions: [SnapshotMessage.Version], files: [Int: [ExportedFile]]) {
    json.key("versions")
    json.beginArray()
    for version in versions {
      json.beginObject()
      add("date", "date_unixtime", version.date)
      add("replaced", "replaced_unixtime", version.replacedAt)
      json.add(DesktopText(version.text))
      if let file = files[version.version]?.first {
        let media = version.media.map(MediaDetails.init)
        let path = file.path ?? Self.notIncluded
        if media?.kind == .photo { json.field("photo", path) } else { json.field("file", path) }
        json.field("file_name", media?.fileName)
        json.field(media?.kind == .photo ? "photo_file_size" : "file_size", media?.size)
      }
      json.endObject()
    }
    json.endArray()
  }

  private mutating func add(_ name: StaticString, _ rawName: StaticString, _ date: Int64) {
    json.field(name, time.local(date))
    json.field(rawName, String(date))
  }

  private mutating func addSender(of message: ExportedMessage, _ name: StaticString, _ idName: StaticString) {
    guard let sender = message.record.sender else { return }
    json.key(name)
    if let name = message.senderName { json.value(name) } else { json.null() }
    json.field(idName, Self.peer(sender))
  }

  private mutating func addReply(of record: MessageRecord, _ name: StaticString) {
    guard let id = record.replyToID else { return }
    json.field(name, id)
    json.field("reply_to_peer_id", record.replyToChat.map(Self.peer))
  }

  static func peer(_ id: PeerID) -> String {
    switch id.kind {
    case .user: "user\(id.bareID)"
    case .basicGroup: "chat\(id.bareID)"
    case .channel: "channel\(id.bareID)"
    }
  }

  // MARK: Media

  /// The words Telegram Desktop has for a file that is not in the export; readers look for them.
  private static let notIncluded = "(File not included. Change data exporting settings to download.)"

  private mutating func add(_ media: MediaDetails, of message: ExportedMessage) {
    let file = message.files.first
    let path = file?.path ?? Self.notIncluded
    switch media.kind {
    case .photo:
      json.field("photo", path)
      json.field("photo_file_size", media.size)
      addSize(of: media)
      json.field("self_destruct_period_seconds", message.record.ttlSeconds)
    case .video, .animation, .audio, .voice, .sticker, .document, .videoNote:
      json.field("file", path)
      json.field("file_name", media.fileName)
      json.field("file_size", media.size)
      json.field("media_type", Self.mediaType(media.kind))
      json.field("sticker_emoji", media.kind == .sticker ? media.emoji : nil)
      json.field("performer", media.performer)
      json.field("title", media.title)
      json.field("mime_type", media.mimeType)
      json.field("duration_seconds", media.duration.map { Int($0.rounded()) })
      addSize(of: media)
      json.field("self_destruct_period_seconds", message.record.ttlSeconds)
    case .contact:
      guard let contact = media.contact else { return }
      json.key("contact_information")
      json.beginObject()
      json.field("first_name", contact.firstName)
      json.field("last_name", contact.lastName)
      json.field("phone_number", contact.phone)
      json.endObject()
    case .location, .liveLocation, .venue:
      json.field("place_name", media.title)
      json.field("address", media.address)
      guard let latitude = media.latitude, let longitude = media.longitude else { return }
      json.key("location_information")
      json.beginObject()
      json.field("latitude", latitude)
      json.field("longitude", longitude)
      json.endObject()
    case .poll:
      guard let poll = media.poll else { return }
      json.key("poll")
      json.add(poll)
    case .game:
      json.field("game_title", media.title)
      json.field("game_description", media.description)
    case .invoice, .dice, .story, .giveaway, .checklist, .webPage, .paidMedia, .unsupported: break
    }
  }

  private mutating func addSize(of media: MediaDetails) {
    guard let width = media.width, let height = media.height, width > 0, height > 0 else { return }
    json.field("width", width)
    json.field("height", height)
  }

  private static func mediaType(_ kind: MediaKind) -> String? {
    switch kind {
    case .sticker: "sticker"
    case .videoNote: "video_message"
    case .voice: "voice_message"
    case .animation: "animation"
    case .video: "video_file"
    case .audio: "audio_file"
    default: nil
    }
  }

  // MARK: Service messages

  private mutating func add(_ action: RawRecord, of message: ExportedMessage) throws {
    addSender(of: message, "actor", "actor_id")
    let told = ServiceAction(action)
    json.field("action", told.name)
    json.field("title", told.title)
    json.field("new_title", told.newTitle)
    json.field("information_text", told.text)
    json.field("duration_seconds", told.duration)
    json.field("discard_reason", told.discardReason)
    json.field("period", told.period)
    if told.name == "pin_message" { addReply(of: message.record, "message_id") }
    if let inviter = told.inviter.flatMap(PeerID.user) {
      json.key("inviter")
      try add(nameOf: inviter)
    }
    guard let members = told.members else { return }
    json.key("members")
    json.beginArray()
    for member in members {
      if let user = PeerID.user(member) { try add(nameOf: user) } else { json.null() }
    }
    json.endArray()
  }

  private mutating func add(nameOf peer: PeerID) throws {
    if let name = try names.name(peer) { json.value(name) } else { json.null() }
  }
}
