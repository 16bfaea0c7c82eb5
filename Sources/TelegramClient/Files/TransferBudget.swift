import NIOCore
import Synchronization

/// Bounds the bytes that all transfers of a client have in memory or under way together.
///
/// First come, first served: a transfer that needs room for its first part waits until others have given some back.
final class TransferBudget: Sendable {
  private struct Waiter {
    let id: Int
    let bytes: Int
    let continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    var used = 0
    var highest = 0
    var lastID = 0
    var waiters = CircularBuffer<Waiter>()
    /// Cancelled before they began to wait.
    var cancelled: Set<Int> = []
  }

  let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int) { self.capacity = capacity }

  var used: Int { state.withLock { $0.used } }
  /// The most that was ever used.
  var highest: Int { state.withLock { $0.highest } }

  /// Takes `bytes`, unless there is no room for them or somebody waits already.
  func tryAcquire(_ bytes: Int) -> Bool {
    state.withLock { state in
      guard state.waiters.isEmpty else { return false }
      return Self.take(bytes, from: &state, capacity: capacity)
    }
  }

  /// Waits for room for `bytes`; whoever does must hold nothing, or two could wait for each other.
  ///
  /// - Returns: false when the task was cancelled, and nothing was taken.
  func acquire(_ bytes: Int) async -> Bool {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    // A cancellation that came too late has left its mark.
    defer { state.withLock { _ = $0.cancelled.remove(id) } }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let outcome: Bool? = state.withLock { state in
          if state.cancelled.contains(id) { return false }
          if state.waiters.isEmpty, Self.take(bytes, from: &state, capacity: capacity) { return true }
          state.waiters.append(Waiter(id: id, bytes: bytes, continuation: continuation))
          return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      let (waiter, ready) = state.withLock { state -> (Waiter?, [Waiter]) in
        guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
          // Not waiting yet, or served already.
          state.cancelled.insert(id)
          return (nil, [])
        }
        let waiter = state.waiters.remove(at: index)
        return (waiter, Self.serve(&state, capacity: capacity))
      }
      waiter?.continuation.resume(returning: false)
      for waiter in ready { waiter.continuation.resume(returning: true) }
    }
  }

  func release(_ bytes: Int) {
    let ready = state.withLock { state in
      state.used -= bytes
      return Self.serve(&state, capacity: capacity)
    }
    for waiter in ready { waiter.continuation.resume(returning: true) }
  }

  private static func serve(_ state: inout State, capacity: Int) -> [Waiter] {
    var ready: [Waiter] = []
    while let first = state.waiters.first, take(first.bytes, from: &state, capacity: capacity) {
      ready.append(state.waiters.removeFirst())
    }
    return ready
  }

  /// What is larger than everything goes alone.
  private static func take(_ bytes: Int, from state: inout State, capacity: Int) -> Bool {
    guard state.used == 0 || state.used + bytes <= capacity else { return false }
    state.used += bytes
    state.highest = max(state.highest, state.used)
    return true
  }
}
