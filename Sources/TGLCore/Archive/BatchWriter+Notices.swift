import GRDB
import TelegramClient

/// What is told, written down in full: posting it looks nothing up but the files.
extension BatchWriter {
  /// - Parameter jobs: the files the notice waits for.
  @discardableResult
  mutating func enqueue(
    _ notice: Notice, waitingFor jobs: [MediaJob.ID] = [], settlesAt: Int64? = nil
  ) throws -> Int64 {
    let randomID = try identity().randomID(of: notice)
    let row = try enqueue(.message(notice), randomID: randomID, settlesAt: settlesAt)
    for job in jobs { try MediaTable.wait(outbox: row, for: job, db) }
    return row
  }

  @discardableResult
  mutating func enqueue(_ payload: OutboxPayload, randomID: Int64, settlesAt: Int64? = nil) throws -> Int64 {
    report.notices += 1
    return try OutboxTable.add(payload, randomID: randomID, settlesAt: settlesAt, now: batch.receivedAt, db)
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
    notice.ttlSeconds = message.ttlSeconds
    notice.details = message.media.flatMap(MediaDescription.text)
    if message.media?.kind.isSpoken == true,
      let words = try LaterMediaTable.transcription(of: message.key, db)
    {
      var lines = MediaDescription.Lines()
      lines.text = notice.details ?? FormattedText()
      lines.add("Transcription", words, limit: 2_000)
      notice.details = lines.text
    }
    notice.context = message.context
    notice.contextPeers = try notice.context?.peers.map { try summary($0, fallback: fallbackType(of: $0)) }
    if let action = message.action {
      notice.details = FormattedText()
      notice.details?.append("Service message: ", .italic)
      notice.details?.append(ActionDescription.text(of: action, members: try members(of: action, by: message.sender)))
    }
    notice.reply = try reply(of: message)
    notice.viaBot = try message.viaBotID.flatMap(PeerID.user).map { try summary($0, fallback: .bot) }
    notice.topicTitle = try topicTitle(of: message)
    return notice
  }

  private mutating func members(
    of action: RawRecord, by sender: PeerID?
  ) throws -> ActionDescription.Members {
    var members = ActionDescription.Members(sender: sender.flatMap { $0.kind == .user ? $0.bareID : nil })
    for id in ActionDescription.members(of: action).prefix(20) {
      members.names[id] = try PeerID.user(id).flatMap { try peer($0)?.name }
    }
    return members
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
    var summary = PeerSummary(id: id, type: peer?.type ?? fallback, name: peer?.name, username: peer?.username)
    if id.kind == .user, try isOwn(id) { summary.isSelf = true }
    return summary
  }

  /// Whether it is the account whose archive this is.
  private mutating func isOwn(_ id: PeerID) throws -> Bool {
    let own = try account ?? Int64.fetchOne(db, sql: "SELECT user_id FROM account") ?? 0
    account = own
    return id.rawValue == own
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
