import Logging
import MTProto
import NIOCore
import Synchronization
import TL
import Testing

@testable import TelegramClient

/// A Telegram of a few canned answers, and updates the test puts in by hand.
private final class FakeSource: UpdateSource {
  private struct State {
    var payloads: [UpdatePayload] = []
    var waiter: CheckedContinuation<UpdatePayload?, Never>?
    var isFinished = false
    var taken = 0
    var refusals: [TelegramError] = []
    var differences: [Result<API.AnyUpdatesDifference, TelegramError>] = []
    var channelDifferences: [Result<API.AnyUpdatesChannelDifference, TelegramError>] = []
    var asked: [DifferenceRequest] = []
    var serverPts: Int32 = 100
    var stateQuestions = 0
  }

  private let state = Mutex(State())

  var taken: Int { state.withLock { $0.taken } }
  var asked: [DifferenceRequest] { state.withLock { $0.asked } }

  func push(_ payload: UpdatePayload) {
    state.withLock { state in
      if let waiter = state.waiter {
        state.waiter = nil
        state.taken += 1
        waiter.resume(returning: payload)
      } else {
        state.payloads.append(payload)
      }
    }
  }

  func finish() {
    state.withLock { state in
      state.isFinished = true
      state.waiter?.resume(returning: nil)
      state.waiter = nil
    }
  }

  /// Refuses the next call for the first state.
  func refuse(_ error: TelegramError) { state.withLock { $0.refusals.append(error) } }

  private func mayBeRefused() throws(TelegramError) {
    let refusal = state.withLock { $0.refusals.isEmpty ? nil : $0.refusals.removeFirst() }
    if let refusal { throw refusal }
  }

  func answer(_ difference: Result<API.AnyUpdatesDifference, TelegramError>) {
    state.withLock { $0.differences.append(difference) }
  }

  func answer(channel difference: Result<API.AnyUpdatesChannelDifference, TelegramError>) {
    state.withLock { $0.channelDifferences.append(difference) }
  }

