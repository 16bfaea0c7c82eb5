import GRDB
import TelegramClient

extension BatchWriter {
  /// What one deletion has come to so far.
  private struct Told {
    /// Notices told singly.
    var singles = 0
    /// Rows of albums that are told singly, to which more of the album may come.
    var albums: [AlbumKey: (row: Int64, notice: Notice)] = [:]
    var digest: (row: Int64, notice: DigestNotice)?
    var inDigest: [(chat: Int64, id: Int64)] = []
  }

  private struct AlbumKey: Hashable {
    var chat: PeerID
    var groupedID: Int64
  }

  /// One deletion: the first messages, and whole albums, are told singly, the others in one digest.
  mutating func delete(
    _ messages: [MissingMessage], find: (Int64, Database) throws -> MessageTable.Stored?
  ) throws {
    var told = Told()
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
      report.byChat[PeerType(chatOf: message), default: .init()].deleted += 1

      guard policy.tellsDeletion(in: try type(of: message)) else { continue }
      var notice = try notice(.deleted, message, at: batch.receivedAt)
      notice.lastSeenAt = missing.lastSeenAt
      let kept = try keepFiles(of: stored)
      notice.files = kept.files
      if try !join(notice, message, kept, &told) { try tell(notice, message, kept, &told) }
    }
    if let digest = told.digest {
      let randomID = try identity().randomID(ofDigest: told.inDigest)
      try OutboxTable.setPayload(.digest(digest.notice), randomID: randomID, of: digest.row, db)
    }
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
    let randomID = try identity().randomID(of: album.notice, edit: nil)
    try OutboxTable.setPayload(.message(album.notice), randomID: randomID, of: album.row, db)
    for job in kept.awaited { try MediaTable.wait(outbox: album.row, for: job, db) }
    return true
  }

  private mutating func tell(
    _ notice: Notice, _ message: MessageRecord, _ kept: KeptFiles, _ told: inout Told
  ) throws {
    if told.singles < policy.singlesPerDeletion {
      let row = try enqueue(notice, waitingFor: kept.awaited)
      told.singles += 1
      if let groupedID = message.groupedID {
        told.albums[AlbumKey(chat: message.chat, groupedID: groupedID)] = (row, notice)
      }
      return
    }
    var current = try told.digest ?? startDigest(with: notice, told: told.singles)
    if current.notice.chat?.id != notice.chat.id { current.notice.chat = nil }
    try OutboxTable.addItem(notice, at: current.notice.count, of: current.row, db)
    current.notice.count += 1
    if let seen = notice.lastSeenAt { current.notice.lastSeenAt = min(current.notice.lastSeenAt ?? seen, seen) }
    told.inDigest.append((message.chat.rawValue, message.id))
    told.digest = current
  }

  private mutating func startDigest(with first: Notice, told: Int) throws -> (row: Int64, notice: DigestNotice) {
    let notice = DigestNotice(chat: first.chat, count: 0, toldSingly: told, happenedAt: batch.receivedAt)
    // It gets its `random_id` when all of its messages are known.
    return (try enqueue(.digest(notice), randomID: 0), notice)
  }
}

extension Notice {
  /// Takes in another message of the same album.
  mutating func add(_ other: Notice) {
    album = (album ?? [messageID]) + [other.messageID]
    files = (files ?? []) + (other.files ?? [])
    guard !other.text.isEmpty else { return }
    if !text.isEmpty { text.append("\n\n") }
    text.append(other.text)
  }
}
