import Dispatch
import Foundation
import GRDB
import Logging
import Synchronization

/// Looks for damage before the service begins to write.
///
/// A process that ends, however it ends, cannot damage a database; a machine that does can, when its disk reports what it
/// has not done. So the whole file is read only after a run that did not end in order, and for a limited time.
enum StartCheck {
  /// What came of it.
  enum Outcome: Sendable, Hashable {
    /// The last run ended in order.
    case notNeeded
    case sound
    /// There was not time enough to read all of it.
    case unfinished
  }

  /// How long the service may be kept waiting.
  static let limit = Duration.seconds(30)

  /// Checks the archive when the last run has left its mark, and leaves one.
  ///
  /// - Throws: `ArchiveError.corrupt`.
  static func run(_ root: DataRoot, limit: Duration = limit, logger: Logger) throws(ArchiveError) -> Outcome {
    let outcome = access(root.runningMark, F_OK) == 0 ? try check(root.archiveFile, limit: limit) : .notNeeded
    switch outcome {
    case .notNeeded: break
    case .sound:
      logger.info("the last run was cut off; the archive is sound", metadata: ["path": "\(root.archiveFile)"])
    case .unfinished:
      logger.notice(
        "the last run was cut off; no damage found so far, and the archive is too large to look through at every start",
        metadata: ["path": "\(root.archiveFile)", "seconds": "\(limit.components.seconds)"])
    }
    let descriptor = open(root.runningMark, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ArchiveError(errno: errno, path: root.runningMark) }
    close(descriptor)
    return outcome
  }

  /// Says that the run has ended in order.
  static func ended(_ root: DataRoot) { unlink(root.runningMark) }

  /// Source: "PRAGMA quick_check", sqlite.org/pragma.html: everything but whether indexes match their tables.
  static func check(_ path: String, limit: Duration) throws(ArchiveError) -> Outcome {
    guard DurableFile.size(of: path) > 0 else { return .sound }
    let queue = try ReadOnlyDatabase.open(path, isShared: true)
    let timeIsUp = Mutex(false)
    let alarm = DispatchSource.makeTimerSource(queue: .global())
    alarm.schedule(deadline: .now() + .milliseconds(Int(limit / .milliseconds(1))))
    alarm.setEventHandler {
      timeIsUp.withLock { $0 = true }
      queue.interrupt()
    }
    alarm.resume()
    defer { alarm.cancel() }
    do {
      let problems = try queue.read { db in try String.fetchAll(db, sql: "PRAGMA quick_check(3)") }
      try queue.close()
      guard problems == ["ok"] else {
        if timeIsUp.withLock(\.self), problems.allSatisfy({ $0.contains("interrupt") }) { return .unfinished }
        throw ArchiveError.corrupt(path: path, detail: DatabaseCopy.inOneLine(problems))
      }
      return .sound
    } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
      return .unfinished
    } catch {
      throw ArchiveError(error, path: path)
    }
  }
}
