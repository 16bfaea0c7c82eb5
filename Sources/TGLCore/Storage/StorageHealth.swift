public import Logging
import Synchronization

/// What cannot be written at the moment: whoever writes reports here, whoever tells of the service's health looks here.
///
/// One line goes to the log when a file cannot be written, and one when it can again, however often it was tried.
public final class StorageHealth: Sendable {
  /// A file, or a folder, that cannot be written.
  public struct Trouble: Sendable, Hashable {
    public var path: String
    public var problem: StorageProblem
    /// When it was first noticed, and last; in seconds since 1970.
    public var since: Int64
    public var last: Int64

    /// For a person: what, and why.
    public var reason: String { "\(path): \(problem)" }
  }

  private let troubles = Mutex<[String: Trouble]>([:])
  private let time: ServiceTime
  private let logger: Logger?

  public init(time: ServiceTime = ServiceTime(), logger: Logger? = nil) {
    self.time = time
    self.logger = logger
  }

  /// What is wrong, the longest first; empty when all is well.
  public var current: [Trouble] {
    troubles.withLock { $0.values.sorted { ($0.since, $0.path) < ($1.since, $1.path) } }
  }

  /// Says that `path` could not be written.
  public func failed(_ problem: StorageProblem, at path: String) {
    let now = time.now()
    let isNew = troubles.withLock { troubles in
      let known = troubles[path]
      troubles[path] = Trouble(path: path, problem: problem, since: known?.since ?? now, last: now)
      return known?.problem != problem
    }
    guard isNew else { return }
    logger?.error(
      problem.isTransient ? "cannot be written; waiting until it can" : "cannot be written",
      metadata: ["path": "\(path)", "reason": "\(problem)"])
  }

  /// Says that `path` could be written; called after every write, so it is cheap when nothing was wrong.
  public func succeeded(at path: String) {
    let now = time.now()
    guard let trouble = troubles.withLock({ $0.isEmpty ? nil : $0.removeValue(forKey: path) }) else { return }
    logger?.notice(
      "can be written again", metadata: ["path": "\(path)", "seconds": "\(max(now - trouble.since, 0))"])
  }
}

/// How long to wait between attempts to write what cannot be written.
struct StoragePatience: Sendable {
  var first = Duration.milliseconds(100)
  var longest = Duration.seconds(5)

  /// Before the attempt with this number, from 1.
  func pause(before attempt: Int) -> Duration { min(first * (1 << min(attempt - 1, 16)), longest) }
}
