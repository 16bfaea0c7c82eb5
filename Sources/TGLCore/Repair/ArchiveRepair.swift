import Foundation
import GRDB
public import Logging
import NIOPosix

/// `tgl migrate --repair`: makes a sound archive out of a damaged one and the newest sound backup.
///
/// The new one is built beside the old one and is complete under a name of its own (`….repaired`) before anything is put
/// aside, so that whoever comes after a process that was killed knows what was meant: until then, nothing has happened;
/// from then on, `finish` goes on.
public struct ArchiveRepair: Sendable {
  /// What it came to, or would.
  public struct Report: Sendable, Codable {
    public enum Session: String, Sendable, Codable {
      case none, sound, restored
      /// Damaged, and no backup holds it: somebody has to sign in again.
      case lost
    }

    public var archive: String
    public var isDryRun = false
    /// What was wrong with the archive; nil when it was sound.
    public var damage: String?
    /// The backup that was built on.
    public var backup: String?
    /// Rows, and where they come from, by table.
    public var tables: [String: Table] = [:]
    /// Messages in the archive that came of it, and how many of them the backup had.
    public var messages = 0
    public var messagesOfBackup = 0
    /// Where the damaged files are now.
    public var aside: [String] = []
    public var session = Session.sound

    public struct Table: Sendable, Codable, Hashable {
      /// Rows that could be read of the damaged archive.
      public var read: Int
      /// Those of them that the backup had not, or not as new.
      public var taken: Int
      /// Places where rows could not be read.
      public var gaps: Int
    }

    enum CodingKeys: String, CodingKey {
      case archive, damage, backup, tables, messages, aside, session
      case isDryRun = "dry_run"
      case messagesOfBackup = "messages_of_backup"
    }
  }

  let root: DataRoot
  /// A backup to build on, or a folder of backups; nil for those of the data directory.
  let folder: String?
  let logger: Logger

  public init(root: DataRoot, from folder: String? = nil, logger: Logger) {
    self.root = root
    self.folder = folder
    self.logger = logger
  }

  /// Repairs what is damaged.
  ///
  /// The caller holds the `InstanceLock`, except for a dry run.
  /// - Throws: `ArchiveError.corrupt` when nothing can be had from anywhere; `BackupError`, `ArchiveError`. Nothing has
  ///   changed then.
  public func run(isDryRun: Bool = false) async throws -> Report {
    if !isDryRun { try Self.finish(root) }
    removeUnfinished()
    defer { removeUnfinished() }
    var report = Report(archive: root.archiveFile)
    report.isDryRun = isDryRun
    let backups = try await onThread { try sources() }
    let isThere = DurableFile.size(of: root.archiveFile) > 0
    report.damage = try await onThread { isThere ? damage(of: root.archiveFile) : "there is none" }
    if report.damage != nil {
      if !isThere, backups.isEmpty { throw ArchiveError.missing(path: root.archiveFile) }
      report = try await rebuild(report, backups)
    }
    report.session = try await onThread { try repairSession(backups) }
    if isDryRun { return report }
    for path in [root.archiveFile, root.sessionFile] where access(path + Self.unfinished, F_OK) == 0 {
      try DurableFile.rename(path + Self.unfinished, to: path + Self.complete)
    }
    report.aside = try Self.finish(root)
    return report
  }

  // MARK: Putting in place

  private static let unfinished = ".repair"
  private static let complete = ".repaired"
  /// A copy of the damaged archive, to read it.
  private static let readable = ".readable"

  /// Gives files that are repaired their place, and puts the damaged ones aside; does nothing when there are none.
  ///
  /// It may be cut off anywhere and done again.
  /// - Returns: where the damaged files are.
  @discardableResult
  static func finish(_ root: DataRoot) throws(ArchiveError) -> [String] {
    var aside: [String] = []
    for path in [root.archiveFile, root.sessionFile] {
      guard let status = FileStatus(path + complete) else { continue }
      let folder = DurableFile.folder(of: path) + "/damaged"
      try DurableFile.makeFolder(folder)
      // The time of the repair, not of this moment: the parts of one database keep one name.
      let time = FileTime.text(Date(timeIntervalSince1970: TimeInterval(status.modifiedAt)))
      let name = (path as NSString).lastPathComponent
      // A log that stayed behind would be taken for the new database's.
      for suffix in ["-wal", "-journal", "-shm", ""] where access(path + suffix, F_OK) == 0 {
        let target = "\(folder)/\(time)-\(name)\(suffix)"
        try DurableFile.rename(path + suffix, to: target)
        if suffix.isEmpty { aside.append(target) }
      }
      try DurableFile.sync(DurableFile.folder(of: path))
      try DurableFile.rename(path + complete, to: path)
    }
    return aside
  }

  private func removeUnfinished() {
    for path in [
      root.archiveFile + Self.unfinished, root.archiveFile + Self.readable, root.sessionFile + Self.unfinished,
    ] {
      for suffix in ["", "-journal", "-wal", "-shm"] { unlink(path + suffix) }
    }
  }

