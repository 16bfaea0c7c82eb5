@preconcurrency import Dispatch
import Foundation

/// SIGTERM and SIGINT.
enum StopSignal {
  /// Returns at the first of them, or when cancelled.
  static func wait() async {
    let signals = AsyncStream<Void> { continuation in
      let sources = [SIGTERM, SIGINT].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { continuation.yield() }
        source.resume()
        return source
      }
      continuation.onTermination = { _ in for source in sources { source.cancel() } }
    }
    for await _ in signals { return }
  }
}
