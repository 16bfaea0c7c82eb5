import Foundation
import NIOCore
import TL
import TelegramClient

/// One message a line, as docs/export.md describes it: fields are only ever added.
struct JSONLinesFormat: ExportFormatWriter {
  private let output: SingleOutput
  private let includesRaw: Bool
  private var json = JSONText()

  init(_ output: SingleOutput, includesRaw: Bool) {
    self.output = output
    self.includesRaw = includesRaw
  }

  mutating func add(_ message: ExportedMessage, in chat: ExportedChat) throws {
    let record = message.record
    json.clear()
    json.beginObject()
    json.field("chat_id", chat.id.rawValue)
    json.field("chat_type", chat.type.rawValue)
    json.field("chat_name", chat.name)
    json.field("chat_username", chat.peer?.username)
    json.field("id", record.id)
    json.field("type", record.action == nil ? "message" : "service")
    json.field("date", CalendarTime.utc(record.date))
    json.field("edit_date", record.editDate.map(CalendarTime.utc))
    json.field("sender_id", record.sender?.rawValue)
    json.field("sender_name", message.senderName)
    json.field("sender_username", message.sender?.username)
    json.flag("outgoing", record.isOutgoing)
    json.flag("post", record.isPost)
    json.flag("noforwards", record.noforwards)
    json.field("ttl_seconds", record.ttlSeconds)
    json.field("ttl_period", record.ttlPeriod)
    json.field("reply_to_id", record.replyToID)
    json.field("reply_to_chat_id", record.replyToChat?.rawValue)
    json.field("topic_id", record.topicID)
    // As a string: readers of JSON lose digits of such numbers.
    json.field("grouped_id", record.groupedID.map(String.init))
    json.field("via_bot_id", record.viaBotID)
    json.field("post_author", record.postAuthor)
    if let forward = record.forward { add(forward, name: message.forwardName) }
    if let context = record.context { json.add(context) }
    json.add(record.text)
    if let media = message.media { json.add(media, id: record.media?.id, files: message.files) }
    json.field("transcription", message.transcription)
    if let action = record.action {
      json.key("action")
      json.beginObject()
      json.field("kind", action.kind)
      json.endObject()
    }
    json.flag("deleted", message.deletedAt != nil)
    json.field("deleted_at", message.deletedAt.map(CalendarTime.utc))
    json.field("version", message.version)
    if !message.earlier.isEmpty { add(message.earlier, files: message.earlierFiles) }
    if includesRaw { json.addRaw(of: message) }
    json.endObject()
    output.output.text.append(json.text)
    output.output.text.append(UInt8(ascii: "\n"))
    try output.output.flushIfFull()
  }

  private mutating func add(_ forward: ForwardRecord, name: String?) {
    json.key("forward")
    json.beginObject()
    json.field("from_id", forward.from?.rawValue)
    json.field("from_name", name)
    json.field("date", CalendarTime.utc(forward.date))
    json.field("channel_post", forward.channelPost)
    json.field("post_author", forward.postAuthor)
    json.endObject()
  }

  private mutating func add(_ versions: [SnapshotMessage.Version], files: [Int: [ExportedFile]]) {
    json.key("versions")
    json.beginArray()
    for version in versions {
      json.beginObject()
      json.field("version", version.version)
      json.field("date", CalendarTime.utc(version.date))
      json.field("replaced_at", CalendarTime.utc(version.replacedAt))
      json.add(version.text)
      json.field("media_kind", version.mediaKind?.rawValue)
      if let files = files[version.version] {
        json.field("file_name", version.media.flatMap { MediaDetails($0).fileName })
        json.add(files)
      }
      json.endObject()
    }
    json.endArray()
  }

  mutating func finish() throws -> String? { try output.finish() }
}

extension JSONText {
  /// `text`, and `entities` where there are any, with the Bot API's names.
  mutating func add(_ text: FormattedText) {
    field("text", text.text)
    guard !text.entities.isEmpty else { return }
    key("entities")
    add(text.entities)
  }

