import Foundation
import MTProto
import NIOCore
import NIOPosix
import Synchronization
import TL
import Testing

@testable import TelegramClient

/// The client against a server on the loopback interface.
@Suite(.serialized) struct ConnectionTests {
  private let group = MultiThreadedEventLoopGroup.singleton
  private let state = API.UpdatesState(pts: 1, qts: 0, date: 1, seq: 1, unreadCount: 0)

  /// Answers what every client asks; everything else is `other`'s.
  private func answering(
    _ other: @escaping @Sendable (ReceivedCall, LoopbackServer) -> LoopbackServer.Answer = { _, _ in .nothing }
  ) -> @Sendable (ReceivedCall, LoopbackServer) -> LoopbackServer.Answer {
    { call, server in
      switch call.constructor {
      case API.HelpGetConfig.constructor: .value(LoopbackServer.config([2: server.port], thisDC: 2))
      default: other(call, server)
      }
    }
  }

  @Test(arguments: Transport.allNames)
  func agreesOnAKeyAndAnswersCalls(transport: String) async throws {
    let server = try await LoopbackServer.start(group: group, respond: answering { _, _ in .value(self.state) })
    let store = InMemorySessionStore()
    let client = testClient(try configuration(port: server.port, transport: transport), store: store)
    let answer = try await running(client) { try await $0.invoke(API.UpdatesGetState()) }
    #expect(answer.pts == 1)
    let home = try #require(await store.home())
    #expect(home.id == 2)
    #expect(home.port == server.port)
    #expect(home.authKey?.count == 256)
    try await server.stop()
  }

  @Test func usesTheStoredKeyAtTheNextStart() async throws {
    let server = try await LoopbackServer.start(group: group, respond: answering { _, _ in .value(self.state) })
    let store = InMemorySessionStore()
    for _ in 0..<2 {
      let client = testClient(try configuration(port: server.port), store: store)
      _ = try await running(client) { try await $0.invoke(API.UpdatesGetState()) }
    }
    #expect(server.state.withLock { $0.keys.count } == 1)
    #expect(await store.sessionHint(dc: 2) != nil)
    try await server.stop()
  }

  @Test func aCallOutlivesALostConnection() async throws {
    let isFirst = Locked(true)
    let server = try await LoopbackServer.start(
      group: group,
      respond: answering { _, _ in
        isFirst.withValue { first in
          defer { first = false }
          return first ? .disconnect : .value(self.state)
        }
      })
    let client = testClient(try configuration(port: server.port))
    let answer = try await running(client) { try await $0.invoke(API.UpdatesGetState()) }
    #expect(answer.pts == 1)
    let calls = server.calls(of: API.UpdatesGetState.constructor)
    #expect(calls.count == 2)
    #expect(Set(calls.map(\.messageID)).count == 1)
    #expect(server.connectionCount == 2)
    try await server.stop()
  }

  @Test func waitsLongerAfterEveryFailure() async throws {
    let clock = ManualClock()
    let dialer = FailingDialer()
    let client = testClient(try configuration(port: 9), clock: clock, dialer: dialer)
    let waits = try await running(client) { client in
      var waits: [Duration] = []
      for attempt in 1...10 {
        try await eventually { dialer.attempts.current == attempt && clock.waits.contains { $0 > .milliseconds(250) } }
        let wait = try #require(clock.waits.max())
        waits.append(wait)
        guard case .waiting(_, let reason) = client.connectionState else {
          Issue.record("the state says nothing of the wait")
          break
        }
        #expect(reason.contains("refused"))
        clock.advance(by: wait)
      }
      return waits
    }
    for (attempt, wait) in waits.enumerated() {
      let full = min(.seconds(60), .milliseconds(500) * (1 << attempt))
      #expect(wait >= full / 2 && wait <= full, "attempt \(attempt) waited \(wait)")
    }
  }

