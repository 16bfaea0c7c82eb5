import Foundation
import GRDB
public import TelegramClient

/// What committing a batch came to.
public struct CommitReport: Sendable, Hashable {
  /// What is counted by the type of chat, as far as a message itself tells it.
  public struct Changes: Sendable, Hashable {
    public var added = 0
    public var edited = 0
    public var deleted = 0
  }

  /// The same as `added`, `edited` and `deleted`, by chat type.
  public var byChat: [PeerType: Changes] = [:]
  /// Messages a notice was written of, by what happened to them.
  public var recovered: [Notice.Event: Int] = [:]
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
  /// Files to be downloaded or copied because of it.
  public var media = 0
  /// Basic groups that are known to be supergroups from now on.
  public var successors: [PeerID: PeerID] = [:]
  /// Links whose messages are to be saved.
  public var links = 0

  public init() {}
}

/// Applies a batch inside a transaction.
struct BatchWriter {
  let db: Database
  let batch: RecorderBatch
  let policy: NoticePolicy
  let layer: Int64
  var report = CommitReport()
  var peers: [PeerID: PeerRecord?] = [:]
  var knownIdentity: NoticeIdentity?
  /// The account whose archive this is, once it was asked for; 0 where it is not known.
  var account: Int64?
  private var search = SearchAdditions()
  private var wholeSince: Int64?

  init(_ batch: RecorderBatch, policy: NoticePolicy, layer: Int64, db: Database) {
    self.db = db
    self.batch = batch
    self.policy = policy
    self.layer = layer
  }

  mutating func run() throws {
    // Every update brings its peers, mostly the same ones.
    var saved: [PeerID: PeerRecord] = [:]
    for peer in batch.peers where saved.updateValue(peer, forKey: peer.id) != peer {
      try PeerTable.save(peer, now: batch.receivedAt, db)
    }
    for (group, successor) in batch.successors where try ChatMigrationTable.add(group, successor, db) {
      report.successors[group] = successor
    }
    // First, since a gap begins behind what was there before this batch.
    for gap in batch.gaps { try StateTable.add(gap, now: batch.receivedAt, db) }
    try noteUntold()
    let progress = try batch.progress.map(counted)
    for operation in batch.operations {
      switch operation {
      case .message(let message): try save(message)
      case .observed(let message, let version):
        guard try MessageTable.find(chat: message.chat, id: message.id, db)?.version ?? 0 == version else { continue }
        try save(message)
      case .deleteInChannel(let channel, let ids):
        try delete(ids.map { MissingMessage(id: $0) }) { try MessageTable.find(chat: channel, id: $0, $1) }
      case .deleteWithoutChat(let ids):
        try delete(ids.map { MissingMessage(id: $0) }) { try MessageTable.findWithoutChat(id: $0, $1) }
      case .missing(let chat, let messages):
        try delete(messages) { try MessageTable.find(chat: chat, id: $0, $1) }
      case .openedWithoutChat(let ids):
        for id in ids { if let stored = try MessageTable.findWithoutChat(id: id, db) { try tellOpened(stored) } }
      case .openedInChannel(let channel, let ids):
        for id in ids { if let stored = try MessageTable.find(chat: channel, id: id, db) { try tellOpened(stored) } }
      case .saveLinks(let message, let links):
        report.links += try SavedLinkTable.add(links, of: message, now: batch.receivedAt, db)
      case .keep(let raw, let chat):
        try UnknownUpdateTable.keep(raw, chat: chat, layer: layer, now: batch.receivedAt, db)
        report.keptRaw += 1
      case .complete(let completion, let chat, let id): try complete(completion, chat: chat, id: id)
      case .transcribed(let chat, let id, let text):
        try LaterMediaTable.transcribe(chat: chat, id: id, text, db)
      case .changed(let peer, let change):
        try PeerTable.apply(change, to: peer, db)
        peers[peer] = nil
      }
    }
    try setAside()
    for step in progress { try LookingAgainTable.apply(step, now: batch.receivedAt, db) }
    try StateTable.save(batch.stateChange, db)
    try search.write(db)
  }