  fileprivate mutating func add(_ media: MediaDetails, id: Int64?, files: [ExportedFile]) {
    key("media")
    beginObject()
    field("kind", media.kind.rawValue)
    field("id", id.map(String.init))
    field("file_name", media.fileName)
    field("mime_type", media.mimeType)
    field("size", media.size)
    field("width", media.width)
    field("height", media.height)
    field("duration", media.duration)
    field("performer", media.performer)
    field("title", media.title)
    field("emoji", media.emoji)
    if let contact = media.contact {
      key("contact")
      beginObject()
      field("first_name", contact.firstName)
      field("last_name", contact.lastName)
      field("phone_number", contact.phone)
      endObject()
    }
    field("latitude", media.latitude)
    field("longitude", media.longitude)
    field("address", media.address)
    field("url", media.url)
    field("description", media.description)
    if let poll = media.poll {
      key("poll")
      add(poll)
    }
    if !files.isEmpty { add(files) }
    endObject()
  }

  /// What the message answers elsewhere, its thread and its buttons.
  fileprivate mutating func add(_ context: MessageContext) {
    field("reply_quote", context.quote?.text)
    field("reply_from_id", context.answered?.chat?.rawValue)
    field("reply_from_name", context.answered?.name)
    field("reply_media_kind", context.answeredMedia?.rawValue)
    field("reply_story_id", context.story?.id)
    field("reply_story_chat_id", context.story?.chat.rawValue)
    field("thread", context.thread?.kind.rawValue)
    field("thread_id", context.thread?.id)
    field("thread_peer_id", context.thread?.peer?.rawValue)
    field("saved_from_id", context.savedFrom?.chat?.rawValue)
    field("saved_from_name", context.savedFrom?.name)
    field("saved_from_message_id", context.savedFrom?.messageID)
    guard let rows = context.buttons, !rows.isEmpty else { return }
    key("buttons")
    beginArray()
    for row in rows {
      beginArray()
      for button in row {
        beginObject()
        field("text", button.text)
        field("url", button.link)
        endObject()
      }
      endArray()
    }
    endArray()
  }

  fileprivate mutating func add(_ files: [ExportedFile]) {
    key("files")
    beginArray()
    for file in files {
      beginObject()
      field("path", file.path)
      field("size", file.size)
      field("missing", file.reason)
      endObject()
    }
    endArray()
  }

  /// As in Telegram Desktop's export.
  mutating func add(_ poll: MediaDetails.Poll) {
    beginObject()
    field("question", poll.question)
    key("closed")
    value(poll.isClosed)
    field("total_voters", poll.voters ?? 0)
    key("answers")
    beginArray()
    for answer in poll.answers {
      beginObject()
      field("text", answer.text)
      field("voters", answer.voters ?? 0)
      key("chosen")
      value(answer.isChosen)
      endObject()
    }
    endArray()
    endObject()
  }

  /// `raw`: the whole message by the schema's names, and beside it what is kept as Telegram sent it; bytes of another
  /// layer stay bytes.
  mutating func addRaw(of message: ExportedMessage) {
    let record = message.record
    let whole = record.message.map { Data($0.encoded().readableBytesView) }
    let rich = MessageRest(record.rest).rich.map { Data($0.bytes.readableBytesView) }
    let parts: [(StaticString, Data?)] = [
      ("media", record.media?.raw), ("action", record.action?.raw), ("rich", rich), ("message", whole),
      ("rest", whole == nil ? record.rest : nil),
    ]
    key("raw")
    beginObject()
    field("layer", message.layer)
    for (name, bytes) in parts {
      guard let bytes, !bytes.isEmpty else { continue }
      key(name)
      if let json = try? TLSchema.api.json(ByteBuffer(bytes: bytes)) {
        raw(json)
      } else {
        beginObject()
        field("base64", bytes.base64EncodedString())
        endObject()
      }
    }
    endObject()
  }
}