  @Test func aLostKeyEndsTheClientInsteadOfALoop() async throws {
    let server = try await LoopbackServer.start(group: group, respond: answering { _, _ in .value(self.state) })
    let store = InMemorySessionStore()
    _ = try await running(testClient(try configuration(port: server.port), store: store)) {
      try await $0.invoke(API.UpdatesGetState())
    }
    server.forgetKeys()
    let client = testClient(try configuration(port: server.port), store: store, clock: ImpatientClock())
    let error = await #expect(throws: TelegramError.self) {
      _ = try await running(client) { try await $0.invoke(API.UpdatesGetState()) }
    }
    guard case .authKeyLost(dc: 2)? = error else {
      Issue.record("\(String(describing: error)) is not authKeyLost")
      return
    }
    try await server.stop()
  }

  @Test func aServerWithAnUnknownKeyIsNotTalkedTo() async throws {
    let server = try await LoopbackServer.start(group: group, respond: answering())
    var configuration = try configuration(port: server.port)
    configuration.servers = .custom(dc: 2, host: "127.0.0.1", port: server.port, keys: [])
    let client = testClient(configuration)
    let error = await #expect(throws: TelegramError.self) {
      _ = try await running(client) { try await $0.invoke(API.UpdatesGetState()) }
    }
    guard case .keyExchange(.unknownFingerprints, dc: 2)? = error else {
      Issue.record("\(String(describing: error)) is not about the key")
      return
    }
    try await server.stop()
  }

  @Test func aCancelledCallIsDroppedAtTheServer() async throws {
    let server = try await LoopbackServer.start(group: group, respond: answering())
    let client = testClient(try configuration(port: server.port))
    try await running(client) { client in
      let call = Task { try await client.invoke(API.UpdatesGetState()) }
      try await eventually { server.calls(of: API.UpdatesGetState.constructor).count == 1 }
      call.cancel()
      let outcome = await call.result
      guard case .failure(TelegramError.cancelled) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      let id = try #require(server.calls(of: API.UpdatesGetState.constructor).first).messageID
      try await eventually { server.state.withLock { $0.drops.contains(id) } }
    }
    try await server.stop()
  }

  @Test func aCallCancelledBeforeItStartsEndsAtOnce() async throws {
    let client = testClient(try configuration(port: 9))
    let call = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await client.invoke(API.UpdatesGetState())
    }
    let outcome = await call.result
    guard case .failure(TelegramError.cancelled) = outcome else {
      Issue.record("\(outcome)")
      return
    }
  }

  @Test func anUnansweredCallTimesOut() async throws {
    let server = try await LoopbackServer.start(group: group, respond: answering())
    let client = testClient(try configuration(port: server.port))
    let error = await #expect(throws: TelegramError.self) {
      _ = try await running(client) { client in
        try await eventually { client.connectionState == .connected }
        return try await client.invoke(API.UpdatesGetState(), timeout: .milliseconds(50))
      }
    }
    guard case .timeout(method: "updates.getState")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try await server.stop()
  }

  @Test func callsFailWhenTheClientStops() async throws {
    let server = try await LoopbackServer.start(group: group, respond: answering())
    let client = testClient(try configuration(port: server.port))
    let run = Task { try await client.run() }
    let call = Task { try await client.invoke(API.UpdatesGetState()) }
    try await eventually { server.calls(of: API.UpdatesGetState.constructor).count == 1 }
    run.cancel()
    try await run.value
    let outcome = await call.result
    guard case .failure(TelegramError.closed) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    await #expect(throws: TelegramError.self) { try await client.invoke(API.UpdatesGetState()) }
    try await server.stop()
  }

  @Test func theClientEndsByItselfWhenTheServerIsNotWhoItShouldBe() async throws {
    let server = try await LoopbackServer.start(group: group)
    var strict = try configuration(port: server.port)
    strict.servers = .custom(dc: 2, host: "127.0.0.1", port: server.port, keys: [])
    let client = testClient(strict)
    let error = await #expect(throws: TelegramError.self) { try await client.run() }
    guard case .keyExchange(.unknownFingerprints, dc: 2) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try await server.stop()
  }

  /// The session may have been made with another server.
  @Test func aServerGivenByHandIsNotLeftForTheSessionsAddress() async throws {
    let server = try await LoopbackServer.start(group: group, respond: answering { _, _ in .value(self.state) })
    let store = InMemorySessionStore(home: StoredDC(id: 2, host: "127.0.0.1", port: server.port))
    // Nothing listens on the address that was given; the session file's would answer.
    let unused = try await LoopbackServer.start(group: group)
    try await unused.stop()
    let client = testClient(try configuration(port: unused.port), store: store)
    try await running(client) { client in
      for await state in client.connectionStates() { if case .waiting = state { return } }
    }
    #expect(server.connectionCount == 0)
    try await server.stop()
  }
}

/// Refuses every connection, as a machine where nothing listens.
private struct FailingDialer: Dialer {
  let attempts = Locked(0)

  func dial(
    _ endpoint: Endpoint, timeout: Duration, on loop: any EventLoop,
    initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws -> any Channel {
    attempts.withValue { $0 += 1 }
    throw IOError(errnoCode: ECONNREFUSED, reason: "connect")
  }
}

/// A clock on which every sleep is over at once.
struct ImpatientClock: Clock {
  typealias Instant = ContinuousClock.Instant
  var now: Instant { ContinuousClock.now }
  var minimumResolution: Duration { .nanoseconds(1) }
  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try Task.checkCancellation()
    await Task.yield()
  }
}
