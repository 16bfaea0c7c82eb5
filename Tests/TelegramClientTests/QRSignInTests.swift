import MTProto
import NIOCore
import NIOPosix
import TL
import Testing

@testable import TelegramClient

/// A sign-in by QR code against a server that hands out numbered tokens.
@Suite(.serialized) struct QRSignInTests {
  private let group = MultiThreadedEventLoopGroup.singleton

  private struct Tokens: Sendable {
    var count: UInt8 = 0
    var isAccepted = false
  }

  /// Notes the links, as somebody who looks at the screen does.
  private final class Display: LoginLinkDisplay {
    let links = Locked<[String]>([])
    let isFinished = Locked(false)

    func show(_ link: LoginLink) async throws { links.withValue { $0.append(link.url) } }
    func finish() async { isFinished.withValue { $0 = true } }
  }

  private struct NoPrompts: SignInPrompts {
    struct Asked: Error {}
    func phone(retry: PhoneRetry?) async throws -> String { throw Asked() }
    func code(_ request: CodeRequest, retry: CodeRetry?) async throws -> CodeAnswer { throw Asked() }
    func password(hint: String?, isRetry: Bool) async throws -> String { throw Asked() }
  }

  private func server(_ tokens: Locked<Tokens>) async throws -> LoopbackServer {
    try await LoopbackServer.start(group: group) { call, server in
      switch call.constructor {
      case API.HelpGetConfig.constructor: return .value(LoopbackServer.config([2: server.port], thisDC: 2))
      case API.AuthExportLoginToken.constructor:
        let now = Int32(clamping: WallClock.system.secondsSince1970)
        let signedIn = API.AnyAuthAuthorization.authAuthorization(.init(user: user(1, isSelf: true)))
        return tokens.withValue { tokens in
          if tokens.isAccepted {
            return .value(API.AnyAuthLoginToken.authLoginTokenSuccess(.init(authorization: signedIn)))
          }
          tokens.count += 1
          return .value(
            API.AnyAuthLoginToken.authLoginToken(
              .init(expires: now + 30, token: ByteBuffer(bytes: [tokens.count, 0, 0]))))
        }
      default: return .nothing
      }
    }
  }

  private func signIn(
    _ tokens: Locked<Tokens>, clock: any Clock<Duration> = ContinuousClock(),
    _ script: @escaping @Sendable (LoopbackServer, Display) async throws -> Void
  ) async throws -> (API.User, Display) {
    let server = try await server(tokens)
    let display = Display()
    let client = testClient(try configuration(port: server.port), clock: clock)
    let outcome = await Result.from {
      try await running(client) { client in
        async let user = QRSignIn(client: client, prompts: NoPrompts(), display: display).run()
        try await script(server, display)
        return try await user
      }
    }
    try await server.stop()
    return (try outcome.get(), display)
  }

  @Test func anAcceptedLinkIsNotWaitedFor() async throws {
    let tokens = Locked(Tokens())
    let (user, display) = try await signIn(tokens) { server, display in
      try await eventually { display.links.current.count == 1 }
      tokens.withValue { $0.isAccepted = true }
      server.push(API.AnyUpdates.updateShort(.init(update: .updateLoginToken(.init()), date: 1)))
    }
    #expect(user.id == 1)
    #expect(display.links.current == ["tg://login?token=AQAA"])
    #expect(display.isFinished.current)
  }

  @Test func linksFollowEachOtherByTheClientsClock() async throws {
    let tokens = Locked(Tokens())
    let clock = ManualClock()
    let (_, display) = try await signIn(tokens, clock: clock) { _, display in
      for shown in 1...3 {
        try await eventually { display.links.current.count == shown }
        await clock.sleeper(atLeast: .seconds(20))
        if shown == 3 { tokens.withValue { $0.isAccepted = true } }
        clock.advance(by: .seconds(29))
      }
    }
    #expect(display.links.current == ["tg://login?token=AQAA", "tg://login?token=AgAA", "tg://login?token=AwAA"])
  }

  @Test func whatIsToldWhileConnectionsChangeIsAskedFor() async throws {
    let tokens = Locked(Tokens())
    let (_, display) = try await signIn(tokens) { server, display in
      try await eventually { display.links.current.count == 1 }
      server.disconnectAll()
      try await eventually { display.links.current.count == 2 }
      tokens.withValue { $0.isAccepted = true }
      server.push(API.AnyUpdates.updatesTooLong(.init()))
    }
    #expect(display.links.current.count == 2)
  }

  @Test func cancellingEndsItAndTheDisplay() async throws {
    let server = try await server(Locked(Tokens()))
    let display = Display()
    let client = testClient(try configuration(port: server.port))
    let error = await #expect(throws: SignInError.self) {
      try await running(client) { client in
        let signIn = Task { try await QRSignIn(client: client, prompts: NoPrompts(), display: display).run() }
        try await eventually { display.links.current.count == 1 }
        signIn.cancel()
        _ = try await signIn.value
      }
    }
    guard case .cancelled? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(display.isFinished.current)
    try await server.stop()
  }
}
