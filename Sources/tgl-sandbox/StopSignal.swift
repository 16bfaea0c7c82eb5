@preconcurrency import Dispatch
import Foundation

/// SIGTERM and SIGINT.
struct StopSignal: Sendable {
  private let signals: AsyncStream<Void>

  /// Takes the signals over; from when this returns none is lost.
  static func install() async -> StopSignal {
    let (signals, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingOldest(1))
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { continuation.yield() }
      await withCheckedContinuation { registered in
        source.setRegistrationHandler { registered.resume() }
        source.resume()
      }
      // The handler keeps the source alive, which is wanted until the process ends.
      continuation.onTermination = { [previous = continuation.onTermination] reason in
        source.cancel()
        previous?(reason)
      }
    }
    return StopSignal(signals: signals)
  }

  /// Returns at the first signal, or when cancelled.
  func wait() async {
    for await _ in signals { return }
  }
}
