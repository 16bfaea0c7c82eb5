import Foundation
import GRDB
import TelegramClient

/// The statements on `media_job`, `media_file` and `outbox_wait`.
enum MediaTable {
  // MARK: Wanting

  /// Wants a file: adds its job, or moves the job it has on.
  ///
  /// - Returns: the job, and whether a notice should wait for it.
  @discardableResult
  static func want(
    _ file: MediaFile, of message: MessageRecord, priority: MediaPriority, need: MediaNeed, maximumSize: Int64,
    layer: Int64, now: Int64, _ db: Database
  ) throws -> (id: Int64, isOpen: Bool) {
    let fits = file.size <= maximumSize
    if var job = try find(chat: message.chat, message: message.id, medium: file.mediumID, db) {
      try advance(&job, file, of: message, priority: priority, need: need, maximumSize: maximumSize, layer: layer, db)
      return (job.id, job.state.isOpen)
    }
    let twin = try twin(of: file.mediumID, db)
    var state = fits || need == .link || need == .export ? MediaState.wanted : .tooLarge
    if let twin { state = twin.recovered != nil ? .recovered : .buffered }
    if need.isDeleted, state != .tooLarge { state = state.after(.needed).state }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO media_job (chat_id, message_id, medium_id, position, kind, size, layer, media, state, is_deleted,
          priority, created_at, last_error, buffer_id, deleted_id)
        VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
        """)
    try statement.execute(
      arguments: [
        message.chat.rawValue, message.id, file.mediumID, file.position, message.media?.kind.rawValue ?? "",
        file.size, layer, message.media?.raw ?? Data(), state.column, need.isDeleted, priority.rawValue, now,
        state == .tooLarge ? tooLarge(file, maximumSize) : nil, twin?.buffered, twin?.recovered,
      ])
    return (db.lastInsertedRowID, state.isOpen)
  }

  private static func tooLarge(_ file: MediaFile, _ maximumSize: Int64) -> String {
    "its \(file.size) bytes are more than MAX_BUFFER_FILE_SIZE (\(maximumSize)) allows"
  }

  /// What a need changes for a job that is there.
  private static func advance(
    _ job: inout MediaJob, _ file: MediaFile, of message: MessageRecord, priority: MediaPriority, need: MediaNeed,
    maximumSize: Int64, layer: Int64, _ db: Database
  ) throws {
    let old = job
    let fits = file.size <= maximumSize
    var twin: (buffered: StoredFile.ID?, recovered: StoredFile.ID?)?
    if need != .precaution, job.state.hasEnded {
      twin = try self.twin(of: file.mediumID, db)
      if let twin { (job.bufferID, job.deletedID) = (job.bufferID ?? twin.buffered, job.deletedID ?? twin.recovered) }
      // What was gone is worth another request only where the message tells of it by another reference.
      let isNews = need != .loss || job.state == .gone && fits && message.media?.raw != job.media
      if twin != nil { job.state = job.state.after(.found).state }
      if isNews { job.state = job.state.after(.asked).state }
    }
    if need.isDeleted {
      job.state = job.state.after(fits || need == .link ? .needed : .neededTooLarge).state
      job.isDeleted = true
    }
    job.priority = min(job.priority, priority)
    if need != .precaution, job.state.isOpen {
      // The reference a download has renewed is newer than the stored message's.
      if old.state == .tooLarge || old.state == .gone || need == .link, let media = message.media?.raw {
        (job.media, job.size, job.position) = (media, file.size, file.position)
      }
      (job.attempts, job.outages, job.notBefore, job.lastError) = (0, 0, 0, nil)
    } else if job.state == .tooLarge, old.state != .tooLarge {
      job.lastError = tooLarge(file, maximumSize)
    }
    guard job != old else { return }
    try save(job, layer: job.media == old.media ? nil : layer, db)
  }

  private static func save(_ job: MediaJob, layer: Int64? = nil, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE media_job SET position = ?, size = ?, layer = ifnull(?, layer), media = ?, state = ?, ending = ?,
          is_deleted = ?, priority = ?, attempts = ?, outages = ?, not_before = ?, last_error = ?, buffer_id = ?,
          deleted_id = ? WHERE id = ?
        """)
    try statement.execute(
      arguments: [
        job.position, job.size, layer, job.media, job.state.column, job.state.ending, job.isDeleted,
        job.priority.rawValue, job.attempts, job.outages, job.notBefore, job.lastError, job.bufferID, job.deletedID,
        job.id,
      ])
  }

  /// Where the same photo or document is for another message; nil when it is not here.
  private static func twin(
    of medium: Int64, _ db: Database
  ) throws -> (buffered: StoredFile.ID?, recovered: StoredFile.ID?)? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT buffer_id, deleted_id FROM media_job
        WHERE medium_id = ? AND (deleted_id IS NOT NULL OR buffer_id IS NOT NULL) LIMIT 1
        """)
    return try Row.fetchOne(statement, arguments: [medium]).map { ($0[0], $0[1]) }
  }

  static func wait(outbox: Int64, for job: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO outbox_wait (outbox_id, job_id) VALUES (?, ?)")
    try statement.execute(arguments: [outbox, job])
  }

  /// The jobs a notice waits for.
  static func awaited(by outbox: Int64, _ db: Database) throws -> [Int64] {
    let statement = try db.cachedStatement(sql: "SELECT job_id FROM outbox_wait WHERE outbox_id = ? ORDER BY job_id")
    var jobs: [Int64] = []
    try statement.forEach(outbox) { jobs.append($0[0]) }
    return jobs
  }

  // MARK: Finding

  static func find(chat: PeerID, message: Int64, medium: Int64, _ db: Database) throws -> MediaJob? {
    let statement = try db.cachedStatement(
      sql: "SELECT \(jobColumns) FROM media_job WHERE chat_id = ? AND message_id = ? AND medium_id = ?")
    return try Row.fetchOne(statement, arguments: [chat.rawValue, message, medium]).flatMap(job)
  }

  static func find(_ id: MediaJob.ID, _ db: Database) throws -> MediaJob? {
    let statement = try db.cachedStatement(sql: "SELECT \(jobColumns) FROM media_job WHERE id = ?")
    return try Row.fetchOne(statement, arguments: [id]).flatMap(job)
  }

  /// All jobs of one message, in the order of its files.
  static func jobs(chat: PeerID, message: Int64, _ db: Database) throws -> [MediaJob] {
    let statement = try db.cachedStatement(
      sql: "SELECT \(jobColumns) FROM media_job WHERE chat_id = ? AND message_id = ? ORDER BY position, id")
    return try Row.fetchAll(statement, arguments: [chat.rawValue, message]).compactMap(job)
  }

  /// Open jobs that are due, the most urgent first.
  static func due(now: Int64, limit: Int, _ db: Database) throws -> [MediaJob.Due] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT id, medium_id, size, priority FROM media_job INDEXED BY media_job_open
        WHERE state IN ('fetch', 'preserve') AND (not_before <= ? OR not_before > ?) ORDER BY priority, size, id LIMIT ?
        """)
    return try Row.fetchAll(statement, arguments: [now, StoredDeadline.latest(now: now), limit]).map { row in
      MediaJob.Due(
        id: row[0], mediumID: row[1], size: row[2], priority: MediaPriority(rawValue: row[3]) ?? .buffered)
    }
  }

  /// When the next open job is due after a time; nil when there is none.
  static func nextDue(after now: Int64, _ db: Database) throws -> Int64? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT min(not_before) FROM media_job INDEXED BY media_job_open
        WHERE state IN ('fetch', 'preserve') AND not_before > ?
        """)
    return try statement.first(now) { $0[0] }
  }

  static func file(_ id: StoredFile.ID, _ db: Database) throws -> StoredFile? {
    let statement = try db.cachedStatement(sql: "SELECT \(fileColumns) FROM media_file WHERE id = ?")
    return try Row.fetchOne(statement, arguments: [id]).flatMap(file)
  }

  static func recovered(_ job: MediaJob, _ db: Database) throws -> RecoveredFile {
    func stored(_ job: MediaJob) throws -> StoredFile? { try job.deletedID.flatMap { try file($0, db) } }
    return RecoveredFile(
      job: job, stored: try stored(job),
      others: try jobs(chat: job.chat, message: job.messageID, db).filter { $0.id != job.id }.map {
        ($0, try stored($0))
      })
  }

  /// An open job with what is there of it; nil for one that is not open.
  static func task(_ id: MediaJob.ID, _ db: Database) throws -> MediaTask? {
    guard let job = try find(id, db), job.state.isOpen else { return nil }
    guard job.state == .preserving else { return MediaTask(job: job, buffered: try bufferedTwin(of: job.mediumID, db)) }
    return MediaTask(
      job: job, buffered: try job.bufferID.flatMap { try file($0, db) },
      recovered: try job.deletedID.flatMap { try file($0, db) })
  }

  private static func bufferedTwin(of medium: Int64, _ db: Database) throws -> StoredFile? {
    let statement = try db.cachedStatement(
      sql: "SELECT buffer_id FROM media_job WHERE medium_id = ? AND buffer_id IS NOT NULL LIMIT 1")
    return try Int64.fetchOne(statement, arguments: [medium]).flatMap { try file($0, db) }
  }

  /// Forgets a buffered file that no message needs any more; nil when one does.
  private static func releaseBuffered(_ id: StoredFile.ID, _ db: Database) throws -> StoredFile? {
    let needed = "SELECT 1 FROM media_job WHERE buffer_id = ? AND state IN ('fetch', 'buffered', 'preserve')"
    guard let stored = try file(id, db),
      try Int.fetchOne(try db.cachedStatement(sql: needed), arguments: [id]) == nil
    else { return nil }
    let statement = try db.cachedStatement(sql: "DELETE FROM media_file WHERE id = ? AND place = 'buffer'")
    try statement.execute(arguments: [id])
    return db.changesCount > 0 ? stored : nil
  }

  // MARK: Changing

  /// Records what became of a job.
  static func apply(_ change: MediaChange, to id: MediaJob.ID, now: Int64, _ db: Database) throws -> MediaOutcome {
    guard var job = try find(id, db) else { return MediaOutcome() }
    let before = job
    // Downloads under way are stored as wanted.
    var state = job.state.after(.began).state
    switch change {
    case .fetched(let file, let size):
      // An entry that was removed for its age meanwhile leaves nothing to refer to: it is fetched again.
      if try self.file(file, db) != nil {
        state = state.after(job.isDeleted ? .arrivedNeeded : .arrived).state
        (job.bufferID, job.size) = (file, size)
      } else {
        state = state.after(.vanished).state
      }
    case .preserved(let file):
      guard try self.file(file, db) != nil else { return MediaOutcome(isOpen: true) }
      state = state.after(.copied).state
      job.deletedID = file
    case .vanished:
      state = state.after(.vanished).state
      (job.bufferID, job.deletedID) = (nil, nil)
      job.attempts += 1
    case .refreshed(let media): job.media = media
    case .postponed(let until, let reason, let strike):
      state = state.after(.failed).state
      (job.notBefore, job.lastError) = (until, reason)
      if strike == .attempt { job.attempts += 1 }
      if strike == .outage { job.outages += 1 }
    case .ended(let ending, let reason):
      state = state.after(ending.event).state
      job.lastError = reason
    }
    job.state = state == .fetching ? .wanted : state
    switch change {
    // Attempts go on counting until the file is where it is needed: one that vanishes each time is given up.
    case .fetched: (job.outages, job.notBefore, job.lastError) = (0, 0, nil)
    case .preserved: (job.attempts, job.outages, job.notBefore, job.lastError) = (0, 0, 0, nil)
    case .vanished, .refreshed: job.notBefore = 0
    case .postponed, .ended: break
    }
    try save(job, db)
    guard !job.state.isOpen else { return MediaOutcome(isOpen: true) }
    var outcome = MediaOutcome()
    if case .preserved = change { outcome.released = try before.bufferID.flatMap { try releaseBuffered($0, db) } }
    let statement = try db.cachedStatement(sql: "DELETE FROM outbox_wait WHERE job_id = ?")
    try statement.execute(arguments: [id])
    outcome.readiesNotices = db.changesCount > 0
    return outcome
  }

  // MARK: Rows

  // Columns are read by their places: looking for names in a row takes longer than finding the row.

  private static let jobColumns = """
    id, chat_id, message_id, medium_id, position, kind, size, media, state, is_deleted, priority, attempts, not_before,
    last_error, buffer_id, deleted_id, ending, outages
    """

  /// Nil for a row this program does not write.
  private static func job(_ row: Row) -> MediaJob? {
    let (buffer, deleted): (Int64?, Int64?) = (row[14], row[15])
    let (reason, ending): (String?, String?) = (row[13], row[16])
    guard let chat = PeerID(rawValue: row[1]),
      let state = MediaState(
        column: row[8], ending: ending, isBuffered: buffer != nil, isRecovered: deleted != nil)
    else { return nil }
    return MediaJob(
      id: row[0], chat: chat, messageID: row[2], mediumID: row[3], position: row[4],
      kind: MediaKind(rawValue: row[5]) ?? .unsupported, size: row[6], media: row[7], state: state,
      isDeleted: row[9], priority: MediaPriority(rawValue: row[10]) ?? .buffered, attempts: row[11],
      outages: row[17], notBefore: row[12], lastError: reason ?? (state == .lost ? MediaJob.vanished : nil),
      bufferID: buffer,
      deletedID: deleted)
  }

  /// What `file` reads, to which more may be added.
  static let fileColumns = "id, place, name, size, sha256, encrypted"

  /// Nil for a row this program does not write.
  static func file(_ row: Row) -> StoredFile? {
    guard let place = StoredFile.Place(rawValue: row[1]) else { return nil }
    return StoredFile(
      id: row[0], place: place, name: row[2], size: row[3], sha256: row[4], isEncrypted: row[5])
  }
}
