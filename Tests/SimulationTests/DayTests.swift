import Foundation
import GRDB
import Logging
import MTProto
import Synchronization
import TL
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

/// A day of the service on a clock that jumps: what it takes at its end is what it took at its beginning.
///
/// What the process takes is measured, so nothing may run beside it: `make simulate` runs it by itself.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["TGL_DAY"] != nil)) struct DayTests {
  @Test func aDayTakesNoMoreMemoryDescriptorsOrLogThanItsFirstHours() async throws {
    let hours = try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try Day().run() }) }
    }
    print("| hour | messages | notices | anonymous KiB | descriptors | WAL KiB | database KiB | health |")
    print("|---:|---:|---:|---:|---:|---:|---:|---|")
    for (number, hour) in hours.enumerated() {
      print(
        "| \(number + 1) | \(hour.messages) | \(hour.posted) | \(hour.usage.anonymousBytes / 1_024) "
          + "| \(hour.usage.openDescriptors) | \(hour.log / 1_024) | \(hour.database / 1_024) | \(hour.health) |")
    }
    #expect(hours.count == 24)
    #expect(hours.allSatisfy { $0.health == "ok" })
    // By then everything has happened that happens, and SQLite's page caches are full.
    let (early, late) = (hours[11..<14], hours[21..<24])
    func most(_ hours: ArraySlice<Day.Hour>, _ value: (Day.Hour) -> Int64) -> Int64 { hours.map(value).max() ?? 0 }
    #expect(
      // A connection more may be opened, with its cache.
      most(late) { $0.usage.anonymousBytes } <= most(early) { $0.usage.anonymousBytes } + 2 * 1_048_576,
      "memory grows")
    #expect(
      most(late) { Int64($0.usage.openDescriptors) } <= most(early) { Int64($0.usage.openDescriptors) } + 2,
      "descriptors are not given back")
    #expect(hours.allSatisfy { $0.log <= 8 * 1_048_576 }, "the write-ahead log is not bounded")
    let last = try #require(hours.last)
    #expect(last.waiting == 0 && last.posted > 100 && last.messages > 10_000)
    #expect(last.isWhole, "what was sent is not what was kept")
  }
}

/// Everything `tgl run` does but the network and media, and a Telegram that keeps no record.
///
/// Unchecked: touched by the thread alone that calls `run`; see `VirtualLoop`.
private final class Day: @unchecked Sendable {
  struct Hour {
    var messages = 0
    var posted = 0
    var waiting = 0
    var usage = ProcessUsage()
    var log: Int64 = 0
    var database: Int64 = 0
    var health = ""
    var isWhole = false
  }

  let loop = VirtualLoop()
  private let folder: String
  private let archive: Archive
  private let vitals: ServiceVitals
  private var random = SeededGenerator(seed: 24)
  private var running: [Task<Void, Never>] = []
  private var failures: [String] = []
  fileprivate var feed: [UpdatePayload] = []
  fileprivate var waiter: CheckedContinuation<UpdatePayload?, Never>?
  fileprivate let posted = Mutex(0)

  // What there has been, in numbers.
  fileprivate var pts: Int32 = 1
  private var lastID: Int32 = 0
  private var deleted: Set<Int32> = []
  private var deletions = 0
  private var isQuiet = false
  private var isOver = false

  init() throws {
    folder = NSTemporaryDirectory() + "tgl-day-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    archive = try Archive.open(at: folder + "/messages.db")
    let start = ContinuousClock.now
    vitals = ServiceVitals(now: { [loop] in start + loop.now }, wallClock: { [loop] in Day.wallTime(loop) })
  }

  static func wallTime(_ loop: VirtualLoop) -> Int64 { 2_000_000_000 + loop.now.components.seconds }

