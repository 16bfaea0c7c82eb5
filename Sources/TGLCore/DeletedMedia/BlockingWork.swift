import NIOPosix
import Synchronization

/// Work that waits for the disk, off the cooperative threads and the event loops.
enum BlockingWork {
  /// Asked between two steps of the work.
  final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .relaxed) }

    func cancel() { flag.store(true, ordering: .relaxed) }

    func check() throws(EncryptedFileError) {
      if isCancelled { throw .cancelled }
    }
  }

  /// Runs `body` on a thread that may wait; when the task is cancelled, `body` is told.
  static func run<T: Sendable>(
    on pool: NIOThreadPool = .singleton,
    _ body: @escaping @Sendable (Cancellation) throws(EncryptedFileError) -> T
  ) async throws(EncryptedFileError) -> T {
    let cancellation = Cancellation()
    let result: Result<T, EncryptedFileError> = await withTaskCancellationHandler {
      do {
        return try await DiskTurns.run(on: pool) {
          do throws(EncryptedFileError) { return .success(try body(cancellation)) } catch { return .failure(error) }
        }
      } catch {
        // Only this keeps the pool of the process from running something.
        return .failure(.cancelled)
      }
    } onCancel: {
      cancellation.cancel()
    }
    return try result.get()
  }
}
