import Foundation
import GRDB
import Logging
import MTProto
import Synchronization
import TL
import TelegramClient
import Testing

@testable import TGLCore

/// Telegram as it would answer now.
private final class FakeTelegram: MessageSource {
  struct State {
    var messages: [MessageScope: [Int64: API.AnyMessage]] = [:]
    var hidden: Int64 = 0
    /// Ids it does not speak of in its answers.
    var silent: Set<Int64> = []
    var failures: [TelegramError] = []
    /// Whether asking for messages by their ids is not answered.
    var isComparingOff = false
    var unreadable: Set<PeerID> = []
    var asked: [[Int64]] = []
    var histories: [(chat: PeerID, below: Int64, limit: Int)] = []
  }

  let state = Mutex(State())

  var asked: [[Int64]] { state.withLock { $0.asked } }

  func put(_ messages: API.AnyMessage...) {
    state.withLock { state in
      for message in messages {
        guard let chat = message.chatID, let id = message.messageID else { continue }
        state.messages[scope(of: chat), default: [:]][id] = message
      }
    }
  }

  func remove(_ ids: Int64..., from scope: MessageScope = .common) {
    state.withLock { state in for id in ids { state.messages[scope]?[id] = nil } }
  }

  private func scope(of chat: PeerID) -> MessageScope { chat.kind == .channel ? .channel(chat) : .common }

  private func failing() throws(TelegramError) {
    if let error = state.withLock({ $0.failures.isEmpty ? nil : $0.failures.removeFirst() }) { throw error }
  }

  func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages {
    try failing()
    if state.withLock({ $0.isComparingOff }) { throw .timeout(method: "messages.getMessages") }
    return state.withLock { state in
      state.asked.append(ids)
      return FetchedMessages(
        messages: ids.filter { !state.silent.contains($0) }.map { id in
          state.messages[scope]?[id] ?? .messageEmpty(API.MessageEmpty(id: Int32(id)))
        }, users: People.users, chats: People.chats)
    }
  }

  func history(of chat: PeerID, below id: Int64, limit: Int) async throws(TelegramError) -> FetchedMessages {
    try failing()
    if state.withLock({ $0.unreadable.contains(chat) }) {
      throw .rpc(RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: "messages.getHistory")
    }
    return state.withLock { state in
      state.histories.append((chat, id, limit))
      let all = (state.messages[scope(of: chat)] ?? [:]).filter { $0.value.chatID == chat }
      let page = all.keys.sorted(by: >).filter { id == 0 || $0 < id }.prefix(limit)
      return FetchedMessages(messages: page.compactMap { all[$0] }, users: People.users, chats: People.chats)
    }
  }

  func hiddenMessages(in channel: PeerID) async throws(TelegramError) -> Int64 {
    try failing()
    return state.withLock { $0.hidden }
  }

  func dialogs(from offset: DialogOffset) async throws(TelegramError) -> API.AnyMessagesDialogs {
    try failing()
    let all = state.withLock { $0.messages.values.flatMap(\.values) }
    let tops = Dictionary(grouping: all, by: \.chatID).compactMap { chat, messages -> API.AnyDialog? in
      guard let chat, let top = messages.compactMap(\.messageID).max() else { return nil }
      let peer: API.AnyPeer =
        switch chat.kind {
        case .user: Make.user(chat.bareID)
        case .basicGroup: Make.group(chat.bareID)
        case .channel: Make.channel(chat.bareID)
        }
      return .dialog(
        API.Dialog(
          peer: peer, topMessage: Int32(top), readInboxMaxId: 0, readOutboxMaxId: 0, unreadCount: 0,
          unreadMentionsCount: 0, unreadReactionsCount: 0, unreadPollVotesCount: 0,
          notifySettings: API.PeerNotifySettings()))
    }
    return .messagesDialogs(API.MessagesDialogs(dialogs: tops, messages: [], chats: People.chats, users: People.users))
  }
}

@Suite final class ReconcilerTests: Sendable {
  private static let team = PeerID.channel(600).require
  private static let teamScope = MessageScope.channel(team)
  private static let started: Int64 = 1_900_000_100

  private let fixture: ArchiveFixture
  private let telegram = FakeTelegram()
  private let clock = Mutex<Int64>(started)
  private let onSleep = Mutex<(@Sendable (Duration) async throws -> Void)?>(nil)

