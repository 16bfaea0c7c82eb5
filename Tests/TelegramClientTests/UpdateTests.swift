import Logging
import MTProto
import NIOCore
import NIOPosix
import TL
import Testing

@testable import TelegramClient

@Suite(.serialized) struct UpdateTests {
  private let group = MultiThreadedEventLoopGroup.singleton

  private func server() async throws -> LoopbackServer {
    try await LoopbackServer.start(group: group) { call, server in
      switch call.constructor {
      case API.HelpGetConfig.constructor: .value(LoopbackServer.config([2: server.port], thisDC: 2))
      case API.UpdatesGetState.constructor:
        .value(API.UpdatesState(pts: 1, qts: 0, date: 1, seq: 1, unreadCount: 0))
      case API.MessagesSendMessage.constructor:
        .value(
          API.AnyUpdates.updateShortSentMessage(
            API.UpdateShortSentMessage(out: true, id: 5, pts: 6, ptsCount: 1, date: 7)))
      default: .nothing
      }
    }
  }

  private func updates(_ users: [API.AnyUser], seq: Int32) -> API.AnyUpdates {
    .updates(API.Updates(updates: [], users: users, chats: [], date: 1, seq: seq))
  }

  @Test func pushedUpdatesComeInOrderAndTheirPeersAreKept() async throws {
    let server = try await server()
    let store = InMemorySessionStore()
    let client = testClient(try configuration(port: server.port), store: store)
    try await running(client) { client in
      _ = try await client.invoke(API.UpdatesGetState())
      for seq in 1...5 as ClosedRange<Int32> {
        server.push(self.updates([user(Int64(seq), username: "u\(seq)")], seq: seq))
      }
      var seen: [Int32] = []
      for await payload in client.updates {
        if case .updates(.updates(let updates)) = payload { seen.append(updates.seq) }
        if seen.count == 5 { break }
      }
      #expect(seen == [1, 2, 3, 4, 5])
    }
    let id = try #require(PeerID.user(3))
    #expect(await store.entity(id)?.accessHash == 21)
    #expect(await store.entity(username: "U3")?.id == id)
    try await server.stop()
  }

  @Test func aSketchedPeerNeverReplacesAKnownOne() async throws {
    let store = InMemorySessionStore()
    let peers = PeerBook(store: store, wallClock: .system, logger: .init(label: "test"))
    await peers.harvest([user(7, username: "seven")])
    await peers.harvest([API.AnyUser.user(API.User(min: true, id: 7, accessHash: 1, firstName: "Sketch"))])
    let id = try #require(PeerID.user(7))
    #expect(await store.entity(id)?.accessHash == 49)
    #expect(await store.entity(id)?.username == "seven")
  }

  @Test func everyConnectionIsTold() async throws {
    let server = try await server()
    let client = testClient(try configuration(port: server.port))
    try await running(client) { client in
      var iterator = client.updates.makeAsyncIterator()
      guard case .connected? = await iterator.next() else {
        Issue.record("not told of the first connection")
        return
      }
      _ = try await client.invoke(API.UpdatesGetState())
      server.disconnectAll()
      while let payload = await iterator.next() {
        if case .connected = payload { break }
      }
      try await eventually { server.connectionCount == 2 }
    }
    try await server.stop()
  }

  @Test func whatOurOwnCallsAreAnsweredWithIsAnUpdateToo() async throws {
    let server = try await server()
    let client = testClient(try configuration(port: server.port))
    try await running(client) { client in
      _ = try await client.invoke(
        API.MessagesSendMessage(
          peer: .inputPeerSelf(API.InputPeerSelf()), message: "hello", randomId: 1))
      for await payload in client.updates {
        if case .updates(.updateShortSentMessage(let sent)) = payload {
          #expect(sent.id == 5)
          break
        }
      }
    }
    try await server.stop()
  }

