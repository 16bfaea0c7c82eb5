import Foundation
import GRDB
import MTProto
import TelegramClient
import TestSupport

@testable import TGLCore

/// One run: a model of Telegram, a faulty way to the real program, a disk that fails, and an oracle.
///
/// The same seed gives the same run.
///
/// Unchecked: touched by the thread alone that calls `run`; see `VirtualLoop`.
final class Simulation: @unchecked Sendable {
  let seed: UInt64
  let sabotage: Sabotage?
  let loop = VirtualLoop()
  var random: SeededGenerator
  var plan: Plan
  var server: ServerTruth
  var logChat = LogChatTruth()
  var logChatIsClosed = false
  var oracle = Oracle()
  var disk: Disk
  /// Media, which outlives any process.
  let root: DataRoot
  var process: Process?
  /// What is on disk when the process has ended.
  var image: String?
  /// The same without the last commits.
  var keptImage: String?
  var wantsPowerCut = false
  /// Whether the log chat refused posts at any time.
  private let postsAreRefused: Bool
  var clockOffset: Duration = .zero
  /// Until then no push arrives, and the server may not know the state it is asked to go on from.
  var amnesiaEnd: Duration = .zero
  var lastArrival: Duration = .zero
  var connection = 0
  /// What is told together with what happens next.
  var waiting: [(event: TrueEvent, channel: Int64?)] = []
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  var faultsDone: [String: Int] = [:]
  private let isVerbose: Bool

  static let session = Result<SessionFile, any Error> { try SessionFile(path: Disk.base + "/user.session") }
  static let channelIDs: [Int64] = [600, 700, 800, ServerTruth.logChat]

  init(seed: UInt64, sabotage: Sabotage? = nil, isVerbose: Bool = false) throws {
    self.seed = seed
    self.sabotage = sabotage
    self.isVerbose = isVerbose
    random = SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    plan = Plan(&random)
    oracle.reconciles = plan.reconciliation.isOn
    postsAreRefused = plan.postFails > 0
    server = ServerTruth(
      pts: Int32.random(in: 1...1_000, using: &random), qts: Int32.random(in: 0...9, using: &random),
      seq: Int32.random(in: 1...9, using: &random))
    if Bool.random(using: &random) {
      server.limits.slice = Int.random(in: 1...30, using: &random)
      server.limits.channelSlice = Int.random(in: 1...30, using: &random)
    } else {
      server.limits.slice = 100_000
      server.limits.channelSlice = 100_000
      server.limits.editsWithinASecond = true
    }
    if Int.random(in: 0..<3, using: &random) == 0 {
      server.limits.tooLong = Int.random(in: 20...60, using: &random)
      server.limits.channelTooLong = Int.random(in: 8...40, using: &random)
    }
    for id in Self.channelIDs {
      server.channels[id] = ServerTruth.Channel(
        sequence: TrueSequence(pts: Int32.random(in: 1...50, using: &random)), isMember: id != 800,
        isBroadcast: id == 700)
    }
    disk = try Disk(root: "\(Disk.base)/\(seed)-\(sabotage?.rawValue ?? "")-\(UInt32.random(in: 0 ... .max))")
    root = try DataRoot(path: disk.root + "/data")
  }

  // MARK: Chance and trace

  func roll(_ chance: Double) -> Bool { chance > 0 && Double.random(in: 0..<1, using: &random) < chance }

  /// A way through the network, in one direction.
  func latency() -> Duration { .milliseconds(Int.random(in: 2...120, using: &random)) }

  func commitDelay() -> Duration { .milliseconds(roll(0.1) ? Int.random(in: 20...900, using: &random) : 1) }

  /// In seconds since 1970; the machine's clock is another.
  var telegramTime: Int32 { Int32(2_000_000_000 + loop.now.components.seconds) }

  var wallTime: Duration { .seconds(2_000_000_000) + loop.now + clockOffset }

  func trace(_ text: @autoclosure () -> String) {
    let line = "\(loop.now.components.seconds).\(loop.now.components.attoseconds / 1_000_000_000_000_000) \(text())"
    for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    if isVerbose { print(line) }
  }

  // MARK: The run

