import Foundation
import GRDB
import Logging
import NIOPosix
import Synchronization

/// Everything the service has seen and still has to say, in one SQLite database; the only writer to it.
///
/// `synchronous` is NORMAL, which in WAL mode may lose the last transactions to a power cut (never to a crash of this
/// process) but cannot damage the file. That is safe for what comes from Telegram: the state of the update sequences
/// commits with the updates it covers, so a lost tail is a tail that is asked for again. It is safe for the outbox
/// too: the `random_id` of a post comes of what it tells (`NoticeIdentity`), so a row that was lost and is written again
/// is known to the server when it was posted.
public final class Archive: Sendable {
  /// What the log (`-wal`) is cut back to, in bytes, once everybody is done reading it.
  ///
  /// SQLite moves what is in it to the database file with every thousand pages, and begins it anew as soon as nobody reads
  /// an older moment; only a reader that takes long lets it grow past this.
  static let logLimit = 16 << 20

  /// Where the database is.
  public let path: String
  private let connections: Mutex<DatabasePool>
  var pool: DatabasePool { connections.withLock { $0 } }
  private let configuration: Configuration
  private let storage: StorageHealth
  /// Nil for an archive that reports at once what cannot be written now.
  private let patience: StoragePatience?
  private let isClosing = Atomic(false)
  /// What opening it changed; nil when it was up to date, or new.
  public let upgrade: ArchiveUpgrade?
  /// The archive as it was before its schema changed, while a copy of that is still to be made.
  private let former: Mutex<DatabaseSnapshot?>

  /// Opens the archive, makes it when there is none, and brings its schema up to date.
  ///
  /// Before the schema of an archive with messages is changed, a copy is made and checked.
  ///
  /// - Parameters:
  ///   - path: the database file; its folder must exist. A new file is readable by its owner only.
  ///   - busyTimeout: how long to wait for another process's lock.
  ///   - creating: whether to make it when there is none.
  ///   - skippingVersions: whether the schema may be brought up to date over more than one version.
  ///   - storage: told of what cannot be written.
  ///   - isPatient: whether to wait, until the task is cancelled, for as long as the archive cannot be written for a
  ///     reason that may pass; otherwise that is an error.
  ///   - copiesBehind: whether the copy of a large archive may be made by `copyFormer` afterwards.
  /// - Throws: `ArchiveError.missing` when it is not there and not to be made.
  public static func open(
    at path: String, busyTimeout: Duration = .seconds(5), creating: Bool = true, skippingVersions: Bool = false,
    storage: StorageHealth = StorageHealth(), isPatient: Bool = false, copiesBehind: Bool = false
  ) throws(ArchiveError) -> Archive {
    try open(
      at: path, busyTimeout: busyTimeout, creating: creating, skippingVersions: skippingVersions, storage: storage,
      isPatient: isPatient, copyFirstLimit: copiesBehind ? smallEnoughToCopyFirst : .max)
  }

  /// - Parameter copyFirstLimit: in bytes; the copy of a larger archive is made by `copyFormer` afterwards.
  static func open(
    at path: String, busyTimeout: Duration = .seconds(5), creating: Bool = true, skippingVersions: Bool = false,
    storage: StorageHealth = StorageHealth(), isPatient: Bool = false, copyFirstLimit: Int64
  ) throws(ArchiveError) -> Archive {
    do {
      if !creating, access(path, F_OK) != 0, errno == ENOENT { throw ArchiveError.missing(path: path) }
      try createPrivateFile(at: path)
      return try Archive(
        path: path, busyTimeout: busyTimeout, skippingVersions: skippingVersions, storage: storage,
        patience: isPatient ? StoragePatience() : nil, copyFirstLimit: copyFirstLimit)
    } catch {
      throw ArchiveError(error, path: path)
    }
  }