  @Test func anUnreadableUpdateIsKeptAndTheRestGoesOn() async throws {
    let server = try await server()
    let client = testClient(try configuration(port: server.port))
    try await running(client) { client in
      _ = try await client.invoke(API.UpdatesGetState())
      server.push(API.UpdatesGetState())
      server.push(self.updates([], seq: 9))
      var unreadable: ByteBuffer?
      for await payload in client.updates {
        if case .undecodable(let bytes, _) = payload { unreadable = bytes }
        if case .updates(.updates(let updates)) = payload, updates.seq == 9 { break }
      }
      #expect(unreadable == API.UpdatesGetState().encoded())
    }
    try await server.stop()
  }

  /// The consumer takes nothing: the buffer stays small, calls are still answered, and a gap stands for what is missing.
  @Test func aSlowConsumerCostsNoMemoryAndNoCalls() async throws {
    let server = try await server()
    var configuration = try configuration(port: server.port)
    configuration.updateBufferSize = 8
    let client = testClient(configuration)
    try await running(client) { client in
      _ = try await client.invoke(API.UpdatesGetState())
      // No more than the server can seal before the client takes it for dead.
      server.push(self.updates([], seq: 1), times: 200)
      for _ in 0..<3 { _ = try await client.invoke(API.UpdatesGetState()) }
      var kept = 0
      for await payload in client.updates {
        if case .gap = payload { break }
        kept += 1
      }
      #expect(kept <= 9)
      _ = try await client.invoke(API.UpdatesGetState())
    }
    try await server.stop()
  }
}

@Suite struct UpdateFeedTests {
  private func item(_ number: Int32) -> UpdateFeed.Item {
    .answered(.updateShortSentMessage(API.UpdateShortSentMessage(id: number, pts: 0, ptsCount: 0, date: 0)))
  }

  private func number(_ item: UpdateFeed.Item?) -> Int32? {
    switch item {
    case .answered(.updateShortSentMessage(let sent)): sent.id
    case .gap: -1
    default: nil
    }
  }

  @Test func putsOneGapWhereItemsAreMissing() async {
    let feed = UpdateFeed(capacity: 4)
    let room = Locked<[Bool]>([])
    feed.listen { hasRoom in room.withValue { $0.append(hasRoom) } }
    for number in 1...10 as ClosedRange<Int32> { feed.offer(item(number)) }
    #expect(room.current == [false])
    var seen: [Int32?] = []
    for _ in 0..<2 { seen.append(number(await feed.next())) }
    #expect(room.current == [false, true])
    feed.offer(item(11))
    feed.finish()
    for _ in 0..<5 { seen.append(number(await feed.next())) }
    #expect(seen == [1, 2, 3, 4, -1, 11, nil])
  }

  @Test func aWaitingConsumerGetsTheItemAtOnce() async {
    let feed = UpdateFeed(capacity: 1)
    async let next = feed.next()
    feed.offer(item(1))
    #expect(number(await next) == 1)
  }

  @Test func aCancelledConsumerGetsTheEnd() async {
    let feed = UpdateFeed(capacity: 1)
    let consumer = Task { if case .none = await feed.next() { true } else { false } }
    consumer.cancel()
    #expect(await consumer.value)
  }
}

@Suite struct ReadGateTests {
  @Test func pausesWhileTheBufferIsFullAndNobodyWaitsForAnAnswer() {
    var gate = ReadGate()
    #expect(!gate.isPaused(at: .seconds(1)))
    gate.bufferFilled(at: .seconds(1))
    #expect(gate.isPaused(at: .seconds(1)))
    gate.callStarted()
    #expect(!gate.isPaused(at: .seconds(1)))
    gate.callEnded()
    #expect(gate.isPaused(at: .seconds(1)))
    gate.bufferDrained()
    #expect(!gate.isPaused(at: .seconds(1)))
  }

  @Test func neverPausesLongEnoughToLookDead() {
    var gate = ReadGate()
    gate.bufferFilled(at: .seconds(1))
    #expect(gate.deadline(at: .seconds(1)) == .seconds(11))
    #expect(!gate.isPaused(at: .seconds(11)))
    #expect(gate.deadline(at: .seconds(11)) == nil)
  }
}
