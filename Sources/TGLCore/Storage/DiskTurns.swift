import GRDB
import NIOPosix

/// Who decides when work that waits for a disk is done, and how long a task pauses before it tries again.
///
/// The program leaves it to threads that may wait and to the monotonic clock (`current` is nil). The simulation sets
/// `current` for all tasks of a process: each piece of work then waits for its turn, and is done in place, on the thread
/// of the task. So its order depends on nothing but the seed.
struct DiskTurns: Sendable {
  @TaskLocal static var current: DiskTurns?

  /// Returns when the calling task may use the disk; `writes` says whether it is going to change the archive.
  ///
  /// - Throws: what the work then ends with: the process is gone.
  var turn: @Sendable (_ writes: Bool) async throws -> Void
  /// - Throws: `CancellationError`.
  var sleep: @Sendable (Duration) async throws -> Void

  /// Suspends the task.
  ///
  /// - Throws: `CancellationError`.
  static func pause(for duration: Duration) async throws {
    if let current { try await current.sleep(duration) } else { try await Task.sleep(for: duration) }
  }

  /// Runs `body` on a thread that may wait.
  ///
  /// - Throws: what `body` throws, and what keeps the pool from running anything.
  static func run<T: Sendable>(
    on pool: NIOThreadPool = .singleton, _ body: @escaping @Sendable () throws -> T
  ) async throws -> T {
    guard let current else { return try await pool.runIfActive(body) }
    try await current.turn(false)
    return try body()
  }
}

extension DatabasePool {
  /// Runs `body` with the connection that writes, outside of any transaction.
  ///
  /// It is run even when the calling task is cancelled.
  ///
  /// - Parameter apart: whether nothing is read meanwhile by this process.
  func writing<T: Sendable>(
    apart: Bool = false, _ body: @escaping @Sendable (Database) throws -> T
  ) async -> Result<T, any Error> {
    if let turns = DiskTurns.current {
      do { try await turns.turn(true) } catch { return .failure(error) }
      return writingNow(body)
    }
    return await withCheckedContinuation { continuation in
      if apart {
        asyncBarrierWriteWithoutTransaction { db in continuation.resume(returning: Result { try body(db.get()) }) }
      } else {
        asyncWriteWithoutTransaction { db in continuation.resume(returning: Result { try body(db) }) }
      }
    }
  }

  /// Runs `body` on a snapshot of the database.
  func reading<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async -> Result<T, any Error> {
    if let turns = DiskTurns.current {
      do { try await turns.turn(false) } catch { return .failure(error) }
      return readingNow(body)
    }
    return await withCheckedContinuation { continuation in
      asyncRead { db in continuation.resume(returning: Result { try body(db.get()) }) }
    }
  }

  private func writingNow<T>(_ body: (Database) throws -> T) -> Result<T, any Error> {
    Result { try writeWithoutTransaction(body) }
  }

  private func readingNow<T>(_ body: (Database) throws -> T) -> Result<T, any Error> { Result { try read(body) } }
}
