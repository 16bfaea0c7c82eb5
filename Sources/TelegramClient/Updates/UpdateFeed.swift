import NIOCore
import Synchronization
import TL

/// The bounded buffer between the connection and whoever handles updates.
///
/// When it is full, `offer` drops what it is given and notes a gap, which the consumer finds in the place of what is
/// missing. The listener hears when the buffer fills and when half of it is free again.
final class UpdateFeed: Sendable {
  enum Item: Sendable {
    /// As received, not decoded yet.
    case received(ByteBuffer)
    /// The answer to a call of our own that is an `Updates`.
    case answered(API.AnyUpdates)
    case connected
    case gap
  }

  /// Called from any thread.
  typealias RoomListener = @Sendable (_ hasRoom: Bool) -> Void

  private struct State {
    var items = CircularBuffer<Item>()
    var waiter: CheckedContinuation<Item?, Never>?
    var isFull = false
    var hasGap = false
    var isFinished = false
    var listener: RoomListener?
  }

  private let capacity: Int
  private let state = Mutex(State())

  /// `capacity` is the number of items kept, at least 1.
  init(capacity: Int) { self.capacity = max(capacity, 1) }

  func listen(_ listener: @escaping RoomListener) { state.withLock { $0.listener = listener } }

  func offer(_ item: Item) {
    let (waiter, filled): (CheckedContinuation<Item?, Never>?, RoomListener?) = state.withLock { state in
      guard !state.isFinished else { return (nil, nil) }
      if let waiter = state.waiter {
        state.waiter = nil
        return (waiter, nil)
      }
      guard !state.isFull else {
        state.hasGap = true
        return (nil, nil)
      }
      state.items.append(item)
      guard state.items.count >= capacity else { return (nil, nil) }
      state.isFull = true
      return (nil, state.listener)
    }
    waiter?.resume(returning: item)
    filled?(false)
  }

  /// No more will come; what is buffered can still be taken.
  func finish() {
    let waiter = state.withLock { state in
      state.isFinished = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }

  /// The next item; nil at the end and when the task is cancelled.
  ///
  /// For one consumer at a time.
  func next() async -> Item? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (ready, drained): (Ready, RoomListener?) = state.withLock { state in take(from: &state, for: continuation) }
        switch ready {
        case .item(let item): continuation.resume(returning: item)
        case .end: continuation.resume(returning: nil)
        case .later(let displaced): displaced?.resume(returning: nil)
        }
        drained?(true)
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume(returning: nil)
    }
  }

  private enum Ready {
    case item(Item)
    case end
    case later(displaced: CheckedContinuation<Item?, Never>?)
  }

  private func take(
    from state: inout State, for continuation: CheckedContinuation<Item?, Never>
  ) -> (Ready, RoomListener?) {
    if Task.isCancelled { return (.end, nil) }
    if let item = state.items.popFirst() {
      guard state.isFull, state.items.count <= capacity / 2 else { return (.item(item), nil) }
      state.isFull = false
      if state.hasGap {
        state.hasGap = false
        state.items.append(.gap)
      }
      return (.item(item), state.listener)
    }
    if state.isFinished { return (.end, nil) }
    let displaced = state.waiter
    state.waiter = continuation
    return (.later(displaced: displaced), nil)
  }
}