  // MARK: Messages

  /// Adds the message, or makes it the newest version of the one that is there.
  ///
  /// The same message may come again after a difference, and an old state of it after a newer one: neither may undo
  /// anything.
  mutating func save(_ message: MessageRecord) throws {
    if try MessageTable.insert(message, receivedAt: batch.receivedAt, layer: layer, search: &search, db) {
      report.added += 1
      report.byChat[PeerType(chatOf: message), default: .init()].added += 1
      try bufferFiles(of: message)
      if let medium = message.media?.laterID { try LaterMediaTable.note(medium, of: message, db) }
      return
    }
    guard let stored = try MessageTable.find(chat: message.chat, id: message.id, db) else { return }
    if stored.deletedAt != nil { report.spokenOfAfterDeletion += 1 }
    let old = stored.message
    guard message.action == nil, message.editDate ?? 0 >= old.editDate ?? 0 else { return }

    if message.media != old.media, let medium = message.media?.laterID {
      try LaterMediaTable.note(medium, of: message, db)
    }
    if MessageContent.isSame(message, old, isWhole: try isWhole(stored)) {
      if message.editDate != old.editDate || message.media != old.media || message.noforwards != old.noforwards
        || message.rest != old.rest
      {
        try MessageTable.refresh(message, layer: layer, db)
      }
      return
    }
    try MessageTable.addVersion(message, over: stored, now: batch.receivedAt, layer: layer, search: &search, db)
    report.edited += 1
    report.byChat[PeerType(chatOf: message), default: .init()].edited += 1
    let isOtherMedia = !MessageContent.isSame(message.media, old.media)
    if isOtherMedia { try bufferFiles(of: message) }
    guard stored.deletedAt == nil else { return }
    if isExpiry(of: old, to: message) { return try tellOpened(stored) }
    if policy.edited {
      var notice = try notice(.edited, message, at: message.editDate ?? batch.receivedAt)
      notice.before = old.text
      notice.mediaKindBefore = old.media?.kind
      notice.detailsBefore = old.media.flatMap(MediaDescription.text)
      notice.contextBefore = old.context
      let kept = isOtherMedia ? try keepFiles(of: stored, replaced: true) : KeptFiles()
      notice.files = kept.files
      try tellEdit(notice, of: stored, date: message.editDate, waitingFor: kept.awaited)
    } else if isOtherMedia {
      try keepBufferedFiles(of: old)
    }
  }

  /// Takes over what was added to the media of stored messages: no version, unless it says something else now.
  private mutating func complete(_ completion: MediaCompletion, chat: PeerID?, id: Int64?) throws {
    var found: [MessageTable.Stored] = []
    if let chat, let id, let stored = try MessageTable.find(chat: chat, id: id, db) { found.append(stored) }
    if let medium = completion.mediumID {
      found += try LaterMediaTable.messages(with: medium, db).filter { $0.message.key != found.first?.message.key }
    }
    for stored in found where stored.deletedAt == nil {
      guard let media = stored.message.media?.completed(by: completion) else { continue }
      var message = stored.message
      message.media = media
      try save(message)
      if case .paidMedia = completion { try bufferFiles(of: message) }
    }
  }

  /// Whether the fields without a column were kept too, or the row is of before there was a place for them.
  private mutating func isWhole(_ stored: MessageTable.Stored) throws -> Bool {
    if MessageRest(stored.message.rest).isWhole { return true }
    let since = try wholeSince ?? MessageTable.wholeSince(db)
    wholeSince = since
    return stored.receivedAt > since
  }

  /// Media that was to be looked at for a while is taken away by an edit nobody made.
  private func isExpiry(of old: MessageRecord, to new: MessageRecord) -> Bool {
    old.ttlSeconds != nil && new.media?.id == nil && MessageContent.isSame(new.text, old.text)
  }
}
