import Foundation
import GRDB
import TelegramClient

/// What committing a batch came to.
public struct CommitReport: Sendable, Hashable {
  /// Messages that were not there before.
  public var added = 0
  /// Messages whose text, formatting or media became another; the earlier one is kept.
  public var edited = 0
  public var deleted = 0
  /// Deletions of messages that were never seen, of which nothing can be told.
  public var deletedUnseen = 0
  /// Deleted messages that were spoken of again; they stay deleted.
  public var spokenOfAfterDeletion = 0
  /// Updates without typed Swift, kept as bytes.
  public var keptRaw = 0
  /// Rows added to the outbox.
  public var notices = 0

  public init() {}
}

/// Applies a batch inside a transaction.
struct BatchWriter {
  let db: Database
  let batch: RecorderBatch
  let policy: NoticePolicy
  let layer: Int64
  var report = CommitReport()
  private var peers: [PeerID: PeerRecord?] = [:]
  private var knownIdentity: NoticeIdentity?

  init(_ batch: RecorderBatch, policy: NoticePolicy, layer: Int64, db: Database) {
    self.db = db
    self.batch = batch
    self.policy = policy
    self.layer = layer
  }

  mutating func run() throws {
    for peer in batch.peers { try PeerTable.save(peer, now: batch.receivedAt, db) }
    // First, since a gap begins behind what was there before this batch.
    for gap in batch.gaps { try StateTable.add(gap, now: batch.receivedAt, db) }
    for operation in batch.operations {
      switch operation {
      case .message(let message, let isSilent): try save(message, isSilent: isSilent)
      case .observed(let message, let version):
        guard try MessageTable.find(chat: message.chat, id: message.id, db)?.version == version else { continue }
        try save(message, isSilent: false)
      case .deleteInChannel(let channel, let ids):
        try delete(ids.map { MissingMessage(id: $0) }) { try MessageTable.find(chat: channel, id: $0, $1) }
      case .deleteWithoutChat(let ids):
        try delete(ids.map { MissingMessage(id: $0) }) { try MessageTable.findWithoutChat(id: $0, $1) }
      case .missing(let chat, let messages):
        try delete(messages) { try MessageTable.find(chat: chat, id: $0, $1) }
      case .keep(let raw):
        try Self.keep(raw, layer: layer, now: batch.receivedAt, db)
        report.keptRaw += 1
      }
    }
    for step in batch.progress { try LookingAgainTable.apply(step, now: batch.receivedAt, db) }
    try StateTable.save(batch.stateChange, db)
  }

  /// Updates kept as bytes; older ones are forgotten.
  static let maximumKeptRaw: Int64 = 10_000

  static func keep(_ raw: Data, layer: Int64, now: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO unknown_update (received_at, layer, raw) VALUES (?, ?, ?)")
    try statement.execute(arguments: [now, layer, raw])
    // A server that speaks another layer must not fill the disk: the newest are kept.
    let last = db.lastInsertedRowID
    let forget = try db.cachedStatement(sql: "DELETE FROM unknown_update WHERE id <= ?")
    try forget.execute(arguments: [last - maximumKeptRaw])
  }

  // MARK: Messages

  /// Adds the message, or makes it the newest version of the one that is there.
  ///
  /// The same message may come again after a difference, and an old state of it after a newer one: neither may undo
  /// anything.
  private mutating func save(_ message: MessageRecord, isSilent: Bool) throws {
    if try MessageTable.insert(message, receivedAt: batch.receivedAt, layer: layer, db) {
      report.added += 1
      return
    }
    guard let stored = try MessageTable.find(chat: message.chat, id: message.id, db) else { return }
    if stored.deletedAt != nil { report.spokenOfAfterDeletion += 1 }
    let old = stored.message
    guard message.action == nil, message.editDate ?? 0 >= old.editDate ?? 0 else { return }

    let isSame =
      message.text == old.text && message.rich == old.rich && MediaRecord.isSame(message.media, old.media)
    if isSame {
      if message.editDate != old.editDate || message.media != old.media || message.noforwards != old.noforwards {
        try MessageTable.refresh(message, layer: layer, db)
      }
      return
    }
    try MessageTable.addVersion(message, over: stored, now: batch.receivedAt, layer: layer, db)
    report.edited += 1
    if policy.edited, !isSilent, stored.deletedAt == nil, !isExpiry(of: old, to: message) {
      var notice = try notice(.edited, message, at: message.editDate ?? batch.receivedAt)
      notice.before = old.text
      notice.mediaKindBefore = old.media?.kind
      try enqueue(notice, editDate: message.editDate)
    }
  }

