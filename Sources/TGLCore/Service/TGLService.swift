import Foundation
public import Logging
import MTProto
import Metrics
import NIOPosix
import ServiceLifecycle
import Synchronization
import TelegramClient
import UnixSignals

/// `tgl run`: receives, records and tells, until it is asked to stop.
public enum TGLService {
  /// Runs until SIGTERM or SIGINT.
  ///
  /// - Throws: what keeps the service from starting or going on: `DataRootError`, `AccountError`, `StartError`,
  ///   `ArchiveError`, `LegacyError`, `SessionFileError`, `TelegramError`.
  ///
  /// To be called once in a process: what is counted is collected for the whole of it.
  public static func run(settings: Settings, version: String, logger: Logger) async throws {
    ProcessHardening.apply()
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(registry)
    let vitals = ServiceVitals()
    let systemd = SystemdNotifier(environment: ProcessInfo.processInfo.environment)
    let logger = logger.observed(by: vitals)

    let root = try DataRoot(path: settings.account.dataRoot)
    let lock = try InstanceLock(root)
    defer { withExtendedLifetime(lock) {} }
    systemd.opening()
    let storage = StorageHealth(logger: logger)
    try ArchiveRepair.finish(root)
    _ = try await NIOThreadPool.singleton.runIfActive { try StartCheck.run(root, logger: logger) }
    let archive: Archive
    do { archive = try await DataMigration.open(root, storage: storage, logger: logger) } catch {
      // Nothing has been written that could have been cut off.
      StartCheck.ended(root)
      throw error
    }
    logger.info("starting", metadata: ["version": "\(version)", "data": "\(root.path)"])
    let main = MainService(
      settings: settings, root: root, archive: archive, storage: storage, version: version,
      pulse: ServicePulse(vitals: vitals, systemd: systemd), registry: registry, logger: logger)
    var configuration = ServiceGroupConfiguration(
      services: [.init(service: main, successTerminationBehavior: .gracefullyShutdownGroup)],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
    configuration.maximumGracefulShutdownDuration = .seconds(4)
    let group = ServiceGroup(configuration: configuration)
    let outcome: Result<Void, any Error>
    do {
      try await group.run()
      outcome = .success(())
    } catch { outcome = .failure(error) }
    archive.stopWaiting()
    await handBack(try? await archive.updatesState(), to: root, logger: logger)
    try archive.close()
    // Whatever it ended for, nothing was cut off; only damage is looked for again.
    if !outcome.isDamage { StartCheck.ended(root) }
    try outcome.get()
    logger.info("stopped")
  }

  /// Tells the session file how far the account's updates were received, so that Telethon, should it get the file back,
  /// goes on from there.
  private static func handBack(_ state: UpdatesState?, to root: DataRoot, logger: Logger) async {
    guard let state else { return }
    var states = state.channels.mapValues { (pts: $0, qts: Int32(0), date: Int32(0), seq: Int32(0)) }
    states[0] = (state.pts, state.qts, state.date, state.seq)
    do {
      let session = try SessionFile(path: root.sessionFile)
      guard try await session.home()?.authKey != nil else { return }
      try await session.setUpdateStates(states)
    } catch {
      logger.warning("the session file was not brought up to date", metadata: ["error": "\(error)"])
    }
  }

  /// The group's own log is for debugging it.
  private static func quiet(_ logger: Logger) -> Logger {
    var quiet = logger
    quiet.logLevel = .error
    return quiet
  }
}

/// The one service of the group: everything that lives as long as the connection.
struct MainService: Service {
  let settings: Settings
  let root: DataRoot
  let archive: Archive
  /// What cannot be written at the moment.
  let storage: StorageHealth
  let version: String
  let pulse: ServicePulse
  let registry: PrometheusRegistry
  let logger: Logger

  func run() async throws {
    do {
      try await withGracefulShutdownHandler {
        try await cancelWhenGracefulShutdown { try await work() }
      } onGracefulShutdown: {
        pulse.systemd.stopping()
      }
    } catch  where Task.isShuttingDownGracefully {
      // Cancelled as asked: what was under way has been committed or will be fetched again.
    }
  }

  private func work() async throws {
    let monitor = HealthMonitor(
      vitals: pulse.vitals, storage: storage, limits: HealthFacts.Limits(settings.health), version: version)
    async let _: Void = archive.copyFormer(logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      defer { tasks.cancelAll() }
      let server = StatusServer(
        settings: settings.health, monitor: monitor, registry: registry, archivePath: archive.path, logger: logger)
      tasks.addTask { try await server.run() }
      tasks.addTask { try await tellStatus(monitor) }
      tasks.addTask {
        // Once more with other settings when a chat that is named in them has moved.
        while try await connect(monitor) == .chatMoved {}
      }
      try await tasks.next()
    }
  }

