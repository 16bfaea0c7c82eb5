import Dispatch
import Foundation
import GRDB
import Logging
import TelegramClient

@testable import TGLCore

/// One life of the program, from start to crash: the real pump, recorder, archive and notifier.
///
/// Unchecked: touched by the loop's thread alone; the tasks of a process run nowhere else.
final class Process: @unchecked Sendable {
  unowned let world: Simulation
  let archive: Archive
  let watch: CommitWatch
  let gate = DatabaseGate()
  private(set) var sink: ArchiveSink
  private(set) var notifier: Notifier
  private let lanes: [VirtualLoop.Lane]
  private var running: [Task<Void, Never>] = []
  private(set) var unfinished = 0
  /// Calls of the sink that may be with the database.
  var sinkCalls = 0
  /// Waits of the notifier for time to pass or the log chat to answer.
  var notifierWaits = 0

  var feed: [Delivery] = []
  var feedWaiter: CheckedContinuation<Delivery?, Never>?
  var isConnected = false
  /// Nothing a dead process does has an effect: its tasks only have yet to notice.
  var isDead = false
  var endsBeforeCommit = false
  /// What another program holds the database with.
  var lock: DatabaseQueue?

  static let holdBack = """
    CREATE TRIGGER hold_back AFTER INSERT ON outbox WHEN new.kind <> 'digest' BEGIN
      INSERT INTO held_back (kind, created_at, payload, random_id)
        VALUES (new.kind, new.created_at, new.payload, new.random_id);
      DELETE FROM outbox WHERE id = new.id;
    END;
    """

  init(world: Simulation, path: String, directory: String) throws {
    self.world = world
    archive = try Archive.open(at: path, busyTimeout: .zero)
    watch = CommitWatch(directory: directory)
    archive.pool.add(transactionObserver: watch)
    let gate = gate
    archive.pool.writeWithoutTransaction { $0.trace { _ in gate.pass() } }
    try archive.pool.unsafeRead { $0.trace { _ in gate.pass() } }
    if world.sabotage == .noticeBehindTransaction {
      try archive.pool.write { db in
        try db.execute(
          sql: """
            CREATE TABLE IF NOT EXISTS held_back (
              id INTEGER PRIMARY KEY, kind TEXT, created_at INTEGER, payload TEXT, random_id INTEGER);
            DELETE FROM held_back;
            DROP TRIGGER IF EXISTS hold_back;
            \(Self.holdBack)
            """)
      }
    }
    let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    let world = world
    let now: @Sendable () -> Int64 = { world.wallTime.components.seconds }
    let waiting = Waiting()
    let time = ServiceTime(
      now: now,
      sleep: { duration in
        waiting.process?.notifierWaits += 1
        defer { waiting.process?.notifierWaits -= 1 }
        guard await world.loop.sleep(duration) else { throw CancellationError() }
      })
    let sinkTime = ServiceTime(
      now: now,
      sleep: { duration in
        guard await world.loop.sleep(duration) else { throw CancellationError() }
      })
    let chat = LateChat()
    let notifier = Notifier(
      archive: archive, chat: chat, renderer: NoticeRenderer(timeZone: .gmt), temporaryDirectory: directory, time: time,
      logger: logger)
    self.notifier = notifier
    sink = ArchiveSink(
      archive: archive, session: try Simulation.session.get(),
      recorder: Recorder(
        policy: RecorderPolicy(
          selfID: PeerID(kind: .user, bareID: ServerTruth.selfID).known,
          logChat: PeerID(kind: .channel, bareID: ServerTruth.logChat).known)),
      policy: NoticePolicy(edited: true), recorded: { _ in notifier.wake() }, logger: logger, time: sinkTime)
    lanes = [VirtualLoop.Lane(world.loop), VirtualLoop.Lane(world.loop)]
    chat.chat = SimulatedLogChat(process: self)
    waiting.process = self
  }

  /// Unchecked: set before anything runs.
  private final class Waiting: @unchecked Sendable { weak var process: Process? }

