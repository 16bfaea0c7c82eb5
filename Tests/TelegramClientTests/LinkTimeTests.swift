import Logging
import MTProto
import NIOCore
import NIOEmbedded
import TL
import TestSupport
import Testing

@testable import TelegramClient

/// What happens with time, on an event loop whose clock is the test's.
@Suite struct LinkTimeTests {
  /// Hands out channels without sockets and tells of each.
  private struct ChannelDialer: Dialer {
    let loop: NIOAsyncTestingEventLoop
    let channels = Locked<[NIOAsyncTestingChannel]>([])

    func dial(
      _ endpoint: Endpoint, timeout: Duration, on loop: any EventLoop,
      initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) async throws -> any Channel {
      let channel = NIOAsyncTestingChannel(loop: self.loop)
      try await self.loop.flatSubmit { initializer(channel) }.get()
      try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
      channels.withValue { $0.append(channel) }
      return channel
    }
  }

  private actor Server {
    private var side: ServerSide

    init(keys: [Int64: AuthKey]) { side = ServerSide(privateKey: LoopbackServer.privateKey, keys: keys) }

    func receive(
      _ bytes: ByteBuffer, now: Moment, answeringPings: Bool
    ) throws -> ([ServerSide.Output], ByteBuffer) {
      let outputs = try side.receive(bytes, now: now)
      for case .service(_, let body) in outputs where answeringPings { try side.pong(body, now: now) }
      return (outputs, side.takeBytes())
    }
  }

  private struct Setup {
    let loop = NIOAsyncTestingEventLoop()
    let wallClock = WallClock { .seconds(1_700_000_000) + $0 }
    let dialer: ChannelDialer
    let store: InMemorySessionStore
    let server: Server

    /// A session whose key the server knows, so that no test waits for a key exchange.
    init(withKey: Bool = true) throws {
      dialer = ChannelDialer(loop: loop)
      var numbers = SeededGenerator(seed: 11)
      let key = try #require(AuthKey(bytes: (0..<256).map { _ in UInt8.random(in: 0...255, using: &numbers) }))
      store = InMemorySessionStore(
        home: StoredDC(id: 2, host: "127.0.0.1", port: 1, authKey: withKey ? key.bytes : nil))
      server = Server(keys: withKey ? [key.id: key] : [:])
    }

    func client() throws -> TelegramClient {
      var logger = Logger(label: "test")
      logger.logLevel = .critical
      return TelegramClient(
        configuration: try configuration(port: 1, transport: "intermediate"), store: store, group: loop,
        logger: logger, dialer: dialer, clock: ImpatientClock(), wallClock: wallClock, random: .system)
    }

    func channel(_ number: Int) async throws -> NIOAsyncTestingChannel {
      try await eventually { dialer.channels.current.count >= number }
      return try #require(dialer.channels.current.dropFirst(number - 1).first)
    }

    /// Takes what the client has written, and answers pings with pongs if asked to.
    func serve(_ channel: NIOAsyncTestingChannel, answeringPings: Bool) async throws -> [ServerSide.Output] {
      var bytes = try await channel.waitForOutboundWrite(as: ByteBuffer.self)
      while let more = try await channel.readOutbound(as: ByteBuffer.self) { bytes.writeImmutableBuffer(more) }
      let (outputs, reply) = try await server.receive(
        bytes, now: wallClock.moment(loop.now), answeringPings: answeringPings)
      if reply.readableBytes > 0 { try await channel.writeInbound(reply) }
      return outputs
    }
  }

  @Test func aConnectionThatStopsAnsweringIsReplaced() async throws {
    let setup = try Setup()
    let client = try setup.client()
    try await running(client) { client in
      let first = try await setup.channel(1)
      _ = try await setup.serve(first, answeringPings: true)
      await setup.loop.advanceTime(by: .seconds(26))
      _ = try await setup.serve(first, answeringPings: false)
      #expect(first.isActive)
      await setup.loop.advanceTime(by: .seconds(21))
      let second = try await setup.channel(2)
      #expect(second.isActive)
      #expect(!first.isActive)
    }
  }

  @Test func aConnectionThatAnswersIsKept() async throws {
    let setup = try Setup()
    let client = try setup.client()
    try await running(client) { client in
      let channel = try await setup.channel(1)
      _ = try await setup.serve(channel, answeringPings: true)
      for _ in 0..<10 {
        await setup.loop.advanceTime(by: .seconds(26))
        _ = try await setup.serve(channel, answeringPings: true)
      }
      #expect(channel.isActive)
      #expect(setup.dialer.channels.current.count == 1)
    }
  }

  @Test func aKeyExchangeThatHangsIsBrokenOff() async throws {
    let setup = try Setup(withKey: false)
    let client = try setup.client()
    try await running(client) { client in
      let first = try await setup.channel(1)
      _ = try await first.waitForOutboundWrite(as: ByteBuffer.self)
      await setup.loop.advanceTime(by: .seconds(21))
      let second = try await setup.channel(2)
      #expect(second.isActive)
      #expect(!first.isActive)
    }
  }

  @Test func aCallWithoutAConnectionTimesOutAsUnreachable() async throws {
    let loop = NIOAsyncTestingEventLoop()
    let client = testClient(try configuration(port: 1))
    let link = DataCenterLink(dc: 2, isHome: true, loop: loop, environment: client.environment)
    async let outcome = Result.from {
      try await link.call(ByteBuffer(), isBulk: false, timeout: .seconds(5))
    }
    try await eventually { await link.hasCalls }
    await loop.advanceTime(by: .seconds(6))
    guard case .failure(DataCenterLink.CallFailure.link(.unreachable(dc: 2, _))) = await outcome else {
      Issue.record("not told as unreachable")
      return
    }
  }
}

@Suite struct ConnectionHandlerTests {
  private struct NoDelegate: ConnectionDelegate {
    func received(_ bytes: ByteBuffer, on channel: any Channel) {}
    func receivedAll(on channel: any Channel) {}
    func closed(_ channel: any Channel, error: (any Error)?) {}
  }

  private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var count = 0
    func read(context: ChannelHandlerContext) {
      count += 1
      context.read()
    }
  }

  @Test func readsNothingWhilePausedAndGoesOnAfterwards() throws {
    let channel = EmbeddedChannel()
    let counter = ReadCounter()
    try channel.pipeline.syncOperations.addHandlers([counter, ConnectionHandler(delegate: NoDelegate())])
    channel.pipeline.read()
    #expect(counter.count == 1)
    channel.pipeline.triggerUserOutboundEvent(ConnectionHandler.ReadingEvent.pause, promise: nil)
    channel.pipeline.read()
    channel.pipeline.read()
    #expect(counter.count == 1)
    channel.pipeline.triggerUserOutboundEvent(ConnectionHandler.ReadingEvent.resume, promise: nil)
    #expect(counter.count == 2)
    channel.pipeline.read()
    #expect(counter.count == 3)
    _ = try channel.finish()
  }
}

@Suite struct ClockTests {
  @Test(arguments: [Duration.zero, .nanoseconds(1), .seconds(45), .milliseconds(1500), .seconds(86_400 * 365)])
  func eventLoopTimeAndDurationsAgree(duration: Duration) {
    let deadline = NIODeadline.uptime(duration)
    #expect(WallClock { $0 }.moment(deadline) == Moment(uptime: duration, unixTime: duration))
  }

  @Test(arguments: [Duration.seconds(Int64.max), .seconds(Int64.min), .seconds(-5)])
  func timesThatMakeNoSenseDoNotTrap(duration: Duration) {
    _ = NIODeadline.uptime(duration)
  }
}