  /// Media that was to be looked at for a while is taken away by an edit nobody made.
  private func isExpiry(of old: MessageRecord, to new: MessageRecord) -> Bool {
    old.ttlSeconds != nil && new.media?.id == nil && new.text == old.text
  }

  // MARK: Deletions

  /// One deletion: the first messages are told singly, the others in one digest.
  private mutating func delete(
    _ messages: [MissingMessage], find: (Int64, Database) throws -> MessageTable.Stored?
  ) throws {
    var told = 0
    var digest: (row: Int64, notice: DigestNotice)?
    var inDigest: [(chat: Int64, id: Int64)] = []
    var previous: Int64?
    for missing in messages.sorted(by: { $0.id < $1.id }) where missing.id != previous {
      let id = missing.id
      previous = id
      guard let stored = try find(id, db) else {
        report.deletedUnseen += 1
        continue
      }
      guard stored.deletedAt == nil else { continue }
      let message = stored.message
      try MessageTable.markDeleted(chat: message.chat, id: id, at: batch.receivedAt, db)
      report.deleted += 1

      // A service message ("joined the group") has no text that could be lost.
      guard message.action == nil, policy.tellsDeletion(in: try type(of: message)) else { continue }
      var notice = try notice(.deleted, message, at: batch.receivedAt)
      notice.lastSeenAt = missing.lastSeenAt
      if told < policy.singlesPerDeletion {
        try enqueue(notice)
        told += 1
      } else {
        var current = try digest ?? startDigest(with: notice, told: told)
        if current.notice.chat?.id != notice.chat.id { current.notice.chat = nil }
        try OutboxTable.addItem(notice, at: current.notice.count, of: current.row, db)
        current.notice.count += 1
        if let seen = notice.lastSeenAt { current.notice.lastSeenAt = min(current.notice.lastSeenAt ?? seen, seen) }
        inDigest.append((message.chat.rawValue, id))
        digest = current
      }
    }
    if let digest {
      let randomID = try identity().randomID(ofDigest: inDigest)
      try OutboxTable.setPayload(.digest(digest.notice), randomID: randomID, of: digest.row, db)
    }
  }

  private mutating func startDigest(with first: Notice, told: Int) throws -> (row: Int64, notice: DigestNotice) {
    let notice = DigestNotice(chat: first.chat, count: 0, toldSingly: told, happenedAt: batch.receivedAt)
    // It gets its `random_id` when all of its messages are known.
    return (try enqueue(.digest(notice), randomID: 0), notice)
  }

  // MARK: Notices

  private mutating func enqueue(_ notice: Notice, editDate: Int64? = nil) throws {
    try enqueue(.message(notice), randomID: identity().randomID(of: notice, editDate: editDate))
  }

  @discardableResult
  private mutating func enqueue(_ payload: OutboxPayload, randomID: Int64) throws -> Int64 {
    report.notices += 1
    return try OutboxTable.add(payload, randomID: randomID, now: batch.receivedAt, db)
  }

  private mutating func identity() throws -> NoticeIdentity {
    if let knownIdentity { return knownIdentity }
    let identity = try NoticeIdentity(db)
    knownIdentity = identity
    return identity
  }

  private mutating func notice(_ event: Notice.Event, _ message: MessageRecord, at time: Int64) throws -> Notice {
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

  private mutating func summary(_ id: PeerID, fallback: PeerType) throws -> PeerSummary {
    let peer = try peer(id)
    return PeerSummary(id: id, type: peer?.type ?? fallback, name: peer?.name, username: peer?.username)
  }

  private mutating func type(of message: MessageRecord) throws -> PeerType {
    if let peer = try peer(message.chat) { return peer.type }
    return message.isPost ? .channel : fallbackType(of: message.chat)
  }

  private func fallbackType(of id: PeerID) -> PeerType {
    switch id.kind {
    case .user: .user
    case .basicGroup: .group
    case .channel: .supergroup
    }
  }

  private mutating func peer(_ id: PeerID) throws -> PeerRecord? {
    if let known = peers[id] { return known }
    let peer = try PeerTable.find(id, db)
    peers[id] = .some(peer)
    return peer
  }
}