  /// Runs to the end and says what is wrong; empty when all is well.
  func run() throws -> [String] {
    defer { disk.remove() }
    try startProcess(afterPowerCut: false)
    schedule(0)
    while !isScriptDone { try step() }
    calm()
    while process?.isConnected != true { try step() }
    finish()
    let end = loop.now + .seconds(45 * 60)
    while loop.now < end { try step() }
    // The log chat may have been refused for long: notices wait up to a day, and clocks have jumped.
    let limit = loop.now + .seconds(4 * 86_400)
    while try outboxCount() > 0, loop.now < limit, oracle.complaints.isEmpty {
      let next = loop.now + .seconds(60)
      while loop.now < next { try step() }
    }
    if let process {
      server.date = telegramTime
      let snapshot = try process.archive.pool.read { try Oracle.Snapshot($0) }
      oracle.check(server, logChat, snapshot)
      oracle.checkFiles(server, logChat, snapshot, mayBeRefused: postsAreRefused)
      trace("\(snapshot.rows.count) \(snapshot.gaps.count) \(logChat.entries.count)")
      for row in snapshot.rows.values.sorted(by: { $0.key < $1.key }) { trace("\(row)") }
      process.isDead = true
      try bury(process)
    }
    return oracle.complaints
  }

  private var isScriptDone = false
  var isCalm = false

  private func step() throws {
    guard loop.step() else { throw Stuck() }
    if let process, process.isDead { try bury(process) }
    if !oracle.complaints.isEmpty { isScriptDone = true }
  }

  struct Stuck: Error {}

  private func outboxCount() throws -> Int {
    try process?.archive.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM outbox") ?? 0 } ?? 1
  }

  private func schedule(_ number: Int) {
    guard number < plan.actions else {
      isScriptDone = true
      return
    }
    let pause: Duration =
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6: .milliseconds(Int.random(in: 0...50, using: &random))
      case 6..<9: .milliseconds(Int.random(in: 0...3_000, using: &random))
      default: .seconds(Int.random(in: 1...(roll(plan.absence) ? 2 * 86_400 : 900), using: &random))
      }
    loop.after(pause) { [unowned self] in
      act()
      if roll(plan.fault), let fault = plan.faults.randomElement(using: &random) { doFault(fault) }
      schedule(number + 1)
    }
  }

  /// No more faults; everything is up again.
  private func calm() {
    trace("calm")
    isCalm = true
    amnesiaEnd = .zero
    plan.calm()
    logChatIsClosed = false
    process?.unlock()
    process?.endsBeforeCommit = false
    if let process, !process.isDead {
      process.watch.disarm()
      image = nil
    }
    for id in Self.channelIDs where server.channels[id]?.isMember == false { server.channels[id]?.isMember = true }
    loop.after(.seconds(1)) { [unowned self] in connect() }
  }

  private func finish() {
    // Something happens in each channel, so that those lost are heard of again.
    for (index, id) in Self.channelIDs.enumerated() {
      loop.after(.seconds(30 + index)) { [unowned self] in
        happen { $0.send(to: -1_000_000_000_000 - id, out: false, padding: 0) }
      }
    }
  }

  // MARK: The program's lives

  func startProcess(afterPowerCut: Bool) throws {
    let process = try Process(world: self, path: disk.path, directory: disk.current, root: root)
    let state = try process.archive.pool.read { try StateTable.load($0) }
    trace("start \(state?.pts ?? -1)")
    oracle.started(from: state, afterPowerCut: afterPowerCut)
    self.process = process
    try process.start()
    loop.after(latency()) { [unowned self] in connect() }
    loop.drain()
  }

  /// The process is gone; its disk is as it is now.
  func endProcess(_ reason: String) {
    guard let process, !process.isDead else { return }
    trace("end \(reason)")
    do {
      let target = try disk.newDirectory()
      try Disk.copy(from: disk.current, to: target)
      image = target
    } catch { oracle.complain("no image: \(error)") }
    process.isDead = true
  }

  private func bury(_ process: Process) throws {
    process.cancel()
    loop.drain()
    if process.unfinished != 0 { oracle.complain("\(process.unfinished) tasks outlive their process") }
    try process.close()
    self.process = nil
    connection += 1
    guard let image else { return }
    let lostTail = wantsPowerCut ? keptImage : nil
    disk.become(lostTail ?? image)
    self.image = nil
    keptImage = nil
    wantsPowerCut = false
    trace(lostTail == nil ? "ended" : "ended with lost commits")
    let pause: Duration =
      roll(0.2)
      ? .seconds(Int.random(in: 10...(roll(plan.absence * 3) ? 2 * 86_400 : 7_200), using: &random))
      : .milliseconds(Int.random(in: 1...5_000, using: &random))
    loop.after(pause) { [unowned self] in
      do { try startProcess(afterPowerCut: lostTail != nil) } catch { oracle.complain("no start: \(error)") }
    }
  }
}
