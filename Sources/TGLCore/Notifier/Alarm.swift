import Synchronization

/// Lets one task sleep until a time has passed or another task rings, whichever is first.
///
/// A ring while nobody sleeps is remembered: the next sleep ends at once.
final class Alarm: Sendable {
  private struct State {
    var hasRung = false
    var sleeper: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  func ring() {
    let sleeper = state.withLock { state in
      guard let sleeper = state.sleeper else {
        state.hasRung = true
        return nil as CheckedContinuation<Void, Never>?
      }
      state.sleeper = nil
      return sleeper
    }
    sleeper?.resume()
  }

  /// Returns when rung, when `timeout` has returned, or when the task is cancelled.
  func sleep(or timeout: @escaping @Sendable () async -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await timeout() }
      group.addTask { await self.untilRung() }
      await group.next()
      group.cancelAll()
    }
  }

  /// Returns when rung, or when the task is cancelled.
  func untilRung() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ended = state.withLock { state in
          if state.hasRung || Task.isCancelled {
            state.hasRung = false
            return true
          }
          state.sleeper = continuation
          return false
        }
        if ended { continuation.resume() }
      }
    } onCancel: {
      let sleeper = state.withLock { state in
        defer { state.sleeper = nil }
        return state.sleeper
      }
      sleeper?.resume()
    }
  }
}
