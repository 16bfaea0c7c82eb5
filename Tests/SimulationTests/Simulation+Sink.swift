import Foundation
import GRDB
import MTProto
import NIOCore
import TL
import TelegramClient

@testable import TGLCore

/// The real sink behind a gate: each of its calls waits for an event of its own, at which the process may end.
struct SimulatedSink: UpdateSink {
  let process: Process

  private var world: Simulation { process.world }

  private func gate() async throws {
    guard await world.loop.sleep(world.commitDelay()), !process.isDead else { throw CancellationError() }
    if process.endsBeforeCommit {
      world.endProcess("before a commit")
      throw CancellationError()
    }
    process.sinkCalls += 1
  }

  func updatesState() async throws -> UpdatesState? {
    try await gate()
    defer { process.sinkCalls -= 1 }
    return try await process.archive.updatesState()
  }

  func isUrgent(_ batch: UpdateBatch) -> Bool { process.sink.isUrgent(batch) }
  func heartbeat() async throws { try await process.sink.heartbeat() }

  func commit(_ batch: UpdateBatch) async throws {
    try await gate()
    defer { process.sinkCalls -= 1 }
    world.trace("commit \(batch.updates.count) \(batch.stateChange.account?.pts ?? 0) \(batch.gaps.count)")
    world.oracle.following(batch)
    var batch = batch
    switch world.sabotage {
    case .stateBeforeData:
      var state = UpdateBatch()
      state.stateChange = batch.stateChange
      batch.stateChange = UpdatesStateChange()
      try await process.sink.commit(state)
      try await gate()
      defer { process.sinkCalls -= 1 }
      try await process.sink.commit(batch)
    case .noticeBehindTransaction:
      try await process.sink.commit(batch)
      try await gate()
      defer { process.sinkCalls -= 1 }
      try await process.archive.write { db in
        try db.execute(
          sql: """
            DROP TRIGGER IF EXISTS hold_back;
            INSERT INTO outbox (kind, created_at, payload, random_id)
              SELECT kind, created_at, payload, random_id FROM held_back ORDER BY id;
            DELETE FROM held_back;
            \(Process.holdBack)
            """)
      }
      process.notifier.wake()
    case .deletionsTouchChannels:
      for case .updateDeleteMessages(let deletion) in batch.updates {
        batch.updates += world.server.channels.keys.sorted().map {
          .updateDeleteChannelMessages(
            API.UpdateDeleteChannelMessages(channelId: $0, messages: deletion.messages, pts: 0, ptsCount: 0))
        }
      }
      try await process.sink.commit(batch)
    case .busyDropsBatch:
      try await commitOnce(batch)
    case .newRandomIDEachTry, .holesIgnored, .failedPostsForgotten, nil:
      try await process.sink.commit(batch)
    }
  }

  private func commitOnce(_ batch: UpdateBatch) async throws {
    let recorded = process.sink.recorder.record(batch, now: Int64(world.wallTime.components.seconds))
    do throws(ArchiveError) {
      _ = try await process.archive.commit(recorded, policy: process.sink.policy)
    } catch {
      switch error {
      case .busy, .full: return
      default: throw error
      }
    }
    process.notifier.wake()
  }

  func keep(undecodable bytes: ByteBuffer) async throws {
    try await gate()
    defer { process.sinkCalls -= 1 }
    try await process.sink.keep(undecodable: bytes)
  }

  func caughtUp() async { world.trace("up to date") }
}
