import Foundation
import NIOCore
import TL
import TelegramClient

extension MessageRecord {
  /// Nil when the chat's id cannot be one.
  init?(_ message: API.Message, selfID: PeerID) {
    guard let chat = PeerID(message.peerId) else { return nil }
    self.init(chat: chat, id: Int64(message.id), date: Int64(message.date))
    sender = Self.sender(message.fromId, chat: chat, isOutgoing: message.out, selfID: selfID)
    editDate = message.editDate.map(Int64.init)
    isOutgoing = message.out
    isPost = message.post
    noforwards = message.noforwards
    ttlPeriod = message.ttlPeriod.map(Int64.init)
    setReply(message.replyTo)
    groupedID = message.groupedId
    viaBotID = message.viaBotId
    postAuthor = message.postAuthor
    forward = message.fwdFrom.map(ForwardRecord.init)
    text = FormattedText(message.message, message.entities)
    media = message.media.flatMap(MediaRecord.init)
    ttlSeconds = message.media.flatMap(\.ttlSeconds).map(Int64.init)
    rest = MessageRest.data(of: message, self)
  }

  /// Nil when the chat's id cannot be one.
  init?(_ message: API.MessageService, selfID: PeerID) {
    guard let chat = PeerID(message.peerId) else { return nil }
    self.init(chat: chat, id: Int64(message.id), date: Int64(message.date))
    sender = Self.sender(message.fromId, chat: chat, isOutgoing: message.out, selfID: selfID)
    isOutgoing = message.out
    isPost = message.post
    ttlPeriod = message.ttlPeriod.map(Int64.init)
    setReply(message.replyTo)
    action = RawRecord(message.action, typeName: "messageAction")
    rest = MessageRest.data(of: message, self)
  }

  /// In private chats only `out` tells the two sides apart; a channel's posts are its own.
  private static func sender(_ from: API.AnyPeer?, chat: PeerID, isOutgoing: Bool, selfID: PeerID) -> PeerID? {
    if let from { return PeerID(from) }
    if isOutgoing { return selfID }
    return chat.kind == .basicGroup ? nil : chat
  }

  private mutating func setReply(_ header: API.AnyMessageReplyHeader?) {
    guard case .messageReplyHeader(let header) = header else { return }
    replyToID = header.replyToMsgId.map(Int64.init)
    replyToChat = header.replyToPeerId.flatMap { PeerID($0) }
    // In a topic, a message that answers no other names the topic's first message.
    if header.forumTopic { topicID = (header.replyToTopId ?? header.replyToMsgId).map(Int64.init) }
  }
}

extension ForwardRecord {
  init(_ header: API.MessageFwdHeader) {
    self.init(
      from: header.fromId.flatMap { PeerID($0) }, fromName: header.fromName, date: Int64(header.date),
      channelPost: header.channelPost.map(Int64.init), postAuthor: header.postAuthor)
  }
}

extension RawRecord {
  /// - Parameter typeName: what the constructors' names begin with.
  init(_ value: some TLEncodable, typeName: String) {
    let bytes = value.encoded()
    let id = bytes.getInteger(at: bytes.readerIndex, endianness: .little, as: UInt32.self) ?? 0
    let name = TLSchema.api.name(of: id) ?? String(id, radix: 16)
    let tail = name.hasPrefix(typeName) ? String(name.dropFirst(typeName.count)) : name
    let kind = tail.prefix(1).lowercased() + tail.dropFirst()
    self.init(kind: kind.isEmpty ? name : kind, raw: Data(bytes.readableBytesView))
  }
}