  init() throws { fixture = try ArchiveFixture() }

  /// Runs a reconciler on a clock that moves when it sleeps, until something is so.
  private func run(
    interval: Int = 30, window: Int = 48, backfill: Int = 0, chats: Set<PeerID>? = nil,
    until isDone: @escaping @Sendable (Int64) async throws -> Bool
  ) async throws {
    let reconciler = Reconciler(
      source: telegram, archive: fixture.archive, recorder: fixture.recorder, notices: NoticePolicy(edited: true),
      policy: Reconciler.Policy(
        reconciliation: Settings.Reconciliation(
          interval: .seconds(60 * interval), window: .seconds(3_600 * window), requestsPerMinute: 10),
        backfill: Settings.Backfill(messagesPerChat: backfill, chats: chats),
        excluded: [ArchiveFixture.logChat]),
      recorded: { _ in },
      time: ServiceTime(
        now: { self.clock.withLock { $0 } },
        sleep: { duration in
          try Task.checkCancellation()
          try await self.onSleep.withLock { $0 }?(duration)
          self.clock.withLock { $0 += max(duration.components.seconds, 1) }
        }), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    reconciler.caughtUp()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await reconciler.run() }
      group.addTask {
        while try await !isDone(self.clock.withLock { $0 }) { try await Task.sleep(for: .milliseconds(1)) }
      }
      try await group.next()
      group.cancelAll()
    }
  }

  private func run(rounds: Int, window: Int = 48) async throws {
    let end = clock.withLock { $0 } + Int64(rounds) * 1_800
    try await run(window: window) { now in now > end }
  }

  /// Keeps messages that Telegram has too.
  private func keep(_ messages: API.AnyMessage...) async throws {
    for message in messages { telegram.put(message) }
    try await fixture.receive(
      messages.map { $0.chatID?.kind == .channel ? Make.newInChannel($0) : Make.new($0) },
      state: UpdatesStateChange(
        account: UpdatesState(pts: 1, qts: 0, date: 1, seq: 0), channels: [600: .some(1)]), now: Self.started)
  }

  @Test func silentDeletionIsFoundAndToldOnceWithItsSpan() async throws {
    try await keep(Make.message(5, in: Make.user(1002), "kept"), Make.message(6, in: Make.user(1002), "taken back"))
    telegram.remove(6)
    try await run { _ in try await self.fixture.archive.counts().deleted > 0 }
    let notices = try await fixture.notices()
    #expect(notices.map(\.text.text) == ["taken back"])
    #expect(notices.first?.lastSeenAt == Self.started)
    let text = NoticeRenderer(timeZone: TimeZone(secondsFromGMT: 0).require).posts(for: try #require(notices.first))
      .first?.content.text
    #expect(text?.contains("Deleted: between 2030-03-17 17:48:20 UTC and 2030-03-17") == true)
    #expect(text?.contains("(found missing)") == true)
    try await run(rounds: 3)
    #expect(try await fixture.notices().count == 1)
  }

  @Test func whatWasThereAtTheLastComparisonVanishedAfterIt() async throws {
    try await keep(Make.message(5, in: Make.user(1002), "seen again"))
    try await run(rounds: 2)
    let compared = clock.withLock { $0 }
    telegram.remove(5)
    try await run { _ in try await self.fixture.archive.counts().deleted > 0 }
    let seen = try #require(try await fixture.notices().first?.lastSeenAt)
    #expect(seen > Self.started && seen <= compared)
  }

  @Test func changedTextBecomesAVersionAndANotice() async throws {
    try await keep(Make.message(5, in: Make.user(1002), "before"))
    telegram.put(Make.message(5, in: Make.user(1002), "after", editDate: 1_900_000_050))
    try await run { _ in try await self.fixture.archive.counts().versions > 0 }
    let notice = try #require(try await fixture.notices().first)
    #expect(notice.event == .edited && notice.before?.text == "before" && notice.text.text == "after")
  }

  @Test func whatArrivesAsAnUpdateMeanwhileIsToldOnce() async throws {
    try await keep(
      Make.message(5, in: Make.user(1002), "deleted just now"), Make.message(6, in: Make.user(1002), "first"))
    telegram.remove(5)
    telegram.put(Make.message(6, in: Make.user(1002), "third", editDate: 1_900_000_060))
    let fixture = fixture
    onSleep.withLock {
      $0 = { _ in
        try await fixture.receive([
          Make.delete([5]), Make.edit(Make.message(6, in: Make.user(1002), "second", editDate: 1_900_000_050)),
          Make.edit(Make.message(6, in: Make.user(1002), "third", editDate: 1_900_000_060)),
        ])
      }
    }
    try await run(rounds: 2)
    #expect(try await fixture.notices().map(\.text.text) == ["deleted just now", "second", "third"])
    let versions = try await fixture.archive.earlierVersions(chat: ArchiveFixture.bob, id: 6)
    #expect(versions.map(\.text.text) == ["first", "second"])
  }

  @Test func refusedChannelLosesNothing() async throws {
    try await keep(Make.message(5, in: Make.channel(600), "in the channel"))
    telegram.remove(5, from: Self.teamScope)
    let refusal = TelegramError.rpc(RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: "channels.getMessages")
    telegram.state.withLock { $0.failures = Array(repeating: refusal, count: 2) }
    try await run { _ in self.telegram.state.withLock { $0.failures.isEmpty } }
    #expect(try await fixture.archive.counts().deleted == 0)
    // As soon as it can be read again, it is.
    try await run { _ in try await self.fixture.archive.counts().deleted == 1 }
  }

  @Test func messagesHiddenFromTheAccountAreNotDeleted() async throws {
    try await keep(
      Make.message(5, in: Make.channel(600), "before joining"), Make.message(6, in: Make.channel(600), "after joining"))
    telegram.remove(5, 6, from: Self.teamScope)
    telegram.state.withLock { $0.hidden = 5 }
    try await run { _ in try await self.fixture.archive.counts().deleted > 0 }
    #expect(try await fixture.notices().map(\.messageID) == [6])
  }

  @Test func whatAnAnswerDoesNotSpeakOfStays() async throws {
    try await keep(Make.message(5, in: Make.user(1002), "not spoken of"))
    telegram.remove(5)
    telegram.state.withLock { $0.silent = [5] }
    try await run(rounds: 3)
    #expect(!telegram.asked.isEmpty)
    #expect(try await fixture.archive.counts().deleted == 0)
  }

  @Test func whatComesBackOnASecondLookStays() async throws {
    let message = Make.message(5, in: Make.user(1002), "there after all")
    try await keep(message)
    telegram.remove(5)
    let telegram = telegram
    onSleep.withLock { $0 = { _ in telegram.put(message) } }
    try await run(rounds: 2)
    #expect(try await fixture.archive.counts().deleted == 0)
  }

  @Test func aHundredAreAskedForAtOnceAndOldOnesNotAtAll() async throws {
    let day: Int32 = 86_400
    let recent = (1_000..<1_250).map { Make.message(Int32($0), in: Make.user(1002), "recent \($0)") }
    let old = (500..<600).map {
      Make.message(Int32($0), in: Make.user(1002), "old \($0)", date: 1_900_000_000 - 3 * day)
    }
    for message in recent + old { try await keep(message) }
    try await run(rounds: 1)
    #expect(telegram.asked.map(\.count).prefix(3) == [100, 100, 50])
    #expect(telegram.asked.allSatisfy { $0.allSatisfy { $0 >= 1_000 } })
  }

  @Test func floodWaitIsWaitedFor() async throws {
    try await keep(Make.message(5, in: Make.user(1002), "gone"))
    telegram.remove(5)
    telegram.state.withLock { $0.failures = [.floodWait(.seconds(5_000), method: "messages.getMessages")] }
    try await run { _ in try await self.fixture.archive.counts().deleted > 0 }
    #expect(clock.withLock { $0 } >= Self.started + 5_000)
  }

  @Test func nothingIsAskedWhenItIsOff() async throws {
    try await keep(Make.message(5, in: Make.user(1002), "gone"))
    telegram.remove(5)
    try await run(interval: 0) { now in now > Self.started + 80_000 }
    #expect(telegram.asked.isEmpty)
  }

  // MARK: Windows that were not seen

  private func miss(channel: Int64?) async throws {
    var batch = UpdateBatch()
    batch.gaps = [UpdateGap(channelID: channel, fromPts: 5, toPts: 900, reason: .tooLong)]
    _ = try await fixture.archive.commit(
      fixture.recorder.record(batch, now: Self.started + 60), policy: NoticePolicy(edited: true))
  }

  private func openGaps() async throws -> Int { try await fixture.archive.openGaps().count }

  @Test(arguments: [true, false])
  func missedWindowIsLookedThrough(isChannel: Bool) async throws {
    let peer = isChannel ? Make.channel(600) : Make.user(1002)
    // Older than what is compared in every round: a window not seen reaches back behind its beginning.
    let date: Int32 = 1_900_000_000
    for id in Int32(1)...150 { try await keep(Make.message(id, in: peer, "known \(id)", date: date)) }
    try await miss(channel: isChannel ? 600 : nil)
    telegram.remove(7, from: isChannel ? Self.teamScope : .common)
    for id in Int32(151)...400 { telegram.put(Make.message(id, in: peer, "missed \(id)", date: date + id)) }
    telegram.put(Make.message(20, in: peer, "known 20, edited", editDate: date + 30, date: date))
    try await run { _ in try await self.openGaps() == 0 }
    let counts = try await fixture.archive.counts()
    #expect(counts.messages == 400)
    #expect(counts.deleted == 1 && counts.versions == 1)
    #expect(try await fixture.notices().map(\.messageID).sorted() == [7, 20])
  }

  /// No message says where it begins, so as many are fetched as things happened: here from 5 to 900.
  ///
  /// That its earlier messages were asked for when it had none is no reason to fetch nothing.
  @Test func windowOfAChannelOfWhichNothingIsStoredIsFetched() async throws {
    let earlier = HistoryJob.ID(chat: Self.team, stop: 0)
    try await fixture.archive.add(jobs: [HistoryJob(id: earlier, wanted: 1_000)])
    var batch = RecorderBatch(receivedAt: Self.started)
    batch.progress = [.fetched(earlier, count: 0, below: 0, isFinished: true)]
    _ = try await fixture.archive.commit(batch, policy: NoticePolicy(edited: true))
    for id in Int32(1)...1_000 { telegram.put(Make.message(id, in: Make.channel(600), "missed \(id)")) }
    try await fixture.receive([], state: UpdatesStateChange(channels: [600: .some(950)]))
    try await miss(channel: 600)
    try await run { _ in try await self.openGaps() == 0 }
    #expect(try await messages() == 895)
    #expect(try await fixture.archive.message(chat: Self.team, id: 106) != nil)
    let jobs = try await fixture.archive.read { db in
      try Int64.fetchAll(db, sql: "SELECT stop_id FROM history_job")
    }
    #expect(jobs == [0])
  }

  @Test func windowOfPrivateChatsOfWhichNothingIsStoredFetchesNoneOfThem() async throws {
    for id in Int32(1)...30 { telegram.put(Make.message(id, in: Make.user(1002), "\(id)")) }
    try await miss(channel: nil)
    try await run { _ in try await self.openGaps() == 0 }
    #expect(try await messages() == 0)
  }

  @Test func windowOfAChannelThatCannotBeReadStaysOpen() async throws {
    try await keep(Make.message(5, in: Make.channel(600), "known"))
    try await miss(channel: 600)
    try await fixture.receive([], state: UpdatesStateChange(channels: [600: Int32?.none]))
    telegram.remove(5, from: Self.teamScope)
    try await run(rounds: 3)
    #expect(try await openGaps() == 1)
    #expect(try await fixture.archive.counts().deleted == 0)
    try await fixture.receive([], state: UpdatesStateChange(channels: [600: .some(950)]))
    try await run { _ in try await self.openGaps() == 0 }
    #expect(try await fixture.archive.counts().deleted == 1)
  }

  @Test func refusedWindowIsTriedAgain() async throws {
    try await keep(Make.message(5, in: Make.channel(600), "known"))
    try await miss(channel: 600)
    let refusal = TelegramError.rpc(RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: "messages.getHistory")
    telegram.state.withLock { $0.failures = [refusal] }
    try await run { _ in try await self.openGaps() == 0 }
  }

  @Test func fetchingThatCannotGoOnHoldsUpNoOtherWindow() async throws {
    try await keep(Make.message(5, in: Make.user(1002), "known"))
    let lost = try #require(PeerID.channel(700))
    try await fixture.archive.add(jobs: [HistoryJob(id: HistoryJob.ID(chat: lost, stop: 9_000), wanted: 10)])
    telegram.state.withLock { $0.unreadable = [lost] }
    telegram.put(Make.message(6, in: Make.user(1002), "missed"))
    try await miss(channel: nil)
    try await run { _ in try await self.openGaps() == 0 }
    #expect(try await fixture.archive.message(chat: ArchiveFixture.bob, id: 6) != nil)
  }

  /// Stopped after a page or two of the window; then more happens than Telegram tells of.
  @Test(arguments: [true, false])
  func secondWindowWhileTheFirstIsHalfFetched(isChannel: Bool) async throws {
    let peer = isChannel ? Make.channel(600) : Make.user(1002)
    for id in Int32(1)...10 { try await keep(Make.message(id, in: peer, "known \(id)")) }
    for id in Int32(11)...400 { telegram.put(Make.message(id, in: peer, "missed \(id)")) }
    try await miss(channel: isChannel ? 600 : nil)
    onSleep.withLock { $0 = { _ in if try await self.messages() >= 150 { throw CancellationError() } } }
    await #expect(throws: CancellationError.self) { try await self.run { _ in false } }
    onSleep.withLock { $0 = nil }
    #expect(try await messages() < 400)
    for id in Int32(401)...600 { telegram.put(Make.message(id, in: peer, "missed later \(id)")) }
    try await miss(channel: isChannel ? 600 : nil)
    #expect(try await openGaps() == 1)
    try await run { _ in try await self.openGaps() == 0 }
    #expect(try await messages() == 600)
    let open = try await fixture.archive.read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM update_gap WHERE reconciled_at IS NULL")
    }
    #expect(open == 0)
  }

  @Test func secondWindowWhenTheFirstIsFetchedButNotClosed() async throws {
    let peer = Make.channel(600)
    for id in Int32(1)...10 { try await keep(Make.message(id, in: peer, "known \(id)")) }
    for id in Int32(11)...50 { telegram.put(Make.message(id, in: peer, "missed \(id)")) }
    try await miss(channel: 600)
    try await run { _ in try await self.messages() >= 50 }
    guard try await openGaps() == 1 else { return }
    for id in Int32(51)...90 { telegram.put(Make.message(id, in: peer, "missed later \(id)")) }
    try await miss(channel: 600)
    try await run { _ in try await self.openGaps() == 0 }
    #expect(try await messages() == 90)
  }

  /// An old state of a message, in the second of its last edit, while pushes of both are under way.
  @Test func messageEditedJustNowIsComparedAgainBeforeTheWindowIsClosed() async throws {
    try await keep(Make.message(5, in: Make.user(1002), "first"))
    telegram.put(Make.message(5, in: Make.user(1002), "second", editDate: 1_900_000_095))
    try await miss(channel: nil)
    let telegram = telegram
    let fixture = fixture
    let isEdited = Mutex(false)
    onSleep.withLock {
      $0 = { duration in
        // While it waits for the message to settle.
        guard duration > .seconds(30), !isEdited.withLock({ $0 }) else { return }
        isEdited.withLock { $0 = true }
        telegram.put(Make.message(5, in: Make.user(1002), "third", editDate: 1_900_000_095))
        try await fixture.receive([
          Make.edit(Make.message(5, in: Make.user(1002), "second", editDate: 1_900_000_095)),
          Make.edit(Make.message(5, in: Make.user(1002), "third", editDate: 1_900_000_095)),
        ])
      }
    }
    try await run { _ in try await self.openGaps() == 0 }
    let told = try await fixture.notices().map(\.text.text)
    #expect(told == ["second", "third"])
    #expect(clock.withLock { $0 } >= 1_900_000_095 + 60)
  }

  @Test func windowIsClosedWhenTheServerNeverSaysWhatBecameOfAMessage() async throws {
    try await keep(Make.message(5, in: Make.user(1002), "known"), Make.message(6, in: Make.user(1002), "gone"))
    telegram.remove(6)
    telegram.state.withLock { $0.silent = [5] }
    try await miss(channel: nil)
    try await run { _ in try await self.openGaps() == 0 }
    #expect(telegram.asked.count { $0.contains(5) } >= 3)
    #expect(try await fixture.archive.counts().deleted == 1)
  }

  /// What was fetched of other chats is newer than what updates have told, when a second window begins.
  @Test func secondWindowBeginsBehindWhatUpdatesHaveTold() async throws {
    try await keep(Make.message(10, in: Make.user(1002), "known"))
    telegram.put(Make.message(40, in: Make.user(1002), "missed"))
    try await miss(channel: nil)
    // Stopped before the window is closed.
    telegram.state.withLock { $0.isComparingOff = true }
    try await run { _ in try await self.messages() == 2 }
    telegram.state.withLock { $0.isComparingOff = false }
    // Sent before what was fetched, and told as little.
    telegram.put(Make.message(30, in: Make.group(500), "missed elsewhere"))
    try await miss(channel: nil)
    try await run { _ in try await self.openGaps() == 0 }
    #expect(try await messages() == 3)
  }

  /// Where nothing was stored the number of events bounds what is fetched; what was told since is not counted.
  @Test func messagesToldAfterTheWindowAreNoneOfIt() async throws {
    let peer = Make.channel(600)
    for id in Int32(1)...30 { telegram.put(Make.message(id, in: peer, "missed \(id)")) }
    try await fixture.receive([], state: UpdatesStateChange(channels: [600: .some(950)]))
    var batch = UpdateBatch()
    batch.gaps = [UpdateGap(channelID: 600, fromPts: 5, toPts: 35, reason: .tooLong)]
    _ = try await fixture.archive.commit(
      fixture.recorder.record(batch, now: Self.started), policy: NoticePolicy(edited: true))
    for id in Int32(31)...60 { try await keep(Make.message(id, in: peer, "told \(id)")) }
    try await run { _ in try await self.openGaps() == 0 }
    #expect(try await messages() == 60)
  }

  @Test func moreThanTenThousandMissedMessagesAreFetched() async throws {
    let peer = Make.channel(600)
    try await keep(Make.message(1, in: peer, "known", date: 1_800_000_000))
    for id in Int32(2)...10_400 { telegram.put(Make.message(id, in: peer, "m", date: 1_800_000_000)) }
    try await miss(channel: 600)
    try await run { _ in try await self.openGaps() == 0 }
    #expect(try await messages() == 10_400)
  }

  // MARK: Earlier messages

  private func messages() async throws -> Int { try await fixture.archive.counts().messages }

  @Test func earlierMessagesAreFetchedAsManyAsAreWanted() async throws {
    for id in Int32(1)...250 { telegram.put(Make.message(id, in: Make.user(1002), "earlier \(id)")) }
    for id in Int32(1)...30 { telegram.put(Make.message(id, in: Make.channel(600), "earlier \(id)")) }
    telegram.put(Make.message(1, in: Make.channel(9_999), "of the log chat"))
    try await run(interval: 0, backfill: 120) { now in now > Self.started + 80_000 }
    let sql = "SELECT chat_id, count(*) AS n, min(id) AS lowest FROM message GROUP BY chat_id"
    let rows = try await fixture.archive.read { db in
      try Row.fetchAll(db, sql: sql).map { [$0["chat_id"] as Int64, $0["n"], $0["lowest"]] }
    }
    #expect(Set(rows) == [[1_002, 120, 131], [-1_000_000_000_600, 30, 1]])
    #expect(try await fixture.notices().isEmpty)

    // Asked for more, it goes on where it stopped.
    telegram.state.withLock { $0.histories = [] }
    try await run(interval: 0, backfill: 200) { _ in try await self.messages() == 230 }
    #expect(telegram.state.withLock { $0.histories.filter { $0.chat == ArchiveFixture.bob }.map(\.below) } == [131])
  }

  @Test func onlyTheChatsThatAreListedAreFetched() async throws {
    telegram.put(Make.message(1, in: Make.user(1002), "earlier"), Make.message(2, in: Make.group(500), "earlier"))
    let group = try #require(PeerID.basicGroup(500))
    try await run(interval: 0, backfill: 10, chats: [group]) { now in now > Self.started + 80_000 }
    #expect(try await messages() == 1)
    #expect(try await fixture.archive.message(chat: group, id: 2) != nil)
  }

  @Test func interruptedFetchingGoesOnWhereItWas() async throws {
    for id in Int32(1)...500 { telegram.put(Make.message(id, in: Make.user(1002), "earlier \(id)")) }
    try await run(interval: 0, backfill: 500) { _ in try await self.messages() >= 200 }
    try await run(interval: 0, backfill: 500) { _ in try await self.messages() == 500 }
    // No page twice.
    let pages = telegram.state.withLock { $0.histories.map(\.below) }
    #expect(Set(pages).count >= 5 && pages.count <= Set(pages).count + 1)
  }
}
