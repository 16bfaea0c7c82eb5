import Foundation
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

/// One scope as the server has it and as it is stored: messages are sent and edited, told of, missed, fetched, compared
/// and removed for their age, in any order, with stops in between.
private struct World {
  struct Message {
    var chat: PeerID
    var date: Int64
    var version = 1
  }

  /// What was asked of the server, with its answer of that moment, not yet recorded.
  enum Answer {
    case listed([PeerID: Int64])
    case page(PeerID, Freshness.Span, ids: [Int64], versions: [Int64: Int])
    case states(stored: [Int64: Int], told: [Int64: Int], lowest: Int64?, isLast: Bool)
    case settled([Int64: Int])
    case close
  }

  static let pageSize = 3

  var generator: SeededGenerator
  let scope: MessageScope
  let chats: [PeerID]
  var server: [Int64: Message] = [:]
  var lastID: Int64 = 0
  var stored: [Int64: Int] = [:]
  /// The newest that was removed.
  var newestRemoved: Int64 = 0
  /// Every message that was ever stored, and the version it had last.
  var seen: [Int64: Int] = [:]
  /// Messages with news on their way.
  var underWay: [Int64] = []
  var value = Freshness()
  var asked: (answer: Answer, misses: Int64, missedAt: Int64)?
  var clock: Int64 = 1_000

  init(seed: UInt64, isChannel: Bool) {
    generator = SeededGenerator(seed: seed)
    let channel = PeerID.channel(600).require
    scope = isChannel ? .channel(channel) : .common
    chats = isChannel ? [channel] : [1, 2, 3].compactMap { PeerID.user($0) }
    if !isChannel {
      // Without any message nothing is fetched of private chats.
      send()
      deliver()
    }
  }

  mutating func send() {
    lastID += 1
    server[lastID] = Message(chat: chats.randomElement(using: &generator).require, date: clock)
    underWay.append(lastID)
  }

  mutating func edit() {
    guard let id = server.keys.sorted().randomElement(using: &generator) else { return }
    server[id]?.version += 1
    underWay.append(id)
  }

  mutating func store(_ id: Int64, _ version: Int) {
    guard stored[id] ?? 0 < version else { return }
    stored[id] = version
    seen[id] = version
  }

  /// Updates tell of everything that is on its way.
  mutating func deliver() {
    for id in underWay {
      if let message = server[id], stored[id] != nil || seen[id] == nil { store(id, message.version) }
    }
    underWay = []
  }

  var newest: Int64 { max(stored.keys.max() ?? 0, newestRemoved) }

  /// Nothing of what is on its way will be told.
  mutating func miss() {
    value.missed(in: scope, newest: newest, since: clock, events: Int64(underWay.count), now: clock)
    underWay = []
  }

  /// The program ends: what was asked is forgotten, what is stored is read again.
  mutating func stop() throws {
    asked = nil
    value = try JSONDecoder().decode(Freshness.self, from: JSONEncoder().encode(value))
    value.sanitize()
  }

  /// Retention removes what is old, unless the scope is held back.
  mutating func remove() {
    guard !value.holdsBack(now: clock), underWay.isEmpty else { return }
    for id in stored.keys.sorted().prefix(2) {
      stored[id] = nil
      newestRemoved = max(newestRemoved, id)
    }
  }

  /// Earlier messages of a chat are fetched, as far as the service was asked for them.
  mutating func backfill() {
    guard let chat = chats.randomElement(using: &generator) else { return }
    let page = server.filter { $0.value.chat == chat }.keys.sorted(by: >).prefix(Self.pageSize)
    guard let top = page.first else { return }
    value.stored(untold: top, newest: newest)
    for id in page where seen[id] == nil { store(id, server[id].require.version) }
  }

  /// Asks the server for what the value wants next.
  mutating func ask() {
    guard asked == nil, value.isOpen else { return }
    let answer: Answer
    switch value.work {
    case .list:
      let tops = Dictionary(grouping: server, by: \.value.chat).compactMapValues { $0.map(\.key).max() }
      answer = .listed(tops)
    case .fetch(let chat, let span):
      let limit = Int(min(Int64(Self.pageSize), span.limit ?? .max))
      let ids = server.filter { $0.value.chat == chat && $0.key < span.below }.keys.sorted(by: >).prefix(limit)
      answer = .page(
        chat, span, ids: Array(ids), versions: server.filter { ids.contains($0.key) }.mapValues(\.version))
    case .compare(let below):
      let page = stored.keys.filter { $0 < below ?? .max }.sorted(by: >).prefix(Self.pageSize)
      answer = .states(
        stored: stored.filter { page.contains($0.key) },
        told: server.filter { page.contains($0.key) }.mapValues(\.version), lowest: page.last,
        isLast: page.count < Self.pageSize)
    case .settle(let messages, _):
      answer = .settled(server.filter { messages.keys.contains($0.key) }.mapValues(\.version))
    case .close: answer = .close
    }
    asked = (answer, value.misses, value.missedAt)
  }

