import MTProto
import NIOCore
import NIOPosix
import TL
import Testing

@testable import TelegramClient

/// What becomes of refused calls.
@Suite(.serialized) struct InvokeTests {
  private let group = MultiThreadedEventLoopGroup.singleton
  private let state = API.UpdatesState(pts: 1, qts: 0, date: 1, seq: 1, unreadCount: 0)

  @Test func sleepsThroughAShortFloodWait() async throws {
    let clock = ManualClock()
    let attempts = Locked(0)
    let server = try await LoopbackServer.start(group: group) { call, server in
      guard call.constructor == API.UpdatesGetState.constructor else {
        return .value(LoopbackServer.config([2: server.port], thisDC: 2))
      }
      return attempts.withValue { attempts in
        attempts += 1
        return attempts == 1 ? .refuse(420, "FLOOD_WAIT_17") : .value(self.state)
      }
    }
    let client = testClient(try configuration(port: server.port), clock: clock)
    let answer = try await running(client) { client in
      async let answer = client.invoke(API.UpdatesGetState())
      await clock.sleeper(atLeast: .seconds(17))
      #expect(attempts.current == 1)
      #expect(clock.waits.contains(.seconds(17)))
      clock.advance(by: .seconds(17))
      return try await answer
    }
    #expect(answer.pts == 1)
    #expect(attempts.current == 2)
    try await server.stop()
  }

  @Test func reportsALongFloodWait() async throws {
    let server = try await LoopbackServer.start(group: group) { call, server in
      call.constructor == API.UpdatesGetState.constructor
        ? .refuse(420, "FLOOD_WAIT_3600") : .value(LoopbackServer.config([2: server.port], thisDC: 2))
    }
    let client = testClient(try configuration(port: server.port))
    let error = await #expect(throws: TelegramError.self) {
      _ = try await running(client) { try await $0.invoke(API.UpdatesGetState()) }
    }
    guard case .floodWait(.seconds(3600), method: "updates.getState")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try await server.stop()
  }

  @Test(arguments: ["AUTH_KEY_UNREGISTERED", "SESSION_REVOKED", "USER_DEACTIVATED"])
  func aSignedOutSessionIsToldApart(name: String) async throws {
    let server = try await LoopbackServer.start(group: group) { call, server in
      call.constructor == API.HelpGetConfig.constructor
        ? .value(LoopbackServer.config([2: server.port], thisDC: 2)) : .refuse(401, name)
    }
    let client = testClient(try configuration(port: server.port))
    try await running(client) { client in
      let error = await #expect(throws: TelegramError.self) { try await client.invoke(API.UpdatesGetState()) }
      guard case .unauthorized(name)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      // A key with which nobody has signed in is one thing, a session that was ended another.
      var verdict: Verdict?
      do throws(TelegramError) {
        let current = try await client.currentUser()
        #expect(current == nil)
      } catch { verdict = error.verdict }
      switch name {
      case "AUTH_KEY_UNREGISTERED": #expect(verdict == nil)
      case "USER_DEACTIVATED": #expect(verdict == .signIn(.banned(name)))
      default: #expect(verdict == .signIn(.signedOut(name)))
      }
    }
    try await server.stop()
  }

  /// Home says the file lives on 4: a key is agreed there, the sign-in carried over, and the call made.
  @Test func carriesTheSignInToAnotherDataCentre() async throws {
    let exported = ByteBuffer(bytes: [1, 2, 3, 4])
    let other = try await LoopbackServer.start(group: group) { call, _ in
      switch call.constructor {
      case API.AuthImportAuthorization.constructor:
        let words = try? call.decode(Int64.self)
        return words == 99
          ? .value(API.AnyAuthAuthorization.authAuthorization(API.AuthAuthorization(user: user(99, isSelf: true))))
          : .refuse(400, "AUTH_BYTES_INVALID")
      case API.UpdatesGetState.constructor:
        return .value(API.UpdatesState(pts: 4, qts: 0, date: 1, seq: 1, unreadCount: 0))
      default: return .nothing
      }
    }
    let home = try await LoopbackServer.start(group: group) { call, server in
      switch call.constructor {
      case API.HelpGetConfig.constructor:
        .value(LoopbackServer.config([2: server.port, 4: other.port], thisDC: 2))
      case API.AuthExportAuthorization.constructor: .value(API.AuthExportedAuthorization(id: 99, bytes: exported))
      default: .refuse(303, "FILE_MIGRATE_4")
      }
    }
    let store = InMemorySessionStore()
    let client = testClient(try configuration(port: home.port), store: store)
    try await running(client) { client in
      async let first = client.invoke(API.UpdatesGetState())
      async let second = client.invoke(API.UpdatesGetState())
      let answers = try await [first.pts, second.pts]
      #expect(answers == [4, 4])
    }
    #expect(other.calls(of: API.AuthImportAuthorization.constructor).count == 1)
    #expect(other.calls.allSatisfy { $0.isWithoutUpdates })
    #expect(await store.authorization(dc: 4)?.authKey?.count == 256)
    #expect(await store.home()?.id == 2)
    try await home.stop()
    try await other.stop()
  }

  @Test func movesHomeWhenTheAccountLivesElsewhere() async throws {
    let other = try await LoopbackServer.start(group: group) { call, server in
      call.constructor == API.HelpGetConfig.constructor
        ? .value(LoopbackServer.config([4: server.port], thisDC: 4)) : .value(self.state)
    }
    let home = try await LoopbackServer.start(group: group) { call, server in
      call.constructor == API.HelpGetConfig.constructor
        ? .value(LoopbackServer.config([2: server.port, 4: other.port], thisDC: 2)) : .refuse(303, "USER_MIGRATE_4")
    }
    let store = InMemorySessionStore()
    let client = testClient(try configuration(port: home.port), store: store)
    let answer = try await running(client) { client in
      let answer = try await client.invoke(API.UpdatesGetState())
      #expect(try await client.homeDC() == 4)
      try await eventually { client.connectionState == .connected }
      return answer
    }
    #expect(answer.pts == 1)
    #expect(await store.home()?.id == 4)
    #expect(await store.home()?.port == other.port)
    #expect(other.calls.allSatisfy { !$0.isWithoutUpdates })
    try await home.stop()
    try await other.stop()
  }

  @Test func aMigrationToNowhereIsAnErrorThatSaysSo() async throws {
    let server = try await LoopbackServer.start(group: group) { call, server in
      call.constructor == API.HelpGetConfig.constructor
        ? .value(LoopbackServer.config([2: server.port], thisDC: 2)) : .refuse(303, "USER_MIGRATE_77")
    }
    let client = testClient(try configuration(port: server.port))
    let error = await #expect(throws: TelegramError.self) {
      _ = try await running(client) { try await $0.invoke(API.UpdatesGetState()) }
    }
    guard case .unreachable(dc: 77, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try await server.stop()
  }

  @Test func anUnreadableAnswerIsATypedError() async throws {
    let server = try await LoopbackServer.start(group: group) { call, server in
      call.constructor == API.HelpGetConfig.constructor
        ? .value(LoopbackServer.config([2: server.port], thisDC: 2)) : .value("no state")
    }
    let client = testClient(try configuration(port: server.port))
    let error = await #expect(throws: TelegramError.self) {
      _ = try await running(client) { try await $0.invoke(API.UpdatesGetState()) }
    }
    guard case .decoding(_, method: "updates.getState", answer: _?)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try await server.stop()
  }
}

