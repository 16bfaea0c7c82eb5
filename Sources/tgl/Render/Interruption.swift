import Dispatch
import Foundation

/// Ends a command in order when it is interrupted: what it has begun is taken back, and it exits 130.
enum Interruption {
  /// Runs `body`, and cancels it at SIGINT or SIGTERM; a second signal ends the process at once.
  static func cancels<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let task = Task { try await body() }
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        signal(number, SIG_DFL)
        task.cancel()
      }
      source.resume()
      return source
    }
    defer { sources.forEach { $0.cancel() } }
    return try await task.value
  }
}
