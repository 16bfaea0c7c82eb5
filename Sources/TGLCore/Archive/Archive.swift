import Foundation
import GRDB

/// Everything the service has seen and still has to say, in one SQLite database; the only writer to it.
///
/// `synchronous` is NORMAL, which in WAL mode may lose the last transactions to a power cut (never to a crash of this
/// process) but cannot damage the file. That is safe for what comes from Telegram: the state of the update sequences
/// commits with the updates it covers, so a lost tail is a tail that is asked for again. It is safe for the outbox
/// too: the `random_id` of a post comes of what it tells (`NoticeIdentity`), so a row that was lost and is written again
/// is known to the server when it was posted.
public final class Archive: Sendable {
  /// Where the database is.
  public let path: String
  let pool: DatabasePool
  /// What opening it changed; nil when it was up to date, or new.
  public let upgrade: ArchiveUpgrade?

  /// Opens the archive, makes it when there is none, and brings its schema up to date.
  ///
  /// Before the schema of an archive with messages is changed, a backup is made and checked.
  ///
  /// - Parameters:
  ///   - path: the database file; its folder must exist. A new file is readable by its owner only.
  ///   - busyTimeout: how long to wait for another process's lock.
  ///   - creating: whether to make it when there is none.
  ///   - skippingVersions: whether the schema may be brought up to date over more than one version.
  /// - Throws: `ArchiveError.missing` when it is not there and not to be made.
  public static func open(
    at path: String, busyTimeout: Duration = .seconds(5), creating: Bool = true, skippingVersions: Bool = false
  ) throws(ArchiveError) -> Archive {
    do {
      if !creating, access(path, F_OK) != 0, errno == ENOENT { throw ArchiveError.missing(path: path) }
      try createPrivateFile(at: path)
      return try Archive(path: path, busyTimeout: busyTimeout, skippingVersions: skippingVersions)
    } catch {
      throw ArchiveError(error, path: path)
    }
  }

  private init(path: String, busyTimeout: Duration, skippingVersions: Bool) throws {
    self.path = path
    var configuration = Configuration()
    configuration.label = "archive"
    configuration.busyMode = .timeout(busyTimeout / .seconds(1))
    configuration.maximumReaderCount = 2
    try Self.checkLayout(at: path, configuration)
    upgrade = try Self.prepareUpgrade(at: path, isAsked: skippingVersions)
    try Self.prepareNewFile(at: path, configuration)
    pool = try DatabasePool(path: path, configuration: configuration)
    try ArchiveSchema.migrator.migrate(pool)
  }

  /// Opens an archive that is there for reading only, also while `tgl run` writes to it.
  public static func open(readingFrom path: String) throws(ArchiveError) -> Archive {
    do { return try Archive(readingFrom: path) } catch { throw ArchiveError(error, path: path) }
  }

  private init(readingFrom path: String) throws {
    self.path = path
    var configuration = Configuration()
    configuration.label = "archive"
    configuration.busyMode = .timeout(5)
    configuration.readonly = true
    guard access(path, F_OK) == 0 || errno != ENOENT else { throw ArchiveError.missing(path: path) }
    try Self.checkLayout(at: path, configuration)
    upgrade = nil
    pool = try DatabasePool(path: path, configuration: configuration)
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
      if try ArchiveSchema.migrator.hasBeenSuperseded(db) { throw ArchiveError.newerSchema(path: path) }
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

  /// Writes what is in the log back to the database file and closes it; nothing may be called afterwards.
  public func close() throws(ArchiveError) {
    do { try pool.close() } catch { throw ArchiveError(error, path: path) }
  }

  /// Runs `body` as one transaction: all of it happens, or nothing.
  ///
  /// A started transaction is finished even when the calling task is cancelled.
  ///
  /// - Parameter durably: whether not even a power cut may take the transaction once this returns.
  func write<T: Sendable>(
    durably: Bool = false, _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(ArchiveError) -> T {
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      pool.asyncWriteWithoutTransaction { db in
        continuation.resume(
          returning: Result {
            var value: T?
            if durably { try db.execute(sql: "PRAGMA synchronous = FULL") }
            defer { if durably { try? db.execute(sql: "PRAGMA synchronous = NORMAL") } }
            try db.inTransaction(.immediate) {
              value = try body(db)
              return .commit
            }
            guard let value else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
            return value
          })
      }
    }
    do { return try result.get() } catch { throw ArchiveError(error, path: path) }
  }

  /// Takes and gives up the write lock: says that a commit could be made now.
  func writeNothing() async throws(ArchiveError) { try await write { _ in } }

  /// Runs what SQLite runs in transactions of its own.
  func withoutTransaction(_ body: @escaping @Sendable (Database) throws -> Void) async throws(ArchiveError) {
    let result: Result<Void, any Error> = await withCheckedContinuation { continuation in
      pool.asyncWriteWithoutTransaction { db in continuation.resume(returning: Result { try body(db) }) }
    }
    do { try result.get() } catch { throw ArchiveError(error, path: path) }
  }

  /// Runs `body` on a snapshot of the database.
  func read<T: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(ArchiveError) -> T {
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      pool.asyncRead { db in
        continuation.resume(returning: Result { try body(db.get()) })
      }
    }
    do { return try result.get() } catch { throw ArchiveError(error, path: path) }
  }
}

extension Archive {
  /// Runs `body` on one moment of the archive, however long it takes, on a thread that may wait.
  func snapshot<T: Sendable>(_ body: @escaping @Sendable (ArchiveSnapshot) throws -> T) async throws -> T {
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      pool.asyncRead { db in
        continuation.resume(returning: Result { try body(ArchiveSnapshot(db: db.get())) })
      }
    }
    do { return try result.get() } catch let error as DatabaseError { throw ArchiveError(error, path: path) }
  }
}

/// Makes the database's file when there is none; SQLite gives its `-wal` and `-shm` files the same mode.
private func createPrivateFile(at path: String) throws(ArchiveError) {
  let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else {
    throw .inaccessible(path: path, detail: String(cString: strerror(errno)))
  }
  _ = close(descriptor)
}