  // MARK: Finding

  /// A sound backup.
  private struct Source {
    var path: String
    var archive: String
    var session: String?
  }

  /// The backups that may be built on, the newest first.
  private func sources() throws -> [Source] {
    guard let folder else {
      let folders = DataBackup.all(in: root.backups).map(source)
      let copies = ArchiveBackup.all(of: root.archiveFile).filter {
        !($0.path as NSString).lastPathComponent.hasPrefix(ArchiveBackup.pythonPrefix)
      }.map { Source(path: $0.path, archive: $0.path, session: nil) }
      return (folders + copies).sorted { modified($0.archive) > modified($1.archive) }
    }
    if access("\(folder)/\(BackupManifest.name)", F_OK) == 0 {
      try BackupVerification.check(folder)
      return [source(folder)]
    }
    let found = DataBackup.all(in: folder)
    guard !found.isEmpty else { throw BackupError.notABackup(path: folder, reason: "there is none in it") }
    return found.map(source)
  }

  private func source(_ folder: String) -> Source {
    let session = "\(folder)/\(BackupManifest.session)"
    return Source(
      path: folder, archive: "\(folder)/\(BackupManifest.archive)",
      session: access(session, F_OK) == 0 ? session : nil)
  }

  /// In seconds since 1970.
  private func modified(_ path: String) -> Int64 { FileStatus(path)?.modifiedAt ?? 0 }

  /// What is wrong with a database; nil when it is sound.
  private func damage(of path: String) -> String? {
    do throws(ArchiveError) {
      let queue = try ReadOnlyDatabase.open(path, isShared: true)
      do {
        defer { try? queue.close() }
        try queue.read { db in try DatabaseCopy.check(db, path: path) }
      } catch { throw ArchiveError(error, path: path) }
      return nil
    } catch {
      if case .corrupt(_, let detail) = error { return detail }
      return "\(error)"
    }
  }

  private func isSound(_ path: String) -> Bool { damage(of: path) == nil }

  // MARK: The archive

  private func rebuild(_ report: Report, _ backups: [Source]) async throws -> Report {
    var report = report
    let target = root.archiveFile + Self.unfinished
    let (backup, archive) = try await onThread {
      let backup = backups.first { isSound($0.archive) }
      if let backup {
        let queue = try ReadOnlyDatabase.open(backup.archive)
        try DatabaseCopy.make(of: queue, to: target)
        try queue.close()
      }
      return (backup?.path, try Archive.open(at: target, skippingVersions: true))
    }
    report.backup = backup
    do {
      report.messagesOfBackup = try await messages(archive)
      report.tables = try await salvage(into: archive)
      report.messages = try await messages(archive)
      guard backup != nil || report.tables.values.contains(where: { $0.read > 0 }) else {
        throw ArchiveError.corrupt(
          path: root.archiveFile, detail: "nothing of it can be read, and there is no backup")
      }
      try await SearchBacklog(archive: archive, isAlone: true, logger: logger).run()
      try await archive.withoutTransaction { db in _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
      try archive.close()
    } catch {
      try? archive.close()
      throw error
    }
    try await onThread {
      for suffix in ["-wal", "-shm"] { unlink(target + suffix) }
      try DatabaseCopy.verify(target)
      try DurableFile.sync(target)
    }
    return report
  }

  private func messages(_ archive: Archive) async throws -> Int {
    try await archive.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM message") ?? 0 }
  }

  private func salvage(into archive: Archive) async throws -> [String: Report.Table] {
    let queue: DatabaseQueue
    do throws(ArchiveError) { queue = try ReadOnlyDatabase.open(root.archiveFile, isShared: true) } catch {
      // Not even what tables there are can be read.
      let copy = root.archiveFile + Self.readable
      guard try await onThread({ try SchemaSalvage.copy(root.archiveFile, to: copy) }) else { return [:] }
      do throws(ArchiveError) { queue = try ReadOnlyDatabase.open(copy, isShared: true) } catch { return [:] }
    }
    let found = try await onThread {
      // Not in a transaction, whose end would fail for the damage.
      try queue.unsafeRead { source in
        try archive.pool.writeWithoutTransaction { target in try ArchiveSalvage.run(source, into: target) }
      }
    }
    try? queue.close()
    return found.mapValues { Report.Table(read: $0.read, taken: $0.taken, gaps: $0.gaps) }
  }

  // MARK: The session

  private func repairSession(_ backups: [Source]) throws -> Report.Session {
    guard DurableFile.size(of: root.sessionFile) > 0 else { return .none }
    if isSound(root.sessionFile) { return .sound }
    guard let session = backups.lazy.compactMap(\.session).first(where: isSound) else { return .lost }
    let queue = try ReadOnlyDatabase.open(session)
    try DatabaseCopy.make(of: queue, to: root.sessionFile + Self.unfinished)
    try queue.close()
    try DurableFile.sync(root.sessionFile + Self.unfinished)
    return .restored
  }

  private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await NIOThreadPool.singleton.runIfActive(body)
  }
}