  func run() throws -> [Hour] {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let root = try DataRoot(path: folder + "/data")
    let logger = Logger(label: "day") { _ in SwiftLogNoOpLogHandler() }
    let time = ServiceTime(
      now: { [loop] in Self.wallTime(loop) },
      sleep: { [loop] duration in if await !loop.sleep(duration) { throw CancellationError() } })
    let store = MediaStore(root: root, key: nil, minimumFree: 0)
    let notifier = Notifier(
      archive: archive, chat: CountingChat(day: self), temporaryDirectory: folder, time: time, logger: logger)
    let recorder = Recorder(
      policy: RecorderPolicy(
        selfID: PeerID(kind: .user, bareID: 1).known, logChat: PeerID(kind: .channel, bareID: 9).known))
    let housekeeping = Housekeeping(
      archive: archive, root: root,
      settings: try RetentionSettings(SettingsSource(environment: [SettingsCatalog.persistUser.name: "2"])),
      time: time, logger: logger)
    let pulse = ServicePulse(vitals: vitals, systemd: SystemdNotifier(environment: [:]))
    let sink = ArchiveSink(
      archive: archive, session: try SessionFile(path: folder + "/user.session"), recorder: recorder,
      policy: NoticePolicy(edited: true), recorded: { _ in notifier.wake() }, housekeeping: housekeeping, pulse: pulse,
      logger: logger, time: time)
    let pump = UpdatePump(source: DaySource(day: self), sink: sink, heartbeat: pulse.heartbeat, logger: logger)
    let monitor = HealthMonitor(
      vitals: vitals, storage: StorageHealth(time: time),
      limits: HealthFacts.Limits(errorWindow: .seconds(300), housekeeping: .seconds(900), stall: .seconds(120)),
      version: "day")
    let loop = loop
    vitals.note(.connected)
    live("pump") { try await pump.run() }
    live("notifier") { try await notifier.run() }
    live("housekeeping") { try await housekeeping.run() }
    live("watching") { [archive] in
      await monitor.watch(
        HealthMonitor.Parts(archive: archive, store: store, housekeeping: housekeeping, notifier: notifier) {
          let now = loop.now
          return pump.backlog.since.map { (now - $0, now - pump.backlog.lastProgress) } ?? (.zero, .zero)
        })
      while await loop.sleep(.seconds(3_600)) {}
    }
    // The session file is read by a thread that the loop does not wait for.
    while !vitals.current.isReady {
      usleep(1_000)
      loop.drain()
    }
    happen()
    loop.after(.seconds(600)) { [unowned self] in breakConnection() }
    var hours: [Hour] = []
    let start = loop.now
    for number in 1...24 {
      try pass(start + .seconds(3_600 * number))
      if number == 24 {
        // What was sent last arrives.
        isQuiet = true
        try pass(loop.now + .seconds(60))
      }
      hours.append(try measure(monitor))
    }
    isOver = true
    for task in running { task.cancel() }
    loop.drain()
    try archive.close()
    if let failure = failures.first { throw DayError(description: failure) }
    return hours
  }

  private func pass(_ end: Duration) throws {
    while loop.now < end { guard loop.step() else { throw Simulation.Stuck() } }
  }

  private struct DayError: Error, CustomStringConvertible { var description: String }

  private func live(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    let turns = DiskTurns(
      turn: { _ in },
      sleep: { [loop] duration in if await !loop.sleep(duration) { throw CancellationError() } })
    running.append(
      DiskTurns.$current.withValue(turns) {
        Task(executorPreference: VirtualLoop.Lane(loop)) {
          do { try await body() } catch { if !self.isOver { self.failures.append("\(name): \(error)") } }
        }
      })
  }

