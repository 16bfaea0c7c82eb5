import Foundation
import NIOCore
import TL
import TelegramClient

/// The fields of a message that have no column, and back: the whole message made of its row.
///
/// They are kept as one TL value, the message itself without what the columns hold, with `peerUser` 0 where the schema
/// demands a peer. Plain texts have none of them, and no value. What is left out on purpose:
/// - `views`, `forwards`, `replies`, `reactions`, `reactions_are_possible`: counters and what others add, which change
///   without the message and are not followed;
/// - `pinned`, `media_unread`: states of the chat and of the reader, told by messages and updates of their own;
/// - `legacy`: that the server had an older layer for it;
/// - `file_reference`: ends within hours, and is asked for anew.
struct MessageRest {
  /// Of a message that is no service message.
  private(set) var message: API.Message?
  private(set) var service: API.MessageService?
  /// Rich content alone, as earlier versions of this program kept it.
  private var richAlone: TLRaw?

  /// Empty for bytes of a layer that cannot be read.
  init(_ data: Data?) {
    guard let data, !data.isEmpty else { return }
    switch try? API.AnyMessage(decoding: ByteBuffer(bytes: data)) {
    case .message(let message): self.message = message
    case .messageService(let message): service = message
    case .other(let raw) where raw.name == "richMessage": richAlone = raw
    default: break
    }
  }

  /// Whether all fields were kept, and not rich content alone.
  var isWhole: Bool { message != nil || service != nil }
  var rich: TLRaw? { message?.richMessage ?? richAlone }
  var reply: API.AnyMessageReplyHeader? { message?.replyTo ?? service?.replyTo }
  var keyboard: API.AnyReplyMarkup? { message?.replyMarkup }
  var savedPeer: PeerID? { (message?.savedPeerId ?? service?.savedPeerId).flatMap { PeerID($0) } }

  /// - Parameter record: of this message, without its rest.
  static func data(of message: API.Message, _ record: MessageRecord) -> Data? {
    var rest = message
    (rest.id, rest.date, rest.message, rest.editDate) = (0, 0, "", nil)
    (rest.out, rest.post, rest.noforwards) = (false, false, false)
    (rest.pinned, rest.mediaUnread, rest.legacy) = (false, false, false)
    (rest.views, rest.forwards, rest.replies, rest.reactions) = (nil, nil, nil, nil)
    (rest.ttlPeriod, rest.groupedId, rest.viaBotId, rest.postAuthor) = (nil, nil, nil, nil)
    rest.peerId = nobody
    if isKept(message.fromId, in: record) { rest.fromId = nil }
    if isKept(message.replyTo, in: record) { rest.replyTo = nil }
    if let header = message.fwdFrom, header.encoded() == record.forward?.header.encoded() { rest.fwdFrom = nil }
    if record.media != nil { rest.media = nil }
    if record.text.keeps(message.entities) { rest.entities = nil }
    return data(rest, unlike: noMessage)
  }

  /// - Parameter record: of this message, without its rest.
  static func data(of message: API.MessageService, _ record: MessageRecord) -> Data? {
    var rest = message
    (rest.id, rest.date, rest.action) = (0, 0, .messageActionEmpty(.init()))
    (rest.out, rest.post, rest.mediaUnread, rest.legacy) = (false, false, false, false)
    (rest.reactionsArePossible, rest.reactions, rest.ttlPeriod) = (false, nil, nil)
    rest.peerId = nobody
    if isKept(message.fromId, in: record) { rest.fromId = nil }
    if isKept(message.replyTo, in: record) { rest.replyTo = nil }
    return data(rest, unlike: noService)
  }

  private static var nobody: API.AnyPeer { .peerUser(API.PeerUser(userId: 0)) }
  private static let noMessage = API.Message(id: 0, peerId: nobody, date: 0, message: "").encoded()
  private static let noService = API.MessageService(
    id: 0, peerId: nobody, date: 0, action: .messageActionEmpty(.init())
  ).encoded()
  private static let references = TLOmission(["*.file_reference"])

  private static func data(_ rest: some TLEncodable, unlike none: ByteBuffer) -> Data? {
    let bytes = rest.encoded()
    guard bytes != none else { return nil }
    let kept = (try? TLSchema.api.copy(bytes, without: references)) ?? bytes
    return Data(kept.readableBytesView)
  }