  /// Keeps the line that `systemctl status` shows true.
  private func tellStatus(_ monitor: HealthMonitor) async throws {
    while true {
      if pulse.systemd.isListening { pulse.systemd.status(await monitor.summary()) }
      try await Task.sleep(for: .seconds(10))
    }
  }

  private enum End: Sendable { case closed, chatMoved }

  private func connect(_ monitor: HealthMonitor) async throws -> End {
    try await Account.withClient(
      settings: settings.account, root: root, version: version, receivesUpdates: true, logger: logger,
      storage: storage
    ) { client, session in
      guard try await session.home()?.authKey != nil else { throw AccountError.notSignedIn(path: root.sessionFile) }
      do {
        return try await withThrowingTaskGroup(of: End.self) { tasks in
          defer { tasks.cancelAll() }
          tasks.addTask {
            for await state in client.connectionStates() { pulse.vitals.note(state) }
            return .closed
          }
          tasks.addTask { try await serve(client, session, monitor) }
          // The states end only with the client.
          return try await tasks.next() ?? .closed
        }
      } catch let error as TelegramError {
        if case .signIn(let cause) = error.verdict { throw AccountError.ended(cause) }
        throw error
      }
    }
  }

  private func serve(_ client: TelegramClient, _ session: SessionFile, _ monitor: HealthMonitor) async throws -> End {
    let settings = try await currentSettings()
    let user = try await reaching { try await SignedInUser.current(of: client, root: root) }
    try await reaching { try await LogChatCheck.run(settings.logChat, client: client) }
    guard let selfID = PeerID.user(user.id) else { throw AccountError.notSignedIn(path: root.sessionFile) }
    try await archive.claim(account: selfID)
    logger.info("signed in", metadata: ["id": "\(user.id)", "dc": "\(user.dc)"])

    let store = MediaStore(
      root: root, key: settings.encryptsDeletedMedia ? settings.deletedMediaKey : nil,
      minimumFree: Int64(settings.mediaMinFree))
    let clock = TelegramTime(client)
    let time = clock.serviceTime
    let backlog = UpdateBacklog()
    let notifier = Notifier(
      archive: archive, chat: TelegramLogChat(client: client, settings: settings, archive: archive),
      temporaryDirectory: root.mediaBuffer, store: store, policy: settings.notifierPolicy, time: time, logger: logger)
    let recorder = Recorder(policy: settings.recorderPolicy(selfID: selfID))
    let workers = Workers()
    let named = settings.namedChats
    let moves = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let recorded: @Sendable (CommitReport) -> Void = { report in
      report.count()
      workers.wake(after: report)
      if report.successors.keys.contains(where: named.contains) { moves.continuation.yield() }
    }
    let vault = MediaVault(
      source: client, archive: archive, store: store, wakeNotifier: { notifier.wake() }, time: time, logger: logger)
    let linkSaver = LinkSaver(
      source: client, archive: archive, recorder: recorder, policy: settings.noticePolicy, recorded: recorded,
      time: time, logger: logger)
    workers.set(notifier: notifier, vault: vault, linkSaver: linkSaver)
    try await UnreadableObjects(
      archive: archive, recorder: recorder, policy: settings.noticePolicy, recorded: recorded, time: time,
      logger: logger
    ).readAgain()
    let reconciler = Reconciler(
      source: client, archive: archive, recorder: recorder, notices: settings.noticePolicy,
      policy: settings.reconcilerPolicy, recorded: recorded, time: time, logger: logger)
    let housekeeping = Housekeeping(
      archive: archive, root: root, settings: RetentionSettings(settings),
      isConnected: { client.connectionState == .connected }, clockOffset: { clock.offset },
      isCurrent: { scope in backlog.isCurrent(channel: scope.channelID) },
      interval: settings.health.housekeepingInterval, time: time, logger: logger)
    let canary = Canary(
      perch: TelegramCanaryPerch(client: client, chat: settings.logChat), logChat: settings.logChat,
      interval: settings.canaryInterval, vitals: pulse.vitals, logger: logger)
    let sink = ArchiveSink(
      archive: archive, session: session, recorder: recorder, policy: settings.noticePolicy, recorded: recorded,
      reconciler: reconciler, housekeeping: housekeeping, pulse: pulse,
      canary: settings.canaryInterval > .zero ? canary : nil, logger: logger, time: time)
    let pump = UpdatePump(
      source: client, sink: sink, heartbeat: pulse.heartbeat, backlog: backlog, logger: logger)
    await monitor.watch(
      HealthMonitor.Parts(archive: archive, store: store, housekeeping: housekeeping, notifier: notifier) {
        let now = client.now().uptime
        return backlog.since.map { (now - $0, now - backlog.lastProgress) } ?? (.zero, .zero)
      })
    pulse.beat()
    return try await withThrowingTaskGroup(of: End.self) { group in
      defer { group.cancelAll() }
      func add(_ run: @escaping @Sendable () async throws -> Void) {
        group.addTask {
          try await run()
          return .closed
        }
      }
      add { try await pump.run() }
      add { try await notifier.run() }
      add { try await vault.run() }
      add { try await linkSaver.run() }
      add { try await reconciler.run() }
      add { try await housekeeping.run() }
      add { try await clock.watch(pulse.vitals, logger: logger, sleep: time.sleep) }
      if settings.canaryInterval > .zero { add { try await canary.run() } }
      group.addTask {
        for await _ in moves.stream { return .chatMoved }
        return .closed
      }
      return try await group.next() ?? .closed
    }
  }