  func nextUpdate() async -> UpdatePayload? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLock { state in
          if !state.payloads.isEmpty {
            state.taken += 1
            continuation.resume(returning: state.payloads.removeFirst())
          } else if state.isFinished || Task.isCancelled {
            continuation.resume(returning: nil)
          } else {
            state.waiter = continuation
          }
        }
      }
    } onCancel: {
      finish()
    }
  }

  func updatesState() async throws(TelegramError) -> API.UpdatesState {
    try mayBeRefused()
    return state.withLock { state in
      state.stateQuestions += 1
      return API.UpdatesState(pts: state.serverPts, qts: 0, date: 1, seq: 0, unreadCount: 0)
    }
  }

  func dialogs(from offset: DialogOffset) async throws(TelegramError) -> API.AnyMessagesDialogs {
    try mayBeRefused()
    let dialog = API.Dialog(
      peer: .peerChannel(API.PeerChannel(channelId: 5)), topMessage: 1, readInboxMaxId: 0, readOutboxMaxId: 0,
      unreadCount: 0, unreadMentionsCount: 0, unreadReactionsCount: 0, unreadPollVotesCount: 0,
      notifySettings: API.PeerNotifySettings(), pts: 50)
    return .messagesDialogs(API.MessagesDialogs(dialogs: [.dialog(dialog)], messages: [], chats: [], users: []))
  }

  func difference(
    pts: Int32, qts: Int32, date: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesDifference {
    let answer = state.withLock { state -> Result<API.AnyUpdatesDifference, TelegramError> in
      state.asked.append(.account(pts: pts, qts: qts, date: date, limit: limit))
      return state.differences.isEmpty
        ? .success(.updatesDifferenceEmpty(API.UpdatesDifferenceEmpty(date: date, seq: 0)))
        : state.differences.removeFirst()
    }
    return try answer.get()
  }

  func channelDifference(
    id: Int64, pts: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesChannelDifference {
    let answer = state.withLock { state -> Result<API.AnyUpdatesChannelDifference, TelegramError> in
      state.asked.append(.channel(id: id, pts: pts, limit: limit))
      return state.channelDifferences.isEmpty
        ? .success(.updatesChannelDifferenceEmpty(API.UpdatesChannelDifferenceEmpty(final: true, pts: pts)))
        : state.channelDifferences.removeFirst()
    }
    return try answer.get()
  }

  let clock = ManualClock()

  func now() -> Moment { Moment(uptime: clock.now.offset, unixTime: .seconds(1_800_000_000)) }

  func sleep(until uptime: Duration) async throws {
    try await clock.sleep(until: ManualClock.Instant(offset: uptime), tolerance: nil)
  }

  var stateQuestions: Int { state.withLock { $0.stateQuestions } }
  func setServer(pts: Int32) { state.withLock { $0.serverPts = pts } }

  /// Lets time pass as soon as somebody waits for just that long.
  func pass(_ duration: Duration) async {
    await until { clock.waits.contains(duration) }
    clock.advance(by: duration)
  }
}

/// An archive that can be held up.
private actor FakeSink: UpdateSink {
  private let stored: UpdatesState?
  private(set) var batches: [UpdateBatch] = []
  private(set) var isCaughtUp = false
  private(set) var beats = 0
  private(set) var kept: [ByteBuffer] = []
  private var isHeld: Bool
  private var waiting: CheckedContinuation<Void, Never>?

  /// Messages with these ids may wait.
  private let trifles: Set<Int32>

  init(stored: UpdatesState?, isHeld: Bool = false, trifles: Set<Int32> = []) {
    self.stored = stored
    self.isHeld = isHeld
    self.trifles = trifles
  }

  nonisolated func isUrgent(_ batch: UpdateBatch) -> Bool {
    batch.updates.contains { update in
      guard case .updateNewMessage(let new) = update, case .message(let message) = new.message else { return true }
      return !trifles.contains(message.id)
    }
  }

  func updatesState() -> UpdatesState? { stored }
  func keep(undecodable bytes: ByteBuffer) { kept.append(bytes) }
  func caughtUp() { isCaughtUp = true }
  func heartbeat() { beats += 1 }

  func commit(_ batch: UpdateBatch) async {
    if isHeld { await withCheckedContinuation { waiting = $0 } }
    batches.append(batch)
  }

  func hold() { isHeld = true }

  func letGo() {
    isHeld = false
    waiting?.resume()
    waiting = nil
  }

  var isWaiting: Bool { waiting != nil }
  var messages: Int { batches.reduce(0) { $0 + $1.updates.count } }
}

private func new(_ id: Int32, pts: Int32) -> UpdatePayload {
  let message = API.AnyMessage.message(
    API.Message(id: id, peerId: .peerUser(API.PeerUser(userId: 7)), date: 1, message: "m"))
  let update = API.AnyUpdate.updateNewMessage(API.UpdateNewMessage(message: message, pts: pts, ptsCount: 1))
  return .updates(.updates(API.Updates(updates: [update], users: [], chats: [], date: 2, seq: 0)))
}

/// Waits until `condition` holds; the test's own time limit ends it when it never does.
private func until(_ condition: () async -> Bool) async {
  while await !condition(), !Task.isCancelled { await Task.yield() }
}

@Suite(.timeLimit(.minutes(1))) struct UpdatePumpTests {
  private static let stored = UpdatesState(pts: 100, qts: 0, date: 1, seq: 0, channels: [5: 50])

  private func running<T: Sendable>(
    _ source: FakeSource, _ sink: FakeSink, _ body: () async throws -> T
  ) async throws -> T {
    let pump = UpdatePump(source: source, sink: sink, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    async let done: Void = pump.run()
    let result = try await body()
    source.finish()
    try await done
    return result
  }

  @Test func firstStartBeginsWithTheServersStateAndItsChannels() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: nil))
    try await running(source, sink) { await until { await sink.isCaughtUp } }
    let change = try #require(await sink.batches.first).stateChange
    #expect(change.account?.pts == 100)
    #expect(change.channels == [5: 50])
    #expect(source.asked.isEmpty)
  }

  @Test func firstStartOutlastsRefusals() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: nil))
    source.refuse(.floodWait(.seconds(30), method: "updates.getState"))
    source.refuse(.rpc(RPCError(code: 500, message: "INTERNAL"), method: "updates.getState"))
    try await running(source, sink) {
      await source.pass(.seconds(31))
      await source.pass(.seconds(4))
      await until { await sink.isCaughtUp }
    }
    #expect(await sink.batches.first?.stateChange.channels == [5: 50])
  }

  @Test func laterStartFetchesWhatWasMissed() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: Self.stored))
    try await running(source, sink) { await until { await sink.isCaughtUp } }
    #expect(Set(source.asked) == [.account(pts: 100, qts: 0, date: 1), .channel(id: 5, pts: 50)])
  }

  @Test func whatArrivesDuringACommitIsCommittedTogether() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: nil, isHeld: true))
    try await running(source, sink) {
      await until { await sink.isWaiting }
      await sink.letGo()
      await until { await sink.isCaughtUp }
      source.push(new(1, pts: 101))
      await until { await sink.messages == 1 }
    }
    #expect(await sink.batches.count == 2)
  }

  @Test func whatMayWaitIsCommittedWithWhatMayNot() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: nil, trifles: [1, 2]))
    try await running(source, sink) {
      await until { await sink.isCaughtUp }
      source.push(new(1, pts: 101))
      source.push(new(2, pts: 102))
      await until { source.clock.waits.contains(.seconds(1)) }
      #expect(await sink.messages == 0)
      source.push(new(3, pts: 103))
      await until { await sink.messages == 3 }
    }
    #expect(await sink.batches.last?.stateChange.account?.pts == 103)
  }

  @Test func whatMayWaitDoesNotWaitForLong() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: nil, trifles: [1]))
    try await running(source, sink) {
      await until { await sink.isCaughtUp }
      source.push(new(1, pts: 101))
      await source.pass(.seconds(1))
      await until { await sink.messages == 1 }
    }
  }

  @Test func slowArchiveStopsTheReadingAndLosesNothing() async throws {
    let (source, sink) = (FakeSource(), HeldSink())
    let pump = UpdatePump(source: source, sink: sink, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    for index in 0..<5_000 { source.push(new(Int32(index + 1), pts: Int32(101 + index))) }
    async let done: Void = pump.run()
    await until { source.taken >= 1_000 }
    // One commit is held up; past the limit nothing more is taken.
    for _ in 0..<5_000 { await Task.yield() }
    #expect(source.taken < 1_100)
    await sink.letGo()
    await until { await sink.messages == 5_000 }
    source.finish()
    try await done
    // What was put together meanwhile went in as one batch, not message by message.
    #expect(await sink.largestCommit >= 990)
  }

  /// A slice of a hundred messages of a channel.
  private static func slice(_ index: Int32, of count: Int32) -> API.AnyUpdatesChannelDifference {
    let ids = index * 100 + 1...index * 100 + 100
    return .updatesChannelDifference(
      API.UpdatesChannelDifference(
        final: index == count - 1, pts: 50 + ids.upperBound,
        newMessages: ids.map { id in
          .message(API.Message(id: id, peerId: .peerChannel(API.PeerChannel(channelId: 5)), date: 1, message: "m"))
        }, otherUpdates: [], chats: [], users: []))
  }

  @Test func slowArchiveStopsTheFetchingOfWhatWasMissed() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: Self.stored, isHeld: true))
    for index in Int32(0)..<60 { source.answer(channel: .success(Self.slice(index, of: 60))) }
    try await running(source, sink) {
      await until { await sink.isWaiting && source.asked.count >= 10 }
      for _ in 0..<5_000 { await Task.yield() }
      #expect(source.asked.count <= 15)
      await sink.letGo()
      await until { await sink.isCaughtUp }
    }
    #expect(await sink.messages == 6_000)
    #expect(source.asked.filter { $0 == .channel(id: 5, pts: 3_050) }.count == 1)
  }

  @Test func streamThatDriedUpIsFoundByAskingWhereTheServerIs() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: nil))
    try await running(source, sink) {
      await until { await sink.isCaughtUp }
      source.setServer(pts: 107)
      await source.pass(.seconds(180))
      await until { source.stateQuestions == 2 }
      // It may have been on its way: asked once more before anything is made of it.
      #expect(source.asked.isEmpty)
      await source.pass(.seconds(2))
      await until { !source.asked.isEmpty }
    }
    #expect(source.asked.first == .account(pts: 100, qts: 0, date: 1))
  }

  @Test func updateThatWasOnItsWayIsNoStall() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: nil))
    try await running(source, sink) {
      await until { await sink.isCaughtUp }
      source.setServer(pts: 101)
      await source.pass(.seconds(180))
      await until { source.stateQuestions == 2 }
      source.push(new(1, pts: 101))
      await until { await sink.messages == 1 }
      await source.pass(.seconds(2))
      await until { source.stateQuestions == 3 }
    }
    #expect(source.asked.isEmpty)
  }

  @Test func quietStreamIsAskedForAgainAndAgain() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: nil))
    try await running(source, sink) {
      await until { await sink.isCaughtUp }
      for round in 2...4 {
        await source.pass(.seconds(180))
        await until { source.stateQuestions == round }
      }
    }
    #expect(source.asked.isEmpty)
  }

  @Test func unreadableUpdateIsKeptAndAskedFor() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: nil))
    try await running(source, sink) {
      await until { await sink.isCaughtUp }
      source.push(.undecodable(ByteBuffer(bytes: [1, 2, 3, 4]), .trailingBytes(4)))
      await until { !source.asked.isEmpty }
    }
    #expect(await sink.kept == [ByteBuffer(bytes: [1, 2, 3, 4])])
  }

  @Test func lostChannelIsNotAskedForAgain() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: Self.stored))
    source.answer(
      channel: .failure(.rpc(RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: "updates.getChannelDifference")))
    try await running(source, sink) { await until { await sink.isCaughtUp } }
    #expect(await sink.batches.contains { $0.stateChange.channels[5] == .some(nil) })
  }

  @Test(arguments: [
    (400, "MSG_ID_INVALID"), (403, "NOBODY_KNOWS_THIS"), (400, "PERSISTENT_TIMESTAMP_EMPTY"), (406, "CHANNEL_PRIVATE"),
  ])
  func oneChannelThatIsRefusedDoesNotKeepTheServiceFromBeingReady(code: Int, name: String) async throws {
    let state = UpdatesState(pts: 100, qts: 0, date: 1, seq: 0, channels: [5: 50, 6: 60])
    let (source, sink) = (FakeSource(), FakeSink(stored: state))
    for _ in 0..<60 {
      let refusal = RPCError(code: Int32(code), message: name)
      source.answer(channel: .failure(.rpc(refusal, method: "updates.getChannelDifference")))
    }
    try await running(source, sink) { await until { await sink.isCaughtUp } }
    #expect(source.asked.filter { if case .channel = $0 { true } else { false } }.count == 2)
    let setAside = await sink.batches.flatMap(\.setAside)
    #expect(Set(setAside.map(\.channelID)) == [5, 6])
    #expect(await Set(sink.batches.flatMap(\.gaps).map(\.fromPts)) == [50, 60])
  }

  @Test func channelTheServerFailsToAnswerForIsSetAsideInTheEnd() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: Self.stored))
    for _ in 0..<60 {
      let failure = RPCError(code: 500, message: "HISTORY_GET_FAILED")
      source.answer(channel: .failure(.rpc(failure, method: "updates.getChannelDifference")))
    }
    try await running(source, sink) {
      await until {
        source.clock.advance(by: .seconds(1))
        return await sink.isCaughtUp
      }
    }
    #expect(source.asked.filter { if case .channel = $0 { true } else { false } }.count == 10)
    #expect(await sink.batches.flatMap(\.setAside).map(\.channelID) == [5])
  }

  @Test func channelThatWasLeftIsNotSetAside() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: Self.stored, isHeld: true))
    let left = API.AnyChat.channelForbidden(API.ChannelForbidden(id: 5, accessHash: 1, title: "Team"))
    source.answer(
      .success(
        .updatesDifference(
          .init(
            newMessages: [], newEncryptedMessages: [], otherUpdates: [], chats: [left], users: [],
            state: .init(pts: 101, qts: 0, date: 1, seq: 0, unreadCount: 0)))))
    source.answer(
      channel: .failure(.rpc(RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: "updates.getChannelDifference")))
    try await running(source, sink) {
      await until { await sink.isWaiting }
      await sink.letGo()
      await until { await sink.isCaughtUp }
    }
    // Whichever was heard of first: in the end it is no longer set aside.
    let batches = await sink.batches
    let last = batches.lastIndex { !$0.setAside.isEmpty } ?? -1
    #expect(last < 0 || batches[last...].contains { $0.answered.contains(5) })
  }

  @Test(arguments: [(400, "PERSISTENT_TIMESTAMP_EMPTY"), (400, "MSG_ID_INVALID"), (403, "NOBODY_KNOWS_THIS")])
  func refusedDifferenceStartsAnewFromTheServersState(code: Int, name: String) async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: Self.stored))
    source.setServer(pts: 4_000)
    source.answer(.failure(.rpc(RPCError(code: Int32(code), message: name), method: "updates.getDifference")))
    try await running(source, sink) { await until { await sink.isCaughtUp } }
    #expect(await sink.batches.contains { $0.stateChange.account?.pts == 4_000 })
    #expect(await sink.batches.flatMap(\.gaps).contains { $0.channelID == nil && $0.fromPts == 100 })
  }

  @Test func eventThatCannotBeReadIsSteppedOverAndItsBytesGoToTheSink() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: Self.stored))
    let bytes = ByteBuffer(bytes: [9, 9, 9, 9])
    let failure = TelegramError.decoding(
      .unexpectedConstructor(9, offset: 0), method: "updates.getDifference", answer: bytes)
    // 100, 50, 25, 12, 6, 3, 1.
    for _ in 0..<7 { source.answer(.failure(failure)) }
    try await running(source, sink) { await until { await sink.isCaughtUp } }
    let limits = source.asked.compactMap { request -> Int32?? in
      if case .account(_, _, _, let limit) = request { .some(limit) } else { nil }
    }
    #expect(limits == [nil, 50, 25, 12, 6, 3, 1, nil])
    let event = try #require(await sink.batches.flatMap(\.setAside).first)
    guard case .unreadable(let kept, _) = event.cause else {
      Issue.record("\(event.cause)")
      return
    }
    #expect(kept == bytes && event.pts == 100)
    #expect(await sink.batches.contains { $0.stateChange.account?.pts == 101 })
  }

  @Test func endedSessionEndsThePump() async throws {
    let (source, sink) = (FakeSource(), FakeSink(stored: Self.stored))
    source.answer(.failure(.unauthorized("AUTH_KEY_UNREGISTERED")))
    let pump = UpdatePump(source: source, sink: sink, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    await #expect(throws: TelegramError.self) { try await pump.run() }
  }

  @Test func stateTheServerDoesNotKnowStartsAnewWithAGap() async throws {
    let stored = UpdatesState(pts: 5_000, qts: 0, date: 1, seq: 0)
    let (source, sink) = (FakeSource(), FakeSink(stored: stored))
    let refusal = RPCError(code: 400, message: "PERSISTENT_TIMESTAMP_INVALID")
    source.answer(.failure(.rpc(refusal, method: "updates.getDifference")))
    try await running(source, sink) { await until { await sink.isCaughtUp } }
    let gaps = await sink.batches.flatMap(\.gaps)
    #expect(gaps == [UpdateGap(channelID: nil, fromPts: 5_000, toPts: 100, reason: .tooLong)])
  }

  /// Each moment somebody waits for is waited for once, however often another came before it.
  @Test func whatIsWaitedForDoesNotPileUp() async throws {
    let source = FakeSource()
    let sink = FakeSink(stored: nil)
    let pump = UpdatePump(
      source: source, sink: sink, heartbeat: .seconds(15),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await pump.run() }
      for round in 1...40 {
        await until { await sink.beats == round }
        await source.pass(.seconds(15))
      }
      await until { await sink.beats == 41 }
      await until { source.clock.waits.contains(.seconds(15)) }
      #expect(source.clock.waits.count <= 4, "\(source.clock.waits)")
      group.cancelAll()
    }
  }

  @Test func theWayIsTriedWhileNothingHappensAndNotBesideACommit() async throws {
    let source = FakeSource()
    let sink = FakeSink(stored: nil)
    let pump = UpdatePump(
      source: source, sink: sink, heartbeat: .seconds(15),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await pump.run() }
      await until { await sink.beats == 1 }
      await source.pass(.seconds(15))
      await until { await sink.beats == 2 }
      // A commit that does not end is no sign of life, and none beside it.
      await sink.hold()
      source.push(new(1, pts: 101))
      await until { await sink.isWaiting }
      #expect(pump.backlog.since != nil)
      let behindSince = pump.backlog.since
      source.clock.advance(by: .seconds(3_600))
      source.push(new(2, pts: 102))
      await until { source.taken == 2 }
      #expect(await sink.beats == 2)
      #expect(pump.backlog.since == behindSince && pump.backlog.lastProgress == behindSince)
      await sink.letGo()
      await until { await sink.beats == 3 && pump.backlog.since == nil }
      group.cancelAll()
    }
  }
}

/// An archive whose second commit waits until it is let go.
private actor HeldSink: UpdateSink {
  private(set) var messages = 0
  private(set) var commits = 0
  private(set) var largestCommit = 0
  private var isFree = false
  private var waiting: CheckedContinuation<Void, Never>?

  func updatesState() -> UpdatesState? { nil }
  func keep(undecodable bytes: ByteBuffer) {}
  func caughtUp() {}
  func heartbeat() {}

  func commit(_ batch: UpdateBatch) async {
    if commits > 0, !isFree { await withCheckedContinuation { waiting = $0 } }
    commits += 1
    messages += batch.updates.count
    largestCommit = max(largestCommit, batch.updates.count)
  }

  func letGo() {
    isFree = true
    waiting?.resume()
    waiting = nil
  }
}