  /// Records the answer.
  mutating func record() {
    guard let (answer, misses, missedAt) = asked else { return }
    asked = nil
    switch answer {
    case .listed(let tops): value.listed(tops.map { ($0.key, $0.value) }, misses: misses, now: clock)
    case .page(let chat, let span, let ids, let versions):
      if case .common = scope { value.stored(untold: ids.first ?? 0, newest: newest) }
      let news = ids.filter { $0 > span.above }
      let count = news.count { stored[$0] == nil && server[$0].require.date <= missedAt }
      for id in news where stored[id] != nil || seen[id] == nil { store(id, versions[id] ?? 1) }
      let lowest = ids.last ?? 0
      value.fetched(
        FetchedSpan(
          chat: chat, span: span, newest: ids.first ?? 0, lowest: lowest, count: count, missedAt: missedAt,
          isLast: lowest <= max(span.above, 1)), misses: misses, now: clock)
    case .states(let asked, let told, let lowest, let isLast):
      // Some have just been edited, or are not spoken of.
      var unsettled: [Int64: Freshness.Unsettled] = [:]
      for (id, version) in asked {
        if Int.random(in: 0..<5, using: &generator) == 0 {
          unsettled[id] = Freshness.Unsettled(editDate: nil, due: clock + 60)
        } else if stored[id] == version {
          store(id, told[id] ?? version)
        }
      }
      value.compared(downTo: lowest, isLast: isLast, unsettled: unsettled, misses: misses, now: clock)
    case .settled(let told):
      for (id, version) in told where stored[id] != nil { store(id, version) }
      value.settled(told.keys, still: [:], misses: misses, now: clock)
    case .close: _ = value.close(misses: misses)
    }
  }

  mutating func step() throws {
    clock += 1
    switch Int.random(in: 0..<20, using: &generator) {
    case 0..<5: send()
    case 5..<7: edit()
    case 7..<9: deliver()
    case 9: miss()
    case 10: try stop()
    case 11: remove()
    case 12: if Int.random(in: 0..<4, using: &generator) == 0 { backfill() }
    case 13..<17: ask()
    default: record()
    }
  }
}

@Suite struct FreshnessTests {
  /// For every interleaving of misses, fetches, stops and retention, the union of what was told and what was fetched is
  /// everything that the server still has, each message in its last state.
  @Test(arguments: [true, false]) func whatWasToldAndFetchedIsEverything(isChannel: Bool) throws {
    let first = SeededGenerator.runSeed
    for seed in first..<first &+ 3_000 {
      var world = World(seed: seed, isChannel: isChannel)
      for _ in 0..<80 { try world.step() }
      world.deliver()
      var steps = 0
      while world.value.isOpen, steps < 2_000 {
        world.ask()
        world.record()
        steps += 1
      }
      #expect(!world.value.isOpen, "seed \(seed): a window that never closes")
      let lost = world.server.keys.filter { world.seen[$0] == nil }.sorted()
      #expect(lost.isEmpty, "seed \(seed): never stored: \(lost)")
      let old = world.stored.filter { $0.value != world.server[$0.key]?.version }.keys.sorted()
      #expect(old.isEmpty, "seed \(seed): stored in an earlier state: \(old)")
      if !lost.isEmpty || !old.isEmpty { return }
    }
  }

  private let channel = PeerID.channel(600).require

  @Test func laterWindowIsJoinedToWhatIsLeftOfTheFirst() {
    var value = Freshness()
    value.missed(in: .channel(channel), newest: 10, since: 5, events: 0, now: 100)
    value.fetched(
      FetchedSpan(
        chat: channel, span: .init(above: 10), newest: 400, lowest: 301, count: 100, missedAt: 100, isLast: false),
      misses: value.misses, now: 101)
    #expect(value.work == .fetch(channel, .init(above: 10, below: 301)))
    value.missed(in: .channel(channel), newest: 400, since: 50, events: 0, now: 102)
    #expect(value.missedSpans[channel] == [.init(above: 10, below: 301), .init(above: 400)])
    #expect(value.work == .fetch(channel, .init(above: 400)))
    #expect(value.missedSince == 5)
  }

  @Test func stepThatDidNotSeeTheLastMissCountsOnlyForWhatItHolds() {
    var value = Freshness()
    value.missed(in: .channel(channel), newest: 10, since: 5, events: 0, now: 100)
    let before = value.misses
    value.missed(in: .channel(channel), newest: 10, since: 5, events: 0, now: 100)
    value.fetched(
      FetchedSpan(chat: channel, span: .init(above: 10), newest: 50, lowest: 5, count: 40, missedAt: 100, isLast: true),
      misses: before, now: 101)
    #expect(value.missedSpans[channel] == [.init(above: 50)])
    value.compared(downTo: 1, isLast: true, unsettled: [:], misses: value.misses, now: 102)
    #expect(!value.isCompared)
    #expect(value.close(misses: value.misses) == false)
  }

  @Test func windowNobodyCanWorkOnHoldsNothingBackAfterAWeek() {
    var value = Freshness()
    #expect(!value.holdsBack(now: 0))
    value.missed(in: .common, newest: 10, since: 5, events: 0, now: 1_000)
    #expect(value.holdsBack(now: 1_000 + 6 * 86_400))
    #expect(!value.holdsBack(now: 1_000 + 8 * 86_400))
  }
}
