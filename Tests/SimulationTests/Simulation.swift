import Foundation
import GRDB
import MTProto
import NIOCore
import TL
import TelegramClient
import TestSupport

@testable import TGLCore

/// One run: a model of Telegram, a faulty way to the real program, a disk that fails, and an oracle that says afterwards
/// what should have come of it. The same seed gives the same run.
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
  var process: Process?
  private var image: String?
  private var keptImage: String?
  private var clockOffset: Duration = .zero
  private var lastArrival: Duration = .zero
  private var connection = 0
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  private(set) var faultsDone: [String: Int] = [:]
  private let isVerbose: Bool

  static let session = Result<SessionFile, any Error> { try SessionFile(path: Disk.base + "/user.session") }
  static let channelIDs: [Int64] = [600, 700, 800, ServerTruth.logChat]

  init(seed: UInt64, sabotage: Sabotage? = nil, isVerbose: Bool = false) throws {
    self.seed = seed
    self.sabotage = sabotage
    self.isVerbose = isVerbose
    random = SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    plan = Plan(&random)
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
    loop.holdDatabase = { [unowned self] in process?.gate.close() }
    loop.waitForDatabase = { [unowned self] in process?.waitForDatabase() }
  }

  // MARK: Chance and trace

  func roll(_ chance: Double) -> Bool { chance > 0 && Double.random(in: 0..<1, using: &random) < chance }

  /// A way through the network, in one direction.
  func latency() -> Duration { .milliseconds(Int.random(in: 2...120, using: &random)) }

  func commitDelay() -> Duration { .milliseconds(roll(0.1) ? Int.random(in: 20...900, using: &random) : 1) }

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
      let snapshot = try process.archive.pool.read { try Oracle.Snapshot($0) }
      oracle.check(server, logChat, snapshot)
      trace("\(snapshot.rows.count) \(snapshot.gaps.count) \(logChat.entries.count)")
      for row in snapshot.rows.values.sorted(by: { $0.key < $1.key }) { trace("\(row)") }
      process.isDead = true
      try bury(process)
    }
    return oracle.complaints
  }

  private var isScriptDone = false
  private var isCalm = false

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
      default: .seconds(Int.random(in: 1...900, using: &random))
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
    let process = try Process(world: self, path: disk.path, directory: disk.current)
    let state = try process.archive.pool.read { try StateTable.load($0) }
    trace("start \(state?.pts ?? -1)")
    oracle.started(from: state, afterPowerCut: afterPowerCut)
    self.process = process
    process.start()
    loop.after(.milliseconds(10)) { [weak process] in
      if let process, !process.isDead { process.startNotifier() }
    }
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
      roll(0.2) ? .seconds(Int.random(in: 10...7_200, using: &random)) : .milliseconds(Int.random(in: 1...5_000, using: &random))
    loop.after(pause) { [unowned self] in
      do { try startProcess(afterPowerCut: lostTail != nil) } catch { oracle.complain("no start: \(error)") }
    }
  }

  // MARK: The network

  func connect() {
    guard let process, !process.isDead, !process.isConnected else { return }
    trace("connected")
    process.isConnected = true
    process.deliver(Delivery(payload: .connected))
  }

  func disconnect(for pause: Duration) {
    process?.isConnected = false
    // What is on its way is lost.
    connection += 1
    loop.after(pause) { [unowned self] in connect() }
  }

  /// Lets something happen at the server, and tells the client of it if it can be told.
  func happen(_ change: (inout ServerTruth) -> TrueEvent?) {
    server.date = Int32(2_000_000_000 + loop.now.components.seconds)
    guard let event = change(&server) else { return }
    let channel = Self.channel(of: event, server)
    trace("\(event.pts) \(channel ?? 0)")
    waiting.append((event, channel))
    // Some are told together.
    if isCalm || roll(0.7) || waiting.count > 4 { flush() }
  }

  private var waiting: [(event: TrueEvent, channel: Int64?)] = []

  private static func channel(of event: TrueEvent, _ server: ServerTruth) -> Int64? {
    switch event.kind {
    case .new(let key), .edit(let key, _): key.channelID
    case .delete(let keys): keys.first?.channelID
    case .read: nil
    case .webPage: server.channels.first { $0.value.sequence.events.last?.pts == event.pts && isWebPage($0.value) }?.key
    }
  }

  private static func isWebPage(_ channel: ServerTruth.Channel) -> Bool {
    if case .webPage = channel.sequence.events.last?.kind { true } else { false }
  }

  private func flush() {
    let all = waiting.filter { entry in entry.channel.map { server.channels[$0]?.isMember ?? false } ?? true }
    waiting = []
    guard !all.isEmpty else { return }
    var deliveries: [Delivery] = []
    if all.count == 1, let short = short(all[0].event, all[0].channel) {
      deliveries = [short]
    } else {
      var told = all.map { server.update(for: $0.event, channel: $0.channel) }
      if roll(0.2) { told.shuffle(using: &random) }
      let chats = all.compactMap(\.channel).map { server.chat($0) } + server.chats(of: nil)
      let updates: API.AnyUpdates
      if roll(0.15) {
        // Numbered, with something that has no place in any other sequence.
        let first = server.seq + 1
        let status = API.UpdateUserStatus(userId: 1002, status: .userStatusEmpty(API.UserStatusEmpty()))
        let others: [API.AnyUpdate] = [.updateUserStatus(status)]
        if roll(0.5) {
          server.seq += 2
          updates = .updatesCombined(
            API.UpdatesCombined(
              updates: told.map(\.update) + others, users: ServerTruth.users, chats: chats, date: server.date,
              seqStart: first, seq: server.seq))
        } else {
          server.seq = first
          updates = .updates(
            API.Updates(
              updates: told.map(\.update) + others, users: ServerTruth.users, chats: chats, date: server.date,
              seq: first))
        }
      } else {
        updates = .updates(
          API.Updates(updates: told.map(\.update), users: ServerTruth.users, chats: chats, date: server.date, seq: 0))
      }
      deliveries = [Delivery(payload: .updates(updates), shown: told.flatMap(\.shown))]
    }
    for delivery in deliveries { push(delivery) }
  }

  /// The short forms, which private chats, basic groups and single updates may come in.
  private func short(_ event: TrueEvent, _ channel: Int64?) -> Delivery? {
    guard roll(0.5) else { return nil }
    let (update, shown) = server.update(for: event, channel: channel)
    let date = server.date
    guard case .new(let key) = event.kind, channel == nil, let message = server.messages[key] else {
      return Delivery(payload: .updates(.updateShort(API.UpdateShort(update: update, date: date))), shown: shown)
    }
    let text = message.versions[0].text
    if key.chat > 0 {
      let short = API.UpdateShortMessage(
        out: message.isOutgoing, id: key.id, userId: key.chat, message: text, pts: event.pts, ptsCount: event.count,
        date: message.date)
      return Delivery(payload: .updates(.updateShortMessage(short)), shown: shown)
    }
    let short = API.UpdateShortChatMessage(
      out: message.isOutgoing, id: key.id, fromId: message.isOutgoing ? ServerTruth.selfID : 1002, chatId: -key.chat,
      message: text, pts: event.pts, ptsCount: event.count, date: message.date)
    return Delivery(payload: .updates(.updateShortChatMessage(short)), shown: shown)
  }

  func push(_ delivery: Delivery) {
    guard let process, !process.isDead, process.isConnected else { return }
    if roll(plan.dropped) { return count("push dropped") }
    var delivery = delivery
    if roll(plan.unreadable) {
      count("push unreadable")
      delivery = Delivery(payload: .undecodable(ByteBuffer(bytes: [1, 2, 3, 4]), .trailingBytes(4)))
    }
    arrive(delivery)
    if roll(plan.doubled) {
      count("push doubled")
      arrive(delivery)
    }
  }

  private func arrive(_ delivery: Delivery) {
    var time = loop.now + latency()
    if roll(plan.late) {
      count("push late")
      time += .milliseconds(Int.random(in: 0...4_000, using: &random))
    } else {
      // Otherwise in the order they were sent.
      time = max(time, lastArrival)
      lastArrival = time
    }
    let connection = connection
    loop.after(time - loop.now) { [unowned self] in
      if connection == self.connection, let process, process.isConnected { process.deliver(delivery) }
    }
  }

  func count(_ fault: String) { faultsDone[fault, default: 0] += 1 }

  // MARK: Faults

  private var wantsPowerCut = false

  private func doFault(_ fault: Plan.Fault) {
    trace("fault \(fault)")
    count("\(fault)")
    switch fault {
    case .endNow: endProcess("at once")
    case .endBeforeCommit: process?.endsBeforeCommit = true
    case .endInsideCommit: armEnd(.inside)
    case .endBehindCommit: armEnd(.behind)
    case .powerCut: powerCut()
    case .busy: process?.lockDatabase(for: .milliseconds(Int.random(in: 100...8_000, using: &random)))
    case .diskFull: process?.fillDisk(for: .milliseconds(Int.random(in: 100...8_000, using: &random)))
    case .disconnect: disconnect(for: .milliseconds(Int.random(in: 10...60_000, using: &random)))
    case .serverRestart:
      disconnect(for: .milliseconds(Int.random(in: 500...5_000, using: &random)))
    case .longOutage: disconnect(for: .seconds(Int.random(in: 60...7_200, using: &random)))
    case .tooLong:
      let channel = Self.channelIDs.randomElement(using: &random).known
      let sequence = server.channels[channel]?.sequence
      if roll(0.5) {
        push(Delivery(payload: .updates(.updatesTooLong(API.UpdatesTooLong()))))
      } else if server.channels[channel]?.isMember == true {
        let tooLong = API.UpdateChannelTooLong(channelId: channel, pts: roll(0.5) ? sequence?.pts : nil)
        push(
          Delivery(
            payload: .updates(
              .updateShort(API.UpdateShort(update: .updateChannelTooLong(tooLong), date: server.date)))))
      }
    case .gap: process?.deliver(Delivery(payload: .gap))
    case .channelLost:
      let channel = [Int64(600), 700].randomElement(using: &random).known
      server.channels[channel]?.isMember = false
      loop.after(.seconds(Int.random(in: 1...3_600, using: &random))) { [unowned self] in
        server.channels[channel]?.isMember = true
      }
    case .clockJump: clockOffset += .seconds(Int.random(in: -600...600, using: &random))
    case .logChatClosed:
      logChatIsClosed = true
      loop.after(.seconds(Int.random(in: 1...3_600, using: &random))) { [unowned self] in logChatIsClosed = false }
    }
  }

  private func armEnd(_ moment: CommitWatch.Moment) {
    guard let process, !process.isDead, image == nil, let target = try? disk.newDirectory() else { return }
    image = target
    process.watch.arm(moment, image: target)
  }

  /// From now on commits may get lost; some time later the power goes.
  private func powerCut() {
    guard let process, !process.isDead, image == nil, let target = try? disk.newDirectory() else { return }
    process.watch.keepImage(at: target)
    let commits = process.watch.commits
    loop.after(.milliseconds(Int.random(in: 10...8_000, using: &random))) { [unowned self, weak process] in
      guard !isCalm, let process, process === self.process, !process.isDead, process.watch.commits > commits else { return }
      keptImage = target
      wantsPowerCut = true
      image = nil
      endProcess("power cut")
    }
  }
}
