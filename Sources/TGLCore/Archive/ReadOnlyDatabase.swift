import Foundation
import GRDB

/// Opens databases to look at them without leaving anything beside them.
enum ReadOnlyDatabase {
  /// - Parameter isShared: whether another process may come and write to it meanwhile.
  /// - Throws: `ArchiveError`.
  static func open(
    _ path: String, busyTimeout: Duration = .seconds(5), isShared: Bool = false
  ) throws(ArchiveError) -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.label = "read-only"
    configuration.busyMode = .timeout(busyTimeout / .seconds(1))
    do {
      // A database in WAL mode that nobody has open would get a log for being read, which only a writer removes again.
      if !isShared, isWAL(path), access(path + "-wal", F_OK) != 0, let uri = immutable(path) {
        if let queue = try? DatabaseQueue(path: uri, configuration: configuration),
          (try? queue.read({ db in try db.tableExists("sqlite_master") })) != nil
        {
          return queue
        }
      }
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      // A damaged file is noticed here, not at the first use.
      _ = try queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") }
      return queue
    } catch {
      throw ArchiveError(error, path: path)
    }
  }

  /// Source: "Database File Format", sqlite.org/fileformat.html, 1.3.3.
  private static func isWAL(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path), let header = try? file.read(upToCount: 20) else {
      return false
    }
    return header.count == 20 && header[18] == 2
  }

  /// Source: "Uniform Resource Identifiers", sqlite.org/uri.html.
  private static func immutable(_ path: String) -> String? {
    let absolute = URL(fileURLWithPath: path).path
    return absolute.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed).map { "file:\($0)?immutable=1" }
  }
}
