import Foundation
import Logging
import TelegramClient

@testable import TGLCore

/// The workers of one life of the program, put together as `TGLService` does it.
struct Workers: Sendable {
  let notifier: Notifier
  let sink: ArchiveSink
  let all: [Worker]

  struct Worker: Sendable {
    var name: String
    var run: @Sendable () async throws -> Void
  }

  init(_ process: Process) throws {
    let world = process.world
    let archive = process.archive
    let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    let time = ServiceTime(
      now: { world.wallTime.components.seconds }, uptime: { world.loop.now },
      sleep: { duration in try await world.pause(duration) })
    let recorder = Recorder(
      policy: RecorderPolicy(
        selfID: PeerID(kind: .user, bareID: ServerTruth.selfID).known,
        logChat: PeerID(kind: .channel, bareID: ServerTruth.logChat).known))
    let policy = NoticePolicy(edited: true, media: MediaPolicy(buffersAll: world.plan.buffersAll))
    let store = MediaStore(root: process.root, key: nil, minimumFree: 0)
    let notifier = Notifier(
      archive: archive, chat: SimulatedLogChat(process: process), renderer: NoticeRenderer(timeZone: .gmt),
      temporaryDirectory: process.root.mediaBuffer, store: store, time: time, logger: logger)
    let vault = MediaVault(
      source: SimulatedFiles(process: process), archive: archive, store: store, wakeNotifier: { notifier.wake() },
      time: time, logger: logger)
    let links = Links()
    let recorded: @Sendable (CommitReport) -> Void = { report in
      if report.notices > 0 { notifier.wake() }
      if report.media > 0 { vault.wake() }
      if report.links > 0 { links.saver?.wake() }
    }
    let linkSaver = LinkSaver(
      source: SimulatedMessages(process: process), archive: archive, recorder: recorder, policy: policy,
      recorded: recorded, time: time, logger: logger)
    links.saver = linkSaver
    let source = SimulatedSource(process: process)
    let reconciler = Reconciler(
      source: SimulatedMessages(process: process), archive: archive, recorder: recorder, notices: policy,
      policy: Reconciler.Policy(
        reconciliation: world.plan.reconciliation, backfill: Settings.Backfill(messagesPerChat: 0, chats: nil),
        excluded: [recorder.policy.logChat]),
      recorded: recorded, time: time, logger: logger)
    let housekeeping = Housekeeping(
      archive: archive, root: process.root, settings: try Self.retention.get(),
      isConnected: { process.isConnected || world.sabotage == .retentionIgnoresFreshness }, time: time, logger: logger)
    let sink = ArchiveSink(
      archive: archive, session: try Simulation.session.get(), recorder: recorder, policy: policy, recorded: recorded,
      reconciler: reconciler, housekeeping: housekeeping, logger: logger, time: time)
    let pump = UpdatePump(
      source: source, sink: SimulatedSink(process: process, sink: sink, notifier: notifier), logger: logger)
    self.notifier = notifier
    self.sink = sink
    all = [
      Worker(name: "pump") { try await pump.run() }, Worker(name: "notifier") { try await notifier.run() },
      Worker(name: "links") { try await linkSaver.run() }, Worker(name: "vault") { try await vault.run() },
      Worker(name: "reconciler") { try await reconciler.run() },
      Worker(name: "housekeeping") {
        if world.sabotage == .retentionIgnoresFreshness {
          housekeeping.caughtUp()
          await housekeeping.once()
        }
        try await housekeeping.run()
      },
    ]
  }

  /// The link saver wakes the others, who wake it.
  ///
  /// Unchecked: set before anything runs.
  private final class Links: @unchecked Sendable { var saver: LinkSaver? }

  static let retention = Result<RetentionSettings, any Error> {
    try RetentionSettings(
      SettingsSource(environment: [
        SettingsCatalog.persistUser.name: "\(days)", SettingsCatalog.persistGroup.name: "\(days)",
        SettingsCatalog.persistChannel.name: "\(days)",
      ]))
  }
  /// How long messages are kept.
  static let days = 1
}
