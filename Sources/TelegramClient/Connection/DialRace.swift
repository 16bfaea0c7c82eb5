import Glibc
import NIOCore
import NIOPosix

/// Tries a data centre's addresses one after the other, each a little after the last, and keeps the first that answers.
///
/// Source: RFC 8305, "Happy Eyeballs Version 2", section 5.
struct DialRace: Sendable {
  let dialer: any Dialer
  let loop: any EventLoop
  let clock: any Clock<Duration>
  let timeout: Duration
  /// How long an attempt runs alone before the next one starts beside it.
  var stagger: Duration = .milliseconds(250)

  /// Every address failed.
  struct AllFailed: Error, CustomStringConvertible {
    let failures: [(Endpoint, any Error)]
    var description: String {
      failures.isEmpty
        ? "no address of it is known"
        : failures.map { "\($0.0): \(describe($0.1))" }.joined(separator: "; ")
    }
  }

  private enum Outcome: Sendable {
    case connected(any Channel, Endpoint)
    case failed(Endpoint, any Error)
    case staggered(Int)
  }

  func connect(
    _ endpoints: [Endpoint], initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws -> (any Channel, Endpoint) {
    try await withThrowingTaskGroup(of: Outcome.self) { group in
      var failures: [(Endpoint, any Error)] = []
      var started = 0

      func startNext() {
        guard started < endpoints.count else { return }
        let endpoint = endpoints[started]
        started += 1
        let turn = started
        group.addTask {
          do {
            let channel = try await dialer.dial(endpoint, timeout: timeout, on: loop, initializer: initializer)
            return .connected(channel, endpoint)
          } catch {
            return .failed(endpoint, error)
          }
        }
        guard turn < endpoints.count else { return }
        group.addTask {
          try? await clock.sleep(for: stagger)
          return .staggered(turn)
        }
      }

      startNext()
      while failures.count < endpoints.count, let outcome = try await group.next() {
        switch outcome {
        case .connected(let channel, let endpoint):
          group.cancelAll()
          await closeLosers(of: &group)
          if Task.isCancelled {
            channel.close(promise: nil)
            throw CancellationError()
          }
          return (channel, endpoint)
        case .failed(let endpoint, let error):
          failures.append((endpoint, error))
          if failures.count == started { startNext() }
        case .staggered(let turn):
          if turn == started, !Task.isCancelled { startNext() }
        }
      }
      group.cancelAll()
      try Task.checkCancellation()
      throw AllFailed(failures: failures)
    }
  }

  /// An attempt may have succeeded before the cancellation reached it.
  private func closeLosers(of group: inout ThrowingTaskGroup<Outcome, any Error>) async {
    while let outcome = try? await group.next() {
      if case .connected(let channel, _) = outcome { channel.close(promise: nil) }
    }
  }
}

/// What went wrong with a connection, in a few words; NIO's own are for its developers.
func describe(_ error: any Error) -> String {
  switch error {
  case ChannelError.connectTimeout: "no answer in time"
  case let error as IOError: String(cString: strerror(error.errnoCode))
  case let error as NIOConnectionError:
    if let cause = error.connectionErrors.first {
      describe(cause.error)
    } else if let cause = error.dnsAError ?? error.dnsAAAAError {
      "the name cannot be resolved: \(cause)"
    } else {
      "no connection"
    }
  default: String(describing: error)
  }
}
