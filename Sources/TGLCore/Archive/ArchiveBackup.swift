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
  /// - Parameter path: of the database, for its folder and for errors.
  /// - Throws: `ArchiveError`; nothing is left then.
  static func make(
    of source: DatabaseQueue, at path: String, prefix: String = prefix, now: Date = Date()
  ) throws(ArchiveError) -> ArchiveBackup {
    let folder = folder(of: path)
    try DurableFile.makeFolder(folder)
    let target = freeName(in: folder, prefix: prefix, now)
    let partial = target + ".part"
    defer { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(partial + suffix) } }
    try DatabaseCopy.make(of: source, to: partial)
    do {
      // Nobody writes meanwhile: what is upgraded is locked.
      let rows = try source.read(DatabaseCopy.counts)
      guard try DatabaseCopy.verify(partial) == rows else {
        throw ArchiveError.failed(path: target, detail: "the copy has other rows")
      }
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