  private init(
    path: String, busyTimeout: Duration, skippingVersions: Bool, storage: StorageHealth, patience: StoragePatience?,
    copyFirstLimit: Int64
  ) throws {
    self.path = path
    self.storage = storage
    self.patience = patience
    var configuration = Configuration()
    configuration.label = "archive"
    configuration.busyMode = .timeout(busyTimeout / .seconds(1))
    configuration.maximumReaderCount = 2
    configuration.prepareDatabase { db in
      if !db.configuration.readonly { try db.execute(sql: "PRAGMA journal_size_limit = \(Self.logLimit)") }
    }
    try Self.checkLayout(at: path, configuration)
    // The service begins to record whether there is room for a copy or not; `copyFormer` says what is missing.
    let copiesFirst =
      copyFirstLimit == .max
      || DurableFile.size(of: path) <= copyFirstLimit && (try? ArchiveBackup.checkRoom(for: path)) != nil
    let prepared = try Self.prepareUpgrade(at: path, isAsked: skippingVersions, copiesFirst: copiesFirst)
    upgrade = prepared?.upgrade
    try Self.prepareNewFile(at: path, configuration)
    configuration.prepareDatabase { db in
      if !db.configuration.readonly { try Self.beginLog(of: path, db) }
    }
    self.configuration = configuration
    let pool = try DatabasePool(path: path, configuration: configuration)
    let isCopyDue = prepared.map { !$0.isEmpty && $0.upgrade.backup == nil } ?? false
    former = Mutex(isCopyDue ? try pool.makeSnapshot() : nil)
    try ArchiveSchema.migrator.migrate(pool)
    try pool.writeWithoutTransaction { db in try SchemaVersions().stamp(db) }
    connections = Mutex(pool)
  }

  /// Opens an archive that is there for reading only, also while `tgl run` writes to it.
  public static func open(readingFrom path: String) throws(ArchiveError) -> Archive {
    do { return try Archive(readingFrom: path) } catch { throw ArchiveError(error, path: path) }
  }

  private init(readingFrom path: String) throws {
    self.path = path
    storage = StorageHealth()
    patience = nil
    former = Mutex(nil)
    var configuration = Configuration()
    configuration.label = "archive"
    configuration.busyMode = .timeout(5)
    configuration.readonly = true
    guard access(path, F_OK) == 0 || errno != ENOENT else { throw ArchiveError.missing(path: path) }
    try Self.checkLayout(at: path, configuration)
    upgrade = nil
    self.configuration = configuration
    let pool = try DatabasePool(path: path, configuration: configuration)
    connections = Mutex(pool)
    guard try pool.read(ArchiveSchema.migrator.hasCompletedMigrations) else {
      throw ArchiveError.olderSchema(path: path)
    }
  }

  /// Refuses a database that is not ours to change, before anything in it is changed.
  private static func checkLayout(at path: String, _ configuration: Configuration) throws {
    var readOnly = configuration
    readOnly.readonly = true
    let queue = try DatabaseQueue(path: path, configuration: readOnly)
    try queue.read { db in
      if try LegacyTable.isIn(db) { throw ArchiveError.legacyLayout(path: path) }
      try ArchiveSchema.checkIsOurs(db, path: path)
      if try ArchiveSchema.migrator.hasBeenSuperseded(db) {
        let (written, known) = (try SchemaVersions.written(in: db), SchemaVersions().known)
        throw ArchiveError.newerSchema(path: path, version: written.flatMap { $0 > known ? $0 : nil }, known: known)
      }
    }
    try queue.close()
  }

  /// Has a new file keep note of where its pages belong, so that room can be given back to the disk a little at a time.
  ///
  /// That can only be said before anything else is written; `Archive.rebuild` does it for older files.
  private static func prepareNewFile(at path: String, _ configuration: Configuration) throws {
    guard FileStatus(path)?.size == 0 else { return }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.writeWithoutTransaction { db in
      // Another process may have been faster.
      guard try Int.fetchOne(db, sql: "PRAGMA page_count") == 0 else { return }
      try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
    }
    try queue.close()
  }

  /// Makes an archive that waits for the disk wait no more: the program is ending.
  func stopWaiting() { isClosing.store(true, ordering: .relaxed) }

  /// Has an empty log begin with a page that is as it was.
  ///
  /// A pool of GRDB's makes a table and drops it where there is no log. That puts definitions of tables on other pages each
  /// time, and a damaged archive is read by their being where a new one has them.
  private static func beginLog(of path: String, _ db: Database) throws {
    guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal", FileStatus(path + "-wal")?.size ?? 0 == 0
    else { return }
    // Written even when it is the same.
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    try db.execute(sql: "PRAGMA user_version = \(version)")
  }

