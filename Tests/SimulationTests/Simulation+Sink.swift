import Foundation
import GRDB
import MTProto
import NIOCore
import TL
import TelegramClient

@testable import TGLCore

/// The real sink, with what the oracle is to know, and with sabotage.
struct SimulatedSink: UpdateSink {
  let process: Process
  let sink: ArchiveSink
  let notifier: Notifier

  private var world: Simulation { process.world }

  func updatesState() async throws -> UpdatesState? { try await process.archive.updatesState() }

  func isUrgent(_ batch: UpdateBatch) -> Bool { sink.isUrgent(batch) }
  func heartbeat() async throws { try await sink.heartbeat() }

  func commit(_ batch: UpdateBatch) async throws {
    guard !process.isDead else { throw CancellationError() }
    world.trace("commit \(batch.updates.count) \(batch.stateChange.account?.pts ?? 0) \(batch.gaps.count)")
    world.oracle.following(batch)
    var batch = batch
    switch world.sabotage {
    case .stateBeforeData:
      var state = UpdateBatch()
      state.stateChange = batch.stateChange
      batch.stateChange = UpdatesStateChange()
      try await sink.commit(state)
      try await sink.commit(batch)
    case .noticeBehindTransaction:
      try await sink.commit(batch)
      try await process.letNoticesGo()
      notifier.wake()
    case .deletionsTouchChannels:
      for case .updateDeleteMessages(let deletion) in batch.updates {
        batch.updates += world.server.channels.keys.sorted().map {
          .updateDeleteChannelMessages(
            API.UpdateDeleteChannelMessages(channelId: $0, messages: deletion.messages, pts: 0, ptsCount: 0))
        }
      }
      try await sink.commit(batch)
    case .busyDropsBatch:
      try await commitOnce(batch)
    case .secondGapReplacesFirst:
      if !batch.gaps.isEmpty { await process.forgetGaps() }
      try await sink.commit(batch)
    case .gapsClosedUnseen:
      try await sink.commit(batch)
      if !batch.gaps.isEmpty { await process.forgetGaps() }
    case .olderStateOverNewer:
      batch.updates = process.repeatingOlder(batch.updates)
      try await sink.commit(batch)
    default:
      try await sink.commit(batch)
    }
  }

  private func commitOnce(_ batch: UpdateBatch) async throws {
    let recorded = sink.recorder.record(batch, now: Int64(world.wallTime.components.seconds))
    do throws(ArchiveError) {
      _ = try await process.archive.commit(recorded, policy: sink.policy)
    } catch {
      switch error {
      case .busy, .full: return
      default: throw error
      }
    }
    notifier.wake()
  }

  func keep(undecodable bytes: ByteBuffer) async throws {
    try await sink.keep(undecodable: bytes)
  }

  func caughtUp() async {
    world.trace("up to date")
    await sink.caughtUp()
  }
}
