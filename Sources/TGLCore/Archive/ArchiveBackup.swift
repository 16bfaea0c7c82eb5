import Foundation
import GRDB

/// A copy of a database, made before it is changed and checked before it is relied on.
public struct ArchiveBackup: Sendable, Hashable, Codable {
  public var path: String
  /// In bytes.
  public var size: Int64

  /// Copies of our own archive that are kept; those of the Python service's are never removed.
  static let kept = 3
  static let prefix = "messages-"
  static let pythonPrefix = "python-messages-"

  /// Where the copies of the database at `path` are.
  static func folder(of path: String) -> String {
    DurableFile.folder(of: path) + "/backups"
  }

  /// Copies what `source` holds, as of one moment, and checks the copy.
  ///
  /// Source: "VACUUM INTO", sqlite.org/lang_vacuum.html; "PRAGMA integrity_check", sqlite.org/pragma.html.
  /// - Parameter path: of the database, for its folder and for errors.
  /// - Throws: `ArchiveError`; nothing is left then.
  static func make(
    of source: DatabaseQueue, at path: String, prefix: String = prefix, now: Date = Date()
  ) throws(ArchiveError) -> ArchiveBackup {
    let folder = folder(of: path)
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .inaccessible(path: folder, detail: (error as NSError).localizedDescription)
    }
    let target = freeName(in: folder, prefix: prefix, now)
    let partial = target + ".part"
    defer { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(partial + suffix) } }
    unlink(partial)
    // SQLite takes an empty file for none, and this one is its owner's alone.
    guard FileManager.default.createFile(atPath: partial, contents: nil, attributes: [.posixPermissions: 0o600]) else {
      throw .inaccessible(path: partial, detail: String(cString: strerror(errno)))
    }
    do {
      try source.inDatabase { db in try db.execute(sql: "VACUUM INTO ?", arguments: [partial]) }
      let rows = try source.read(counts)
      let copy = try ReadOnlyDatabase.open(partial)
      let copied = try copy.read { db in
        try check(db, path: partial)
        return try counts(db)
      }
      try copy.close()
      guard copied == rows else { throw ArchiveError.failed(path: target, detail: "the copy has other rows") }
    } catch {
      throw ArchiveError(error, path: path)
    }
    try DurableFile.sync(partial)
    try DurableFile.rename(partial, to: target)
    if prefix == Self.prefix { removeOld(in: folder) }
    return ArchiveBackup(path: target, size: DurableFile.size(of: target))
  }

  /// All copies in a folder, the newest first.
  static func all(of path: String) -> [ArchiveBackup] {
    let folder = folder(of: path)
    return names(in: folder).reversed().map { name in
      ArchiveBackup(path: "\(folder)/\(name)", size: DurableFile.size(of: "\(folder)/\(name)"))
    }
  }

  /// - Throws: `ArchiveError.corrupt`.
  static func check(_ db: Database, path: String) throws {
    let problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(5)")
    guard problems == ["ok"] else {
      throw ArchiveError.corrupt(path: path, detail: problems.joined(separator: "; "))
    }
  }

  /// Rows of every table, by its name.
  private static func counts(_ db: Database) throws -> [String: Int] {
    let tables = try String.fetchAll(
      db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite_%'")
    var counts: [String: Int] = [:]
    for table in tables {
      counts[table] = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table.quotedDatabaseIdentifier)")
    }
    return counts
  }

  private static func names(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter {
      ($0.hasPrefix(prefix) || $0.hasPrefix(pythonPrefix)) && $0.hasSuffix(".db")
    }.sorted { ($0.suffix(21), $0) < ($1.suffix(21), $1) }
  }

  private static func removeOld(in folder: String) {
    for name in names(in: folder).filter({ $0.hasPrefix(prefix) }).dropLast(kept) { unlink("\(folder)/\(name)") }
  }

  /// A name with the time in UTC, so that names sort by age.
  private static func freeName(in folder: String, prefix: String, _ now: Date) -> String {
    var seconds = time_t(now.timeIntervalSince1970)
    while true {
      var parts = tm()
      gmtime_r(&seconds, &parts)
      var buffer = [CChar](repeating: 0, count: 32)
      let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H%M%SZ", &parts)
      let time = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let path = "\(folder)/\(prefix)\(time).db"
      if access(path, F_OK) != 0 { return path }
      seconds += 1
    }
  }
}

/// Steps that must outlast a power cut.
enum DurableFile {
  static func sync(_ path: String) throws(ArchiveError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .inaccessible(path: path, detail: SystemReason.last()) }
    defer { close(descriptor) }
    // Some file systems cannot do this for folders, and need not.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw .inaccessible(path: path, detail: SystemReason.last())
    }
  }

  /// Gives a file its name, replacing what has it.
  static func rename(_ path: String, to target: String) throws(ArchiveError) {
    guard Foundation.rename(path, target) == 0 else {
      throw .inaccessible(path: target, detail: SystemReason.last())
    }
    try sync(folder(of: target))
  }

  static func folder(of path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }

  /// In bytes; 0 when there is none.
  static func size(of path: String) -> Int64 {
    FileStatus(path)?.size ?? 0
  }
}