  private static func isKept(_ from: API.AnyPeer?, in record: MessageRecord) -> Bool {
    guard let from else { return true }
    return PeerID(from).map { $0 == record.sender } ?? false
  }

  private static func isKept(_ reply: API.AnyMessageReplyHeader?, in record: MessageRecord) -> Bool {
    guard let reply else { return true }
    return reply.encoded() == record.replyHeader?.encoded()
  }
}

extension MessageRecord {
  /// The whole message as the schema has it, but for what is left out on purpose.
  ///
  /// The author is always named, in private chats too, where Telegram leaves it out.
  ///
  /// - Returns: nil when a part of it is of a layer that cannot be read.
  var message: API.AnyMessage? {
    let parts = MessageRest(rest)
    if rest?.isEmpty == false, !parts.isWhole, parts.rich == nil { return nil }
    if let action {
      guard let value = try? API.AnyMessageAction(decoding: ByteBuffer(bytes: action.raw)) else { return nil }
      var message = parts.service ?? API.MessageService(id: 0, peerId: chat.peer, date: 0, action: value)
      (message.id, message.peerId) = (Int32(clamping: id), chat.peer)
      (message.date, message.action) = (Int32(clamping: date), value)
      (message.out, message.post) = (isOutgoing, isPost)
      message.fromId = message.fromId ?? sender?.peer
      message.replyTo = message.replyTo ?? replyHeader
      message.ttlPeriod = ttlPeriod.map { Int32(clamping: $0) }
      return .messageService(message)
    }
    var message = parts.message ?? API.Message(id: 0, peerId: chat.peer, date: 0, message: "")
    message.richMessage = parts.rich
    (message.id, message.peerId) = (Int32(clamping: id), chat.peer)
    (message.date, message.editDate) = (Int32(clamping: date), editDate.map { Int32(clamping: $0) })
    (message.out, message.post, message.noforwards) = (isOutgoing, isPost, noforwards)
    message.fromId = message.fromId ?? sender?.peer
    message.replyTo = message.replyTo ?? replyHeader
    message.fwdFrom = message.fwdFrom ?? forward?.header
    (message.viaBotId, message.groupedId, message.postAuthor) = (viaBotID, groupedID, postAuthor)
    message.ttlPeriod = ttlPeriod.map { Int32(clamping: $0) }
    message.message = text.text
    if message.entities == nil, !text.entities.isEmpty { message.entities = text.entities.map(\.asReceived) }
    if let media {
      guard let value = media.value else { return nil }
      message.media = value
    }
    return .message(message)
  }

  /// What a message answers, as far as the columns hold it.
  fileprivate var replyHeader: API.AnyMessageReplyHeader? {
    guard replyToID != nil || replyToChat != nil || topicID != nil else { return nil }
    return .messageReplyHeader(
      API.MessageReplyHeader(
        forumTopic: topicID != nil, replyToMsgId: replyToID.map { Int32(clamping: $0) },
        replyToPeerId: replyToChat?.peer,
        replyToTopId: topicID == replyToID ? nil : topicID.map { Int32(clamping: $0) }))
  }
}

extension ForwardRecord {
  /// As far as the column holds it.
  fileprivate var header: API.MessageFwdHeader {
    API.MessageFwdHeader(
      fromId: from?.peer, fromName: fromName, date: Int32(clamping: date),
      channelPost: channelPost.map { Int32(clamping: $0) }, postAuthor: postAuthor)
  }
}

extension FormattedText {
  /// Whether the entities are all there, in the order they came in.
  fileprivate func keeps(_ entities: [API.AnyMessageEntity]?) -> Bool {
    guard let entities else { return true }
    guard !entities.isEmpty, entities.count == self.entities.count else { return false }
    return zip(entities, self.entities).allSatisfy { $1 == TextEntity($0) }
  }
}

extension TextEntity {
  /// The entity as messages that are received have it.
  fileprivate var asReceived: API.AnyMessageEntity {
    let (offset, length) = (Int32(clamping: offset), Int32(clamping: length))
    if case .userLink(let id) = style {
      return .messageEntityMentionName(.init(offset: offset, length: length, userId: id))
    }
    return messageEntity { _ in nil } ?? .messageEntityUnknown(.init(offset: offset, length: length))
  }
}
