import Foundation
import Logging
import MTProto
import Metrics
import NIOCore
import TelegramClient

/// Records what the update pump brings, and wakes the notifier when there is something to tell.
struct ArchiveSink: UpdateSink {
  let archive: Archive
  let session: SessionFile
  let recorder: Recorder
  let policy: NoticePolicy
  /// Called after a commit, with what it came to.
  let recorded: @Sendable (CommitReport) -> Void
  /// What looks through windows that were not seen.
  var reconciler: Reconciler?
  /// What removes messages, once nothing can be owed of them.
  var housekeeping: Housekeeping?
  /// Who is told that the service goes on.
  var pulse: ServicePulse?
  var canary: Canary?
  let logger: Logger
  /// The wall clock, and how to wait.
  var time = ServiceTime()

  /// The archive's state; before the first batch that of a session another program has used, whose end is our start.
  func updatesState() async throws -> UpdatesState? {
    if let state = try await archive.updatesState() { return state }
    var states = try await session.updateStates()
    guard let account = states.removeValue(forKey: 0), account.pts > 0 else { return nil }
    return UpdatesState(
      pts: account.pts, qts: account.qts, date: account.date, seq: account.seq,
      channels: states.mapValues(\.pts).filter { $0.value > 0 })
  }

  /// Small batches are looked through: own posts, who is online and who is typing make many that hold nothing to keep.
  func isUrgent(_ batch: UpdateBatch) -> Bool {
    batch.updates.count > 16 || !batch.gaps.isEmpty || !batch.setAside.isEmpty
      || batch.updates.contains { recorder.keepsAny(of: $0) }
  }

  func commit(_ batch: UpdateBatch) async throws {
    let kept = recorder.record(batch, now: time.now())
    let report = try await retrying { () async throws(ArchiveError) in
      try await archive.commit(kept, policy: policy)
    }
    recorded(report)
    pulse?.beat()
    canary?.recorded(batch)
    measureLag(of: kept)
    if !batch.gaps.isEmpty { tell(batch.gaps) }
    reconciler?.followed(batch.stateChange.channels.lazy.filter { $0.value != nil }.map(\.key))
    if report.deletedUnseen > 0 {
      logger.info("messages deleted that were never seen", metadata: ["count": "\(report.deletedUnseen)"])
    }
    logger.debug(
      "batch kept",
      metadata: [
        "added": "\(report.added)", "edited": "\(report.edited)", "deleted": "\(report.deleted)",
        "notices": "\(report.notices)",
      ])
  }

  func keep(undecodable bytes: ByteBuffer) async throws {
    let data = Data(bytes.readableBytesView)
    try await retrying { () async throws(ArchiveError) in try await archive.keep(undecodable: data, at: time.now()) }
  }

  func refusedChannels() async throws -> [Int64: Int32] {
    var channels: [Int64: Int32] = [:]
    for object in try await archive.setAside(.updates) {
      if let channel = object.scope.channel, let pts = object.pts { channels[channel.bareID] = pts }
    }
    return channels
  }

  func heartbeat() async throws {
    try await retrying { () async throws(ArchiveError) in try await archive.writeNothing() }
    pulse?.beat()
  }

  func caughtUp() async {
    logger.info("up to date")
    pulse?.ready()
    reconciler?.caughtUp()
    housekeeping?.caughtUp()
  }

  private func measureLag(of batch: RecorderBatch) {
    guard pulse != nil else { return }
    let now = time.now()
    let lag = Metrics.Recorder(label: "tgl_update_lag_seconds")
    for case .message(let message) in batch.operations where message.editDate == nil {
      lag.record(max(now - message.date, 0))
    }
  }

  private func tell(_ gaps: [UpdateGap]) {
    Counter(label: "tgl_update_gaps_total").increment(by: gaps.count)
    for gap in gaps {
      let scope = gap.channelID.map { "\(PeerID.channel($0).map { "\($0)" } ?? "channel \($0)")" }
      logger.warning(
        "what happened for a while was not seen",
        metadata: [
          "scope": "\(scope ?? "private chats and basic groups")", "reason": "\(gap.reason.rawValue)",
          "from_pts": "\(gap.fromPts)", "to_pts": "\(gap.toPts.map { "\($0)" } ?? "unknown")",
        ])
    }
    reconciler?.gapNoticed()
  }

  /// Tries again for as long as the archive is locked or its disk is full: nothing may be passed over, and what waits
  /// behind waits at Telegram.
  private func retrying<T>(_ body: () async throws(ArchiveError) -> T) async throws -> T {
    var wait = Duration.milliseconds(200)
    while true {
      do throws(ArchiveError) {
        return try await body()
      } catch {
        guard error.isTransient else { throw error }
        logger.error("archive cannot be written; trying again", metadata: ["error": "\(error)"])
        try await time.sleep(wait)
        wait = min(wait * 2, .seconds(10))
      }
    }
  }
}
