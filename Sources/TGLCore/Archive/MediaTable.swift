import Foundation
import GRDB
import TelegramClient

/// The statements on `media_job`, `media_file` and `outbox_wait`.
enum MediaTable {
  // MARK: Wanting

  /// Wants a file; one that is wanted or kept already stays as it is, but may become more urgent.
  ///
  /// - Parameter isDeleted: whether the message is gone, so that the file goes to the recovered ones.
  /// - Returns: the job, and whether a notice should wait for it.
  @discardableResult
  static func want(
    _ file: MediaFile, of message: MessageRecord, priority: MediaPriority, isDeleted: Bool, maximumSize: Int64,
    layer: Int64, now: Int64, _ db: Database
  ) throws -> (id: Int64, isOpen: Bool) {
    if let job = try find(chat: message.chat, message: message.id, medium: file.mediumID, db) {
      return try raise(job, to: priority, isDeleted: isDeleted, db)
    }
    var state = MediaJob.State.fetch
    var reason: String?
    var buffer: Int64?
    var deleted: Int64?
    if let twin = try twin(of: file.mediumID, db) {
      (buffer, deleted) = (twin.bufferID, twin.deletedID)
      state = deleted != nil ? .kept : isDeleted ? .preserve : .buffered
    } else if file.size > maximumSize {
      state = .skipped
      reason = "its \(file.size) bytes are more than MAX_BUFFER_FILE_SIZE (\(maximumSize)) allows"
    }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO media_job (chat_id, message_id, medium_id, position, kind, size, layer, media, state, is_deleted,
          priority, created_at, last_error, buffer_id, deleted_id)
        VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
        """)
    try statement.execute(
      arguments: [
        message.chat.rawValue, message.id, file.mediumID, file.position, message.media?.kind.rawValue ?? "",
        file.size, layer, message.media?.raw ?? Data(), state.rawValue, isDeleted, priority.rawValue, now, reason,
        buffer, deleted,
      ])
    return (db.lastInsertedRowID, state == .fetch || state == .preserve)
  }

  /// What the deletion of its message changes for a job.
  private static func raise(
    _ job: MediaJob, to priority: MediaPriority, isDeleted: Bool, _ db: Database
  ) throws -> (id: Int64, isOpen: Bool) {
    var state = job.state
    if isDeleted, state == .buffered { state = .preserve }
    let statement = try db.cachedStatement(
      sql: """
        UPDATE media_job SET state = ?, is_deleted = max(is_deleted, ?), priority = min(priority, ?),
          not_before = iif(?, 0, not_before) WHERE id = ?
        """)
    try statement.execute(arguments: [state.rawValue, isDeleted, priority.rawValue, isDeleted, job.id])
    return (job.id, state == .fetch || state == .preserve)
  }

  /// A job for the same photo or document in another message, whose file is there.
  private static func twin(of medium: Int64, _ db: Database) throws -> MediaJob? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT \(jobColumns) FROM media_job
        WHERE medium_id = ? AND (deleted_id IS NOT NULL OR buffer_id IS NOT NULL) LIMIT 1
        """)
    return try Row.fetchOne(statement, arguments: [medium]).flatMap(job)
  }

  static func wait(outbox: Int64, for job: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO outbox_wait (outbox_id, job_id) VALUES (?, ?)")
    try statement.execute(arguments: [outbox, job])
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

  static func task(_ id: MediaJob.ID, _ db: Database) throws -> MediaTask? {
    guard let job = try find(id, db) else { return nil }
    switch job.state {
    case .fetch: return MediaTask(job: job, stored: try bufferedTwin(of: job.mediumID, db))
    case .preserve: return MediaTask(job: job, stored: try job.bufferID.flatMap { try file($0, db) })
    case .buffered, .kept, .failed, .skipped: return nil
    }
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
    var outcome = MediaOutcome()
    switch change {
    case .fetched(let file, let size):
      return MediaOutcome(isOpen: try setBuffer(file, size: size, of: id, db) != .buffered)
    case .preserved(let file):
      guard let job = try find(id, db), try setKept(file, of: id, db) else { return MediaOutcome(isOpen: true) }
      outcome.released = try job.bufferID.flatMap { try releaseBuffered($0, db) }
    case .lost:
      try db.execute(
        sql: "UPDATE media_job SET state = 'fetch', buffer_id = NULL, not_before = 0 WHERE id = ?", arguments: [id])
      return MediaOutcome(isOpen: true)
    case .refreshed(let media):
      try db.execute(sql: "UPDATE media_job SET media = ?, not_before = 0 WHERE id = ?", arguments: [media, id])
      return MediaOutcome(isOpen: true)
    case .postponed(let until, let reason, let counts):
      let statement = try db.cachedStatement(
        sql: "UPDATE media_job SET not_before = ?, last_error = ?, attempts = attempts + ? WHERE id = ?")
      try statement.execute(arguments: [until, reason, counts ? 1 : 0, id])
      return MediaOutcome(isOpen: true)
    case .failed(let reason):
      let statement = try db.cachedStatement(
        sql: "UPDATE media_job SET state = 'failed', last_error = ? WHERE id = ?")
      try statement.execute(arguments: [reason, id])
    }
    let statement = try db.cachedStatement(sql: "DELETE FROM outbox_wait WHERE job_id = ?")
    try statement.execute(arguments: [id])
    outcome.readiesNotices = db.changesCount > 0
    return outcome
  }

  /// The file with this content, or a new one under a name no other content has.
  ///
  /// Written down before the file has its name: two that come at the same time never take the same one.
  static func reserve(_ wanted: FileReservation, now: Int64, _ db: Database) throws -> StoredFile? {
    let same = try db.cachedStatement(
      sql: "SELECT \(fileColumns) FROM media_file WHERE sha256 = ? AND place = ? AND encrypted = ? LIMIT 1")
    let known = try Row.fetchOne(same, arguments: [wanted.sha256, wanted.place.rawValue, wanted.isEncrypted])
    if let known { return file(known) }
    let add = try db.cachedStatement(
      sql: """
        INSERT INTO media_file (place, name, size, sha256, encrypted, created_at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (place, name) DO NOTHING RETURNING \(fileColumns)
        """)
    for name in wanted.names {
      let row = try Row.fetchOne(
        add, arguments: [wanted.place.rawValue, name, wanted.size, wanted.sha256, wanted.isEncrypted, now])
      if let row { return file(row) }
    }
    return nil
  }

  /// The file's entry may have been removed for its age meanwhile: then there is nothing to refer to, and it is fetched
  /// again.
  ///
  /// - Returns: what the job is then; nil when there is none any more.
  private static func setBuffer(
    _ file: StoredFile.ID, size: Int64, of id: MediaJob.ID, _ db: Database
  ) throws -> MediaJob.State? {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE media_job SET buffer_id = file.id, size = ?,
          state = CASE WHEN file.id IS NULL THEN 'fetch' WHEN is_deleted THEN 'preserve' ELSE 'buffered' END,
          not_before = 0, last_error = NULL
        FROM (SELECT (SELECT id FROM media_file WHERE id = ?) AS id) AS file WHERE media_job.id = ? RETURNING state
        """)
    return try statement.first(size, file, id) { MediaJob.State(rawValue: $0[0]) }
  }

  /// False when the file's entry has been removed meanwhile: then it is copied again.
  private static func setKept(_ file: StoredFile.ID, of id: MediaJob.ID, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE media_job SET deleted_id = ?1, state = 'kept', last_error = NULL
        WHERE id = ?2 AND EXISTS (SELECT 1 FROM media_file WHERE id = ?1)
        """)
    try statement.execute(arguments: [file, id])
    return db.changesCount > 0
  }

  // MARK: Rows

  // Columns are read by their places: looking for names in a row takes longer than finding the row.

  private static let jobColumns = """
    id, chat_id, message_id, medium_id, position, kind, size, media, state, is_deleted, priority, attempts, not_before,
    last_error, buffer_id, deleted_id
    """

  /// Nil for a row this program does not write.
  private static func job(_ row: Row) -> MediaJob? {
    guard let chat = PeerID(rawValue: row[1]), let state = MediaJob.State(rawValue: row[8]) else { return nil }
    return MediaJob(
      id: row[0], chat: chat, messageID: row[2], mediumID: row[3], position: row[4],
      kind: MediaKind(rawValue: row[5]) ?? .unsupported, size: row[6], media: row[7], state: state,
      isDeleted: row[9], priority: MediaPriority(rawValue: row[10]) ?? .buffered, attempts: row[11],
      notBefore: row[12], lastError: row[13], bufferID: row[14], deletedID: row[15])
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
