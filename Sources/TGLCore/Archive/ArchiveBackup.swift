import Foundation
import GRDB
import Logging

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
  /// - Parameter path: of the database, for its folder and for errors.
  /// - Throws: `ArchiveError`; nothing is left then.
  static func make(
    of source: DatabaseQueue, at path: String, prefix: String = prefix, now: Date = Date()
  ) throws(ArchiveError) -> ArchiveBackup {
    do {
      return try make(of: source, at: path, prefix: prefix, now: now) { try DatabaseCopy.make(of: source, to: $0) }
    } catch { throw ArchiveError(error, path: path) }
  }

  /// Copies what a snapshot shows while others write to the database, and checks the copy.
  ///
  /// - Parameters:
  ///   - path: of the database, for its folder and for errors.
  ///   - isCancelled: asked now and then whether to give up.
  /// - Throws: `ArchiveError`, `CancellationError`; nothing is left then.
  static func make(
    of snapshot: DatabaseSnapshot, at path: String, logger: Logger, isCancelled: @escaping () -> Bool
  ) throws -> ArchiveBackup {
    var logged = ContinuousClock.now
    return try make(of: snapshot, at: path, prefix: prefix, now: Date()) { partial in
      try DatabaseCopy.make(of: snapshot, to: partial) { share in
        if isCancelled() { throw CancellationError() }
        guard ContinuousClock.now - logged > .seconds(10) else { return }
        logged = .now
        logger.info("archive copy under way", metadata: ["percent": "\(Int(share * 100))"])
      }
    }
  }

  private static func make(
    of source: some DatabaseReader, at path: String, prefix: String, now: Date, copy: (String) throws -> Void
  ) throws -> ArchiveBackup {
    let folder = folder(of: path)
    try DurableFile.makeFolder(folder)
    removePartial(in: folder)
    try checkRoom(for: path)
    let target = freeName(in: folder, prefix: prefix, now)
    let partial = target + partialSuffix
    defer { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(partial + suffix) } }
    try copy(partial)
    // What is copied does not change meanwhile: it is locked, or a snapshot.
    let rows = try source.read(DatabaseCopy.counts)
    guard try DatabaseCopy.verify(partial) == rows else {
      throw ArchiveError.failed(path: target, detail: "the copy has other rows")
    }
    try DurableFile.sync(partial)
    try DurableFile.rename(partial, to: target)
    if prefix == Self.prefix { removeOld(in: folder) }
    return ArchiveBackup(path: target, size: DurableFile.size(of: target))
  }

  private static let partialSuffix = ".part"

  /// Removes what copies that were cut off have left.
  private static func removePartial(in folder: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.contains(".db" + partialSuffix) { unlink("\(folder)/\(name)") }
  }

  /// - Throws: `ArchiveError.noRoom` when a copy of the database would not fit, with some MiB to spare.
  static func checkRoom(for path: String) throws(ArchiveError) {
    let needed = DurableFile.size(of: path) + DurableFile.size(of: path + "-wal") + 16 << 20
    let home = DurableFile.folder(of: path)
    guard let free = MediaStore.freeBytes(at: home), free < needed else { return }
    throw .noRoom(path: home, needed: needed, free: free)
  }

  /// All copies in a folder, the newest first.
  static func all(of path: String) -> [ArchiveBackup] {
    let folder = folder(of: path)
    return names(in: folder).reversed().map { name in
      ArchiveBackup(path: "\(folder)/\(name)", size: DurableFile.size(of: "\(folder)/\(name)"))
    }
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
    var now = now
    while true {
      let path = "\(folder)/\(prefix)\(FileTime.text(now)).db"
      if access(path, F_OK) != 0 { return path }
      now += 1
    }
  }
}