  /// The log chat needs its process, which needs a log chat.
  ///
  /// Unchecked: set before anything runs.
  private final class LateChat: LogChat, @unchecked Sendable {
    var chat: SimulatedLogChat?

    func send(_ post: Post, randomID: Int64) async throws(LogChatError) {
      try await chat?.send(post, randomID: randomID)
    }
    func sendFile(_ file: LogChatFile, randomID: Int64) async throws(LogChatError) {
      try await chat?.sendFile(file, randomID: randomID)
    }
    func upload(_ media: [LogChatMedia]) async throws(LogChatError) -> UploadedMedia { UploadedMedia(media: media) }
    func sendMedia(_ media: UploadedMedia, caption: Post, randomIDs: [Int64]) async throws(LogChatError) {
      try await chat?.sendMedia(media, caption: caption, randomIDs: randomIDs)
    }
  }

  func start() {
    let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    let pump = UpdatePump(source: SimulatedSource(process: self), sink: SimulatedSink(process: self), logger: logger)
    unfinished += 1
    running.append(Task(executorPreference: lanes[0]) { await self.live("pump") { try await pump.run() } })
  }

  /// Started by an event of its own: each event starts one thing.
  func startNotifier() {
    let notifier = notifier
    unfinished += 1
    running.append(
      Task(executorPreference: lanes[1]) { await self.live("notifier") { try await notifier.run() } })
  }

  private func live(_ name: String, _ body: () async throws -> Void) async {
    do {
      try await body()
      if !isDead { world.oracle.complain("the \(name) ended") }
    } catch {
      if !isDead { world.oracle.complain("the \(name) ended with \(error)") }
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

  /// Waits for every database call that has been asked for.
  func waitForDatabase() {
    gate.open()
    // The notifier is with the database unless it waits for something else.
    let mayBeReading = lanes[1].hasRun && (notifierWaits == 0 || isDead)
    lanes[1].hasRun = false
    guard mayBeReading || sinkCalls > 0 else { return }
    let done = DispatchSemaphore(value: 0)
    // Takes its turn behind the reads that wait for a connection; then behind those that have one, and the writes.
    archive.pool.asyncUnsafeRead { _ in done.signal() }
    done.wait()
    try? archive.pool.barrierWriteWithoutTransaction { _ in }
    if watch.hasEnded { isDead = true }
  }

  func cancel() {
    for task in running { task.cancel() }
  }

  func close() throws {
    try lock?.close()
    lock = nil
    try archive.close()
  }
}

extension Optional {
  /// The value, which the simulation knows to be there.
  var known: Wrapped {
    guard let self else { preconditionFailure("a value of the simulation is nil") }
    return self
  }
}

// MARK: A disk that fails

extension Process {
  /// Another program holds the database's lock for a while.
  func lockDatabase(for time: Duration) {
    guard lock == nil, !isDead else { return }
    do {
      var configuration = Configuration()
      configuration.allowsUnsafeTransactions = true
      let queue = try DatabaseQueue(path: archive.path, configuration: configuration)
      try queue.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
      lock = queue
    } catch { return }
    world.loop.after(time) { [weak self] in self?.unlock() }
  }

  /// The disk takes hardly anything more for a while.
  func fillDisk(for time: Duration) {
    guard !isDead, lock == nil else { return }
    setPages("(SELECT page_count + 1 FROM pragma_page_count)")
    world.loop.after(time) { [weak self] in self?.unlock() }
  }

  func unlock() {
    if let lock {
      try? lock.inDatabase { try $0.execute(sql: "ROLLBACK") }
      try? lock.close()
      self.lock = nil
    }
    if !isDead { setPages("1073741823") }
  }

  private func setPages(_ number: String) {
    try? archive.pool.writeWithoutTransaction { db in
      let pages = number.first == "(" ? try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0 : Int(number) ?? 0
      try db.execute(sql: "PRAGMA max_page_count = \(pages)")
    }
  }
}
