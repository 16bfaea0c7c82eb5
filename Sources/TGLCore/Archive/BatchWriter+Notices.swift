import GRDB
import TelegramClient

/// What is told, written down in full: posting it looks nothing up but the files.
extension BatchWriter {
  /// - Parameter jobs: the files the notice waits for.
  @discardableResult
  mutating func enqueue(
    _ notice: Notice, editDate: Int64? = nil, waitingFor jobs: [MediaJob.ID] = []
  ) throws -> Int64 {
    let row = try enqueue(.message(notice), randomID: identity().randomID(of: notice, editDate: editDate))
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
    var source: String?
    if let forward = message.forward {
      source = try forward.from.flatMap { try peer($0)?.name ?? "\($0)" } ?? forward.fromName
    }
    return Notice(
      event: event, chat: try summary(message.chat, fallback: try type(of: message)),
      sender: try message.sender.map { try summary($0, fallback: fallbackType(of: $0)) }, messageID: message.id,
      topicID: message.topicID, isOutgoing: message.isOutgoing, sentAt: message.date, happenedAt: time,
      forwardedFrom: source, postAuthor: message.postAuthor, mediaKind: message.media?.kind, text: message.text)
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
