import GRDB
import TelegramClient

extension BatchWriter {
  /// What one deletion has come to so far.
  private struct Told {
    /// Notices told singly.
    var singles = 0
    /// Rows of albums that are told singly, to which more of the album may come.
    var albums: [AlbumKey: (row: Int64, notice: Notice)] = [:]
    /// What is beyond the notices told singly.
    var digest: Digest?
    /// Chats whose history was cleared.
    var cleared: [PeerID: Digest] = [:]
  }

  private struct AlbumKey: Hashable {
    var chat: PeerID
    var groupedID: Int64
  }

  private struct Digest {
    var row: Int64
    var notice: DigestNotice
    /// Of the row it is added to.
    var randomID: Int64?
    var messages: [(chat: Int64, id: Int64)] = []
  }

  /// One deletion: the first messages, and whole albums, are told singly, the others in one digest.
  ///
  /// A history that was cleared, in a private chat or a basic group, is one digest, also when it comes in pieces.
  mutating func delete(
    _ messages: [MissingMessage], find: (Int64, Database) throws -> MessageTable.Stored?
  ) throws {
    var told = Told()
    var previous: Int64?
    let cleared = try clearedChats(messages, find: find)
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
      report.byChat[PeerType(chatOf: message), default: .init()].deleted += 1

      guard policy.tellsDeletion(in: try type(of: message)) else { continue }
      var notice = try notice(.deleted, message, at: batch.receivedAt)
      notice.lastSeenAt = missing.lastSeenAt
      notice.openedAt = stored.openedAt
      var kept = try keepFiles(of: stored)
      notice.files = kept.files
      try takeOpenEdit(into: &notice, &kept)
      if try cleared.contains(message.chat) || isBeingCleared(message.chat, told) {
        try add(notice, to: &told.cleared[message.chat], .cleared, told: 0)
      } else if try !join(notice, message, kept, &told) {
        try tell(notice, message, kept, &told)
      }
    }
    for digest in told.cleared.values + [told.digest].compactMap(\.self) {
      let randomID = try identity().randomID(ofDigest: digest.messages, after: digest.randomID)
      try OutboxTable.setPayload(.digest(digest.notice), randomID: randomID, of: digest.row, db)
      if digest.notice.reason == .cleared {
        let end = batch.receivedAt + Self.clearingTime
        try OutboxTable.setSettling(until: end, of: digest.row, db)
      }
    }
  }

  /// Seconds the digest of a cleared history waits for more of it.
  static let clearingTime: Int64 = 3

  /// Messages a deletion takes of one chat at least for it to be a cleared history.
  private var clearing: Int { max(50, 10 * min(policy.singlesPerDeletion, 1 << 30)) }

  /// The private chats and basic groups whose history a deletion clears.
  private func clearedChats(
    _ messages: [MissingMessage], find: (Int64, Database) throws -> MessageTable.Stored?
  ) throws -> Set<PeerID> {
    guard messages.count > clearing else { return [] }
    var counts: [PeerID: Int] = [:]
    for message in messages {
      if let stored = try find(message.id, db), stored.deletedAt == nil, stored.message.chat.kind != .channel {
        counts[stored.message.chat, default: 0] += 1
      }
    }
    return Set(counts.filter { $0.value > clearing }.keys)
  }

  /// Whether more of a chat's history has just been cleared, whose digest is not posted yet.
  private func isBeingCleared(_ chat: PeerID, _ told: Told) throws -> Bool {
    guard chat.kind != .channel else { return false }
    return try told.cleared[chat] != nil || OutboxTable.openDigest(of: chat, reason: .cleared, db) != nil
  }

  /// Makes the message a part of the notice its album has already; false when there is none.
  private mutating func join(
    _ notice: Notice, _ message: MessageRecord, _ kept: KeptFiles, _ told: inout Told
  ) throws -> Bool {
    guard let groupedID = message.groupedID else { return false }
    let key = AlbumKey(chat: message.chat, groupedID: groupedID)
    guard var album = told.albums[key] else { return false }
    album.notice.add(notice)
    told.albums[key] = album
    let randomID = try identity().randomID(of: album.notice)
    try OutboxTable.setPayload(.message(album.notice), randomID: randomID, of: album.row, db)
    for job in kept.awaited { try MediaTable.wait(outbox: album.row, for: job, db) }
    return true
  }

  private mutating func tell(
    _ notice: Notice, _ message: MessageRecord, _ kept: KeptFiles, _ told: inout Told
  ) throws {
    guard told.singles < policy.singlesPerDeletion else {
      return try add(notice, to: &told.digest, .deletion, told: told.singles)
    }
    let row = try enqueue(notice, waitingFor: kept.awaited)
    told.singles += 1
    if let groupedID = message.groupedID {
      told.albums[AlbumKey(chat: message.chat, groupedID: groupedID)] = (row, notice)
    }
  }

  /// Adds a message to a digest, which is begun with the first; the pieces of a cleared history are in the order of their ids.
  ///
  /// - Parameter told: notices of the same deletion that are told singly.
  private mutating func add(
    _ notice: Notice, to digest: inout Digest?, _ reason: DigestNotice.Reason, told: Int
  ) throws {
    var current = try digest ?? openDigest(with: notice, reason, told: told)
    let position = reason == .cleared ? notice.messageID : Int64(current.notice.count)
    try OutboxTable.addItem(notice, at: position, of: current.row, db)
    current.notice.count(notice)
    current.messages.append((notice.chat.id.rawValue, notice.messageID))
    digest = current
  }

  private mutating func openDigest(
    with first: Notice, _ reason: DigestNotice.Reason, told: Int
  ) throws -> Digest {
    if reason == .cleared, let row = try OutboxTable.openDigest(of: first.chat.id, reason: reason, db),
      case .digest(let notice) = row.payload
    {
      return Digest(row: row.id, notice: notice, randomID: row.randomID)
    }
    let notice = DigestNotice(
      chat: first.chat, count: 0, toldSingly: told, happenedAt: batch.receivedAt, reason: reason)
    // It gets its `random_id` when all of its messages are known.
    return Digest(row: try enqueue(.digest(notice), randomID: 0), notice: notice)
  }
}

extension Notice {
  /// Takes in another message of the same album.
  mutating func add(_ other: Notice) {
    album = (album ?? [messageID]) + [other.messageID]
    files = (files ?? []) + (other.files ?? [])
    var kinds = albumMedia ?? mediaKind.map { [$0.rawValue: 1] } ?? [:]
    if let kind = other.mediaKind { kinds[kind.rawValue, default: 0] += 1 }
    albumMedia = kinds
    if let more = other.details { details = details.map { $0.joined(with: more, by: "\n") } ?? more }
    reply = reply ?? other.reply
    openedAt = openedAt ?? other.openedAt
    if let otherEdits = other.edits {
      // What the others say was there before, too.
      before = (before ?? text).joined(with: other.before ?? FormattedText(), by: "\n\n")
      edits = edits ?? otherEdits
    } else if edits != nil {
      before = before?.joined(with: other.text, by: "\n\n")
    }
    text = text.joined(with: other.text, by: "\n\n")
  }
}

extension FormattedText {
  /// Both, with `separator` between them where neither is empty.
  fileprivate func joined(with other: FormattedText, by separator: String) -> FormattedText {
    if other.isEmpty { return self }
    var joined = self
    if !isEmpty { joined.append(separator) }
    joined.append(other)
    return joined
  }
}
