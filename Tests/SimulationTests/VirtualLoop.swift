import Foundation
import GRDB
import Synchronization

/// Runs tasks one job at a time on one thread, on a clock that jumps from event to event.
///
/// Time moves on only when nothing can run. Work that waits for a disk is done in place (`DiskTurns`), so a run depends on
/// nothing but its seed.
///
/// Unchecked: everything but `arrivals` is touched by the thread that calls `run` alone. Jobs run on that thread, so do
/// the handlers of cancellations, which only jobs and the loop itself ask for; other threads only ever call `enqueue`,
/// which keeps what they bring apart behind a lock.
final class VirtualLoop: @unchecked Sendable {
  /// Where the tasks of a process run.
  final class Lane: TaskExecutor, Sendable {
    private let loop: VirtualLoop

    init(_ loop: VirtualLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) { loop.enqueue(UnownedJob(job), self) }
  }

  private struct Event {
    var time: Duration
    var id: Int
    var action: () -> Void
  }

  private let thread = pthread_self()
  private let arrivals = Mutex<[(job: UnownedJob, lane: Lane)]>([])
  private var ready: [(job: UnownedJob, lane: Lane)] = []
  /// Latest first.
  private var events: [Event] = []
  private var sleepers: [Int: CheckedContinuation<Bool, Never>] = [:]
  private var lastID = 0

  private(set) var now: Duration = .seconds(1_000)

  private func enqueue(_ job: UnownedJob, _ lane: Lane) {
    if pthread_equal(pthread_self(), thread) != 0 {
      ready.append((job, lane))
    } else {
      arrivals.withLock { $0.append((job, lane)) }
    }
  }

  // MARK: Events

  /// Calls `action` after `delay`; events of one moment happen in the order they were asked for.
  @discardableResult
  func after(_ delay: Duration, _ action: @escaping () -> Void) -> Int {
    lastID += 1
    let time = now + max(delay, .zero)
    var low = 0
    var high = events.count
    while low < high {
      let middle = (low + high) / 2
      if events[middle].time > time { low = middle + 1 } else { high = middle }
    }
    events.insert(Event(time: time, id: lastID, action: action), at: low)
    return lastID
  }

  private func cancel(_ id: Int) {
    guard let sleeper = sleepers.removeValue(forKey: id) else { return }
    events.removeAll { $0.id == id }
    sleeper.resume(returning: false)
  }

  /// Suspends the calling task; false when it was cancelled.
  func sleep(_ delay: Duration) async -> Bool {
    let box = SleeperID()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled { return continuation.resume(returning: false) }
        let id = after(delay) { [unowned self] in
          if let id = box.id { sleepers.removeValue(forKey: id)?.resume(returning: true) }
        }
        box.id = id
        sleepers[id] = continuation
      }
    } onCancel: {
      if let id = box.id { cancel(id) }
    }
  }

  /// Unchecked for the same reason as the loop: only its thread looks at it.
  private final class SleeperID: @unchecked Sendable { var id: Int? }

  // MARK: Running

  /// Runs everything that can run now.
  func drain() {
    while true {
      ready += arrivals.withLock { arrivals in
        defer { arrivals.removeAll() }
        return arrivals
      }
      if ready.isEmpty { return }
      var index = 0
      while index < ready.count {
        let (job, lane) = ready[index]
        index += 1
        job.runSynchronously(on: lane.asUnownedTaskExecutor())
      }
      ready.removeAll(keepingCapacity: true)
    }
  }

  /// Handles the next event; false when there is none.
  func step() -> Bool {
    guard let event = events.popLast() else { return false }
    now = event.time
    event.action()
    drain()
    return true
  }
}