  private func measure(_ monitor: HealthMonitor) throws -> Hour {
    var hour = Hour(posted: posted.withLock { $0 })
    let report = Mutex<HealthReport?>(nil)
    // Not on the loop, whose time stands still meanwhile.
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      let found = await monitor.snapshot().report
      report.withLock { $0 = found }
      done.signal()
    }
    done.wait()
    hour.health = report.withLock { $0.map { $0.status == .ok ? "ok" : $0.lastErrorMessage ?? "error" } } ?? "none"
    (hour.messages, hour.waiting, hour.isWhole) = try archive.pool.read { db in
      let messages = try Int.fetchOne(db, sql: "SELECT count(*) FROM message") ?? 0
      let gone = try Int.fetchOne(db, sql: "SELECT count(*) FROM message WHERE deleted_at IS NOT NULL") ?? 0
      let waiting = try Int.fetchOne(db, sql: "SELECT count(*) FROM outbox") ?? 0
      return (messages, waiting, messages == Int(lastID) && gone == deletions)
    }
    hour.log = FileStatus(archive.path + "-wal")?.size ?? 0
    hour.database = FileStatus(archive.path)?.size ?? 0
    hour.usage = ProcessUsage.now()
    return hour
  }

  // MARK: What happens

  private func happen() {
    guard !isQuiet else { return }
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<85:
      lastID += 1
      push { .updateNewMessage(API.UpdateNewMessage(message: self.message(self.lastID), pts: $0, ptsCount: 1)) }
    case 85..<95:
      guard let id = recent() else { break }
      push {
        .updateEditMessage(
          API.UpdateEditMessage(message: self.message(id, editedAt: self.date), pts: $0, ptsCount: 1))
      }
    default:
      guard let id = recent() else { break }
      deleted.insert(id)
      deletions += 1
      // Nobody speaks of the oldest any more.
      deleted = deleted.filter { $0 > lastID - 200 }
      push { .updateDeleteMessages(API.UpdateDeleteMessages(messages: [id], pts: $0, ptsCount: 1)) }
    }
    loop.after(.milliseconds(Int.random(in: 100...10_000, using: &random))) { [unowned self] in happen() }
  }

  /// A new connection, after which the difference is asked for.
  private func breakConnection() {
    vitals.note(.connecting)
    loop.after(.seconds(2)) { [unowned self] in
      vitals.note(.connected)
      deliver(.connected)
    }
    loop.after(.seconds(600)) { [unowned self] in breakConnection() }
  }

  private var date: Int32 { Int32(clamping: Self.wallTime(loop)) }

  private func recent() -> Int32? {
    guard lastID > 0 else { return nil }
    let id = Int32.random(in: max(1, lastID - 150)...lastID, using: &random)
    return deleted.contains(id) ? nil : id
  }

  private func message(_ id: Int32, editedAt: Int32? = nil) -> API.AnyMessage {
    .message(
      API.Message(
        id: id, fromId: .peerUser(API.PeerUser(userId: 2)), peerId: .peerUser(API.PeerUser(userId: 2)), date: date,
        message: "\(id) \(editedAt ?? 0) " + String(repeating: "word ", count: Int(id % 40)), editDate: editedAt))
  }

  private func push(_ update: (Int32) -> API.AnyUpdate) {
    pts += 1
    deliver(
      .updates(
        .updates(
          API.Updates(
            updates: [update(pts)], users: [.user(API.User(id: 2, accessHash: 3, firstName: "Bob"))], chats: [],
            date: date, seq: 0))))
  }

  private func deliver(_ payload: UpdatePayload) {
    if let waiter {
      self.waiter = nil
      waiter.resume(returning: payload)
    } else {
      feed.append(payload)
    }
  }
}

private struct DaySource: UpdateSource {
  let day: Day

  func nextUpdate() async -> UpdatePayload? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled { return continuation.resume(returning: nil) }
        if day.feed.isEmpty {
          day.waiter = continuation
        } else {
          continuation.resume(returning: day.feed.removeFirst())
        }
      }
    } onCancel: {
      day.waiter?.resume(returning: nil)
      day.waiter = nil
    }
  }

  private var state: API.UpdatesState {
    API.UpdatesState(pts: day.pts, qts: 0, date: 2_000_000_000, seq: 0, unreadCount: 0)
  }

  func updatesState() async throws(TelegramError) -> API.UpdatesState { state }

  func dialogs(from offset: DialogOffset) async throws(TelegramError) -> API.AnyMessagesDialogs {
    .messagesDialogs(API.MessagesDialogs(dialogs: [], messages: [], chats: [], users: []))
  }

  /// Everything has been pushed.
  func difference(
    pts: Int32, qts: Int32, date: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesDifference {
    .updatesDifferenceEmpty(API.UpdatesDifferenceEmpty(date: 2_000_000_000, seq: 0))
  }

  func channelDifference(
    id: Int64, pts: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesChannelDifference {
    .updatesChannelDifferenceEmpty(API.UpdatesChannelDifferenceEmpty(final: true, pts: pts))
  }

  func now() -> Moment { Moment(uptime: day.loop.now, unixTime: .seconds(Day.wallTime(day.loop))) }

  func sleep(until uptime: Duration) async throws {
    guard await day.loop.sleep(uptime - day.loop.now) else { throw CancellationError() }
  }
}

/// Takes every post and keeps none.
private struct CountingChat: LogChat {
  let day: Day

  private func count() -> Int64? {
    day.posted.withLock { $0 += 1 }
    return nil
  }

  func send(_ post: Post, randomID: Int64) async throws(LogChatError) -> Int64? { count() }
  func sendFile(_ file: LogChatFile, randomID: Int64) async throws(LogChatError) -> Int64? { count() }
  func upload(_ media: [LogChatMedia]) async throws(LogChatError) -> UploadedMedia { UploadedMedia(media: media) }
  func sendMedia(_ media: UploadedMedia, caption: Post, randomIDs: [Int64]) async throws(LogChatError) -> Int64? {
    count()
  }
}
