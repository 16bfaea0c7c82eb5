import GRDB
import TelegramClient

/// What is told, written down in full: posting it looks nothing up but the files.
extension BatchWriter {
  /// - Parameter jobs: the files the notice waits for.
  @discardableResult
  mutating func enqueue(
    _ notice: Notice, edit: NoticeIdentity.Edit? = nil, waitingFor jobs: [MediaJob.ID] = []
  ) throws -> Int64 {
    let row = try enqueue(.message(notice), randomID: identity().randomID(of: notice, edit: edit))
    for job in jobs { try MediaTable.wait(outbox: row, for: job, db) }
    return row
  }

  @discardableResult
  mutating func enqueue(_ payload: OutboxPayload, randomID: Int64) throws -> Int64 {
    report.notices += 1
    return try OutboxTable.add(payload, randomID: randomID, now: batch.receivedAt, db)
  }

  mutating func identity() throws -> NoticeIdentity {
    if let knownIdentity { return knownIdentity }
    let identity = try NoticeIdentity(db)
    knownIdentity = identity
    return identity
  }

  mutating func notice(_ event: Notice.Event, _ message: MessageRecord, at time: Int64) throws -> Notice {
    report.recovered[event, default: 0] += 1
    var source: String?
    if let forward = message.forward {
      source = try forward.from.flatMap { try peer($0)?.name ?? "\($0)" } ?? forward.fromName
    }
    var notice = Notice(
      event: event, chat: try summary(message.chat, fallback: try type(of: message)),
      sender: try message.sender.map { try summary($0, fallback: fallbackType(of: $0)) }, messageID: message.id,
      topicID: message.topicID, isOutgoing: message.isOutgoing, sentAt: message.date, happenedAt: time,
      forwardedFrom: source, postAuthor: message.postAuthor, mediaKind: message.media?.kind, text: message.text)
    notice.details = message.media.flatMap(MediaDescription.text)
    if let action = message.action {
      notice.details = FormattedText()
      notice.details?.append("Service message: ", .italic)
      notice.details?.append(ActionDescription.text(of: action))
    }
    notice.reply = try reply(of: message)
    notice.viaBot = try message.viaBotID.flatMap(PeerID.user).map { try summary($0, fallback: .bot) }
    notice.topicTitle = try topicTitle(of: message)
    return notice
  }

  private mutating func reply(of message: MessageRecord) throws -> NoticeReply? {
    guard let id = message.replyToID, id != message.topicID else { return nil }
    let chat = message.replyToChat ?? message.chat
    let answered = try MessageTable.find(chat: chat, id: id, db)?.message
    let quote = answered.map { DisplayName.clean(String($0.text.text.prefix(400)), limit: 80) }
    return NoticeReply(
      messageID: id, chat: try summary(chat, fallback: fallbackType(of: chat)),
      quote: quote?.isEmpty == false ? quote : answered?.media?.kind.rawValue)
  }

  /// The topic's name as it was made; what it was called later stands in other messages.
  private func topicTitle(of message: MessageRecord) throws -> String? {
    guard let topic = message.topicID, let first = try MessageTable.find(chat: message.chat, id: topic, db) else {
      return nil
    }
    return first.message.action.flatMap(ActionDescription.topicTitle)
  }

  mutating func summary(_ id: PeerID, fallback: PeerType) throws -> PeerSummary {
    let peer = try peer(id)
    return PeerSummary(id: id, type: peer?.type ?? fallback, name: peer?.name, username: peer?.username)
  }

  mutating func type(of message: MessageRecord) throws -> PeerType {
    if let peer = try peer(message.chat) { return peer.type }
    return message.isPost ? .channel : fallbackType(of: message.chat)
  }

  func fallbackType(of id: PeerID) -> PeerType {
    switch id.kind {
    case .user: .user
    case .basicGroup: .group
    case .channel: .supergroup
    }
  }

  mutating func peer(_ id: PeerID) throws -> PeerRecord? {
    if let known = peers[id] { return known }
    let peer = try PeerTable.find(id, db)
    peers[id] = .some(peer)
    return peer
  }
}