@Suite struct RetryPolicyTests {
  @Test func givesUpOnAServerThatKeepsFailing() {
    var policy = RetryPolicy(floodSleepThreshold: .seconds(60))
    var waits: [Duration] = []
    let error = RPCError(code: 500, message: "INTERDC_2_CALL_ERROR")
    while case .wait(let wait) = policy.decide(error, method: "messages.getHistory", isHome: true, isOpen: false) {
      waits.append(wait)
    }
    #expect(waits == [1, 2, 4, 8, 16].map { .seconds($0) })
  }

  @Test func doesNotFollowMigrationsInACircle() {
    var policy = RetryPolicy(floodSleepThreshold: .seconds(60))
    var hops = 0
    let error = RPCError(code: 303, message: "USER_MIGRATE_3")
    while case .moveHome(3) = policy.decide(error, method: "m", isHome: true, isOpen: false) { hops += 1 }
    #expect(hops == 3)
  }

  @Test(arguments: [("messages.getHistory", true), ("upload.saveFilePart", true), ("messages.sendMessage", false)])
  func repeatsOnlyWhatMayRunTwice(method: String, isRepeated: Bool) {
    var policy = RetryPolicy(floodSleepThreshold: .seconds(60))
    let decision = policy.decide(.outcomeUnknown, method: method, isHome: true, isOpen: false)
    if case .retry = decision { #expect(isRepeated) } else { #expect(!isRepeated) }
  }

  @Test(arguments: [Int32(400), 500])
  func aMessageThatWasSentBeforeIsNotSentAgain(code: Int32) {
    var policy = RetryPolicy(floodSleepThreshold: .seconds(60))
    let error = RPCError(code: code, message: "RANDOM_ID_DUPLICATE")
    guard case .fail(.rpc(error, _)) = policy.decide(error, method: "messages.sendMessage", isHome: true, isOpen: false)
    else {
      Issue.record("not passed on")
      return
    }
  }

  @Test func aPasswordThatIsNeededIsNoSignedOutSession() {
    var policy = RetryPolicy(floodSleepThreshold: .seconds(60))
    let error = RPCError(code: 401, message: "SESSION_PASSWORD_NEEDED")
    guard case .fail(.rpc(error, _)) = policy.decide(error, method: "auth.signIn", isHome: true, isOpen: false)
    else {
      Issue.record("not passed on")
      return
    }
  }
}
