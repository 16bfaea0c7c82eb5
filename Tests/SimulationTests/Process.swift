import Foundation
import GRDB
import Logging
import TelegramClient

@testable import TGLCore

/// One life of the program, from its start to its end, with the real workers.
///
/// Unchecked: touched by the loop's thread alone; the tasks of a process run nowhere else.
final class Process: @unchecked Sendable {
  unowned let world: Simulation
  let archive: Archive
  let root: DataRoot
  let watch: CommitWatch
  private(set) var workers: Workers?
  private let lane: VirtualLoop.Lane
  private var running: [Task<Void, Never>] = []
  private(set) var unfinished = 0

  var feed: [Delivery] = []
  var feedWaiter: CheckedContinuation<Delivery?, Never>?
  var isConnected = false
  /// A dead process has no effect any more; its tasks only have yet to notice.
  var isDead = false
  var endsBeforeCommit = false
  /// Another program's connection, which holds the database's lock.
  var lock: DatabaseQueue?

  init(world: Simulation, path: String, directory: String, root: DataRoot) throws {
    self.world = world
    self.root = root
    archive = try Archive.open(at: path, busyTimeout: .zero)
    watch = CommitWatch(directory: directory)
    lane = VirtualLoop.Lane(world.loop)
    archive.pool.add(transactionObserver: watch)
    try sabotageArchive()
    watch.ended = { [unowned self] in isDead = true }
  }

  func start() throws {
    let workers = try Workers(self)
    self.workers = workers
    let turns = DiskTurns(
      turn: { [unowned self] writes in try await takeTurn(writes: writes) },
      sleep: { [world] duration in try await world.pause(duration) })
    DiskTurns.$current.withValue(turns) {
      for worker in workers.all {
        unfinished += 1
        running.append(Task(executorPreference: lane) { await self.live(worker) })
      }
    }
  }

  /// Work with the disk takes a moment, before which the process may end.
  private func takeTurn(writes: Bool) async throws {
    try await world.pause(writes ? world.commitDelay() : .zero)
    if writes, endsBeforeCommit { world.endProcess("before a commit") }
    if isDead { throw CancellationError() }
  }

  private func live(_ worker: Workers.Worker) async {
    do {
      try await worker.run()
      if !isDead { world.oracle.complain("the \(worker.name) ended") }
    } catch {
      if !isDead { world.oracle.complain("the \(worker.name) ended with \(error)") }
    }
    unfinished -= 1
  }

  func deliver(_ delivery: Delivery) {
    guard !isDead else { return }
    if let waiter = feedWaiter {
      feedWaiter = nil
      waiter.resume(returning: delivery)
    } else {
      feed.append(delivery)
    }
  }

  func cancel() {
    for task in running { task.cancel() }
  }

  func close() throws {
    try lock?.close()
    lock = nil
    workers = nil
    try archive.close()
  }
}

extension Simulation {
  /// - Throws: `CancellationError`.
  func pause(_ duration: Duration) async throws {
    guard await loop.sleep(duration) else { throw CancellationError() }
  }
}

extension Optional {
  /// The value, which the simulation knows to be there.
  var known: Wrapped {
    guard let self else { preconditionFailure("a value of the simulation is nil") }
    return self
  }
}