  /// Writes what is in the log back to the database file, as far as no other process needs it, and closes it; nothing may be
  /// called afterwards.
  public func close() throws(ArchiveError) {
    stopWaiting()
    former.withLock { $0 = nil }
    let pool = pool
    do {
      if !configuration.readonly {
        // Left to itself SQLite does that with the last connection, unless it is one for reading. What cannot be written
        // back now stays in the log, and is not lost.
        try? pool.barrierWriteWithoutTransaction { db in
          try db.execute(sql: "PRAGMA busy_timeout = 0")
          _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
      }
      try pool.close()
    } catch { throw ArchiveError(error, path: path) }
  }

  /// Runs `body` as one transaction: all of it happens, or nothing.
  ///
  /// A started transaction is finished even when the calling task is cancelled.
  ///
  /// - Parameter durably: whether not even a power cut may take the transaction once this returns.
  func write<T: Sendable>(
    durably: Bool = false, _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(ArchiveError) -> T {
    try await waiting(writes: true) { pool in
      await pool.writing { db in
        var value: T?
        if durably { try db.execute(sql: "PRAGMA synchronous = FULL") }
        defer { if durably { try? db.execute(sql: "PRAGMA synchronous = NORMAL") } }
        try db.inTransaction(.immediate) {
          value = try body(db)
          return .commit
        }
        guard let value else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
        return value
      }
    }
  }

  /// Takes and gives up the write lock: says that a commit could be made now.
  func writeNothing() async throws(ArchiveError) { try await write { _ in } }

  /// Runs what SQLite runs in transactions of its own.
  ///
  /// - Parameter apart: whether nothing is read meanwhile by this process.
  func withoutTransaction(
    apart: Bool = false, _ body: @escaping @Sendable (Database) throws -> Void
  ) async throws(ArchiveError) {
    try await waiting(writes: true) { pool in await pool.writing(apart: apart, body) }
  }

  /// Runs `body` on a snapshot of the database.
  func read<T: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(ArchiveError) -> T {
    try await waiting(writes: false) { pool in await pool.reading(body) }
  }

  // MARK: Waiting

  /// Tries until it is done, or fails for good.
  ///
  /// What is tried again has been rolled back, or changes nothing when it is done twice.
  private func waiting<T: Sendable>(
    writes: Bool, _ body: (DatabasePool) async -> Result<T, any Error>
  ) async throws(ArchiveError) -> T {
    var attempt = 0
    while true {
      let pool = pool
      switch await body(pool) {
      case .success(let value):
        if writes { storage.succeeded(at: path) }
        return value
      case .failure(let error):
        let told = ArchiveError(error, path: path)
        guard let problem = told.storageProblem else { throw told }
        storage.failed(problem, at: path)
        guard let patience, problem.isTransient else { throw told }
        attempt += 1
        // What waits must not keep the program from ending.
        guard !Task.isCancelled, !isClosing.load(ordering: .relaxed),
          (try? await DiskTurns.pause(for: patience.pause(before: attempt))) != nil
        else { throw told }
        if problem == .readOnly { reopen(instead: pool) }
      }
    }
  }

  /// Opens the database anew: a connection that was opened while the disk was read-only stays so.
  private func reopen(instead old: DatabasePool) {
    connections.withLock { pool in
      guard pool === old, let new = try? DatabasePool(path: path, configuration: configuration) else { return }
      pool = new
    }
  }
}

extension Archive {
  /// Whether a copy of the archive as it was before its schema changed is still to be made.
  var isCopyDue: Bool { former.withLock { $0 != nil } }

  /// Copies the archive as it was before its schema changed, while it is in use; does nothing when no copy is due.
  ///
  /// What cannot be copied is logged: the way back without a copy stands in docs/operations.md, "Upgrade".
  func copyFormer(logger: Logger) async {
    guard let former = former.withLock({ $0 }) else { return }
    let isCancelled = Atomic(false)
    await withTaskCancellationHandler {
      let path = path
      logger.notice("copying the archive as it was before its schema changed", metadata: ["path": "\(path)"])
      do {
        let copy = try await NIOThreadPool.singleton.runIfActive {
          try ArchiveBackup.make(of: former, at: path, logger: logger) { isCancelled.load(ordering: .relaxed) }
        }
        logger.notice("archive copied", metadata: ["copy": "\(copy.path)", "bytes": "\(copy.size)"])
      } catch is CancellationError {
        logger.warning("archive copy given up: tgl is stopping", metadata: ["path": "\(path)"])
      } catch {
        logger.error("archive not copied before its schema changed", metadata: ["error": "\(error)"])
      }
    } onCancel: {
      isCancelled.store(true, ordering: .relaxed)
    }
    self.former.withLock { $0 = nil }
  }

  /// Runs `body` on one moment of the archive, however long it takes, on a thread that may wait.
  func snapshot<T: Sendable>(_ body: @escaping @Sendable (ArchiveSnapshot) throws -> T) async throws -> T {
    let result = await pool.reading { db in try body(ArchiveSnapshot(db: db)) }
    do { return try result.get() } catch let error as DatabaseError { throw ArchiveError(error, path: path) }
  }
}

/// Makes the database's file when there is none; SQLite gives its `-wal` and `-shm` files the same mode.
private func createPrivateFile(at path: String) throws(ArchiveError) {
  let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { throw ArchiveError(errno: errno, path: path) }
  _ = close(descriptor)
}