  /// The settings with the groups that have become supergroups followed.
  private func currentSettings() async throws -> Settings {
    let successors = try await archive.chatSuccessors()
    for group in settings.namedChats {
      guard let successor = successors[group] else { continue }
      logger.notice(
        "group became a supergroup; settings follow it",
        metadata: ["group": "\(group)", "supergroup": "\(successor)"])
    }
    return settings.following(successors)
  }

  /// Asks until Telegram can be reached: a service that starts before the network is up waits for it.
  private func reaching<T: Sendable>(_ ask: () async throws -> T) async throws -> T {
    var retries = Retries(Patience(first: .seconds(2), longest: .seconds(30), attempts: nil))
    var log = RetryLog(work: "start")
    let start = ContinuousClock.now
    while true {
      do {
        return try await ask()
      } catch let error as TelegramError {
        guard case .retry(let asked) = error.verdict, let wait = retries.failed(asked: asked) else { throw error }
        if let failures = log.failed(at: ContinuousClock.now - start) {
          logger.warning(
            "Telegram cannot be reached yet; trying again",
            metadata: ["error": "\(error)", "seconds": "\(wait.components.seconds)", "failures": "\(failures)"])
        }
        // However long Telegram is away: this goes on, and its start is not to be given up.
        let end = ContinuousClock.now + wait
        while ContinuousClock.now < end {
          pulse.systemd.alive()
          try await Task.sleep(for: min(.seconds(5), end - ContinuousClock.now))
        }
      }
    }
  }
}

/// Who goes on with what a commit has brought; they know of each other only through this.
private final class Workers: Sendable {
  private struct State {
    var notifier: Notifier?
    var vault: MediaVault?
    var linkSaver: LinkSaver?
  }

  private let state = Mutex(State())

  func set(notifier: Notifier, vault: MediaVault, linkSaver: LinkSaver) {
    state.withLock { $0 = State(notifier: notifier, vault: vault, linkSaver: linkSaver) }
  }

  func wake(after report: CommitReport) {
    let workers = state.withLock { $0 }
    if report.notices > 0 { workers.notifier?.wake() }
    if report.media > 0 { workers.vault?.wake() }
    if report.links > 0 { workers.linkSaver?.wake() }
  }
}

extension HealthFacts.Limits {
  init(_ settings: Settings.Health) {
    self.init(
      errorWindow: settings.errorWindow, housekeeping: settings.housekeepingStale, stall: settings.stall)
  }
}

extension Settings.Health {
  /// Often enough for housekeeping that goes on never to look stale.
  var housekeepingInterval: Duration { min(Housekeeping.interval, housekeepingStale / 3) }
}

extension Settings {
  func recorderPolicy(selfID: PeerID) -> RecorderPolicy {
    RecorderPolicy(selfID: selfID, logChat: logChat, keepsOutgoing: listensToOutgoing, ignored: ignoredIDs)
  }

  var reconcilerPolicy: Reconciler.Policy {
    Reconciler.Policy(
      reconciliation: reconciliation, backfill: backfill, excluded: ignoredIDs.union([logChat]))
  }

  var notifierPolicy: NotifierPolicy {
    NotifierPolicy(
      pace: PostPace(perMinute: postsPerMinute), editSettle: editSettle.components.seconds,
      mediaWait: mediaNoticeWait.components.seconds)
  }

  var noticePolicy: NoticePolicy {
    NoticePolicy(
      deletedInPrivateChats: savesDeletedFromPrivateChats, deletedInGroups: savesDeletedFromGroups,
      deletedInChannels: savesDeletedFromChannels, edited: savesEdited, singlesPerDeletion: maxDeletedPerEvent,
      editSettle: editSettle.components.seconds,
      media: MediaPolicy(
        buffersAll: buffersAllMedia, buffersProtected: buffersNoforwards, keepsSelfDestructing: processesSelfDestruct,
        maximumSize: Int64(maxBufferFileSize)))
  }
}

extension Result where Failure == any Error {
  /// Whether it failed because the archive is damaged.
  fileprivate var isDamage: Bool {
    if case .failure(let error) = self, case .corrupt? = error as? ArchiveError { true } else { false }
  }
}
