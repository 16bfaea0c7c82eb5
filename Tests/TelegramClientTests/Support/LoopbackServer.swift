import MTProto
import MTProtoCrypto
import NIOCore
import NIOPosix
import Synchronization
import TL

@testable import TelegramClient

/// A small MTProto server on the loopback interface whose answers are the test's.
final class LoopbackServer: Sendable {
  enum Answer: Sendable {
    case value(any TLEncodable)
    case refuse(Int32, String)
    case nothing
    /// Not now: `answerHeld` says when.
    case hold
    case disconnect
  }

  struct State {
    var keys: [Int64: AuthKey] = [:]
    var connections: [ObjectIdentifier: ServerConnectionHandler] = [:]
    var calls: [ReceivedCall] = []
    var drops: [Int64] = []
    var held: [(handler: ServerConnectionHandler, call: ReceivedCall)] = []
    var connectionCount = 0
    var isAnsweringPings = true
  }

  /// One for all tests: making a key takes long.
  static let privateKey: RSAPrivateKey = {
    do { return try RSAPrivateKey.generate() } catch { preconditionFailure("no RSA key: \(error)") }
  }()

  let state = Mutex(State())
  let port: Int
  /// What this server proves itself with.
  let privateKey: RSAPrivateKey
  private let channel: any Channel
  let respond: @Sendable (ReceivedCall, LoopbackServer) -> Answer

  static func start(
    group: any EventLoopGroup, port: Int = 0, privateKey: RSAPrivateKey = LoopbackServer.privateKey,
    respond: @escaping @Sendable (ReceivedCall, LoopbackServer) -> Answer = { _, _ in .nothing }
  ) async throws -> LoopbackServer {
    let box = Mutex<LoopbackServer?>(nil)
    let shared = Shared(box)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let server = shared.server else { throw ChannelError.ioOnClosedChannel }
          try channel.pipeline.syncOperations.addHandler(ServerConnectionHandler(server: server))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    let server = LoopbackServer(channel: channel, privateKey: privateKey, respond: respond)
    shared.server = server
    return server
  }

  private final class Shared: Sendable {
    private let box: Mutex<LoopbackServer?>
    init(_ box: consuming Mutex<LoopbackServer?>) { self.box = box }
    var server: LoopbackServer? {
      get { box.withLock { $0 } }
      set { box.withLock { $0 = newValue } }
    }
  }

  private init(
    channel: any Channel, privateKey: RSAPrivateKey,
    respond: @escaping @Sendable (ReceivedCall, LoopbackServer) -> Answer
  ) {
    self.channel = channel
    self.privateKey = privateKey
    self.respond = respond
    port = channel.localAddress?.port ?? 0
  }

  var calls: [ReceivedCall] { state.withLock { $0.calls } }
  var connectionCount: Int { state.withLock { $0.connectionCount } }

  /// Calls of one function so far.
  func calls(of constructor: UInt32) -> [ReceivedCall] { calls.filter { $0.constructor == constructor } }

  func disconnectAll() {
    for handler in state.withLock({ Array($0.connections.values) }) { handler.close() }
  }

  var heldCalls: [ReceivedCall] { state.withLock { $0.held.map(\.call) } }

  /// Answers the held call at `index` of `heldCalls` where it came from.
  func answerHeld(_ index: Int, with answer: (ReceivedCall) -> any TLEncodable) {
    let (handler, call) = state.withLock { $0.held.remove(at: index) }
    handler.answer(call.messageID, answer(call))
  }

  func forgetKeys() { state.withLock { $0.keys = [:] } }

  func push(_ update: any TLEncodable, times: Int = 1) {
    for handler in state.withLock({ Array($0.connections.values) }) { handler.push(update, times: times) }
  }

  func stop() async throws {
    disconnectAll()
    try await channel.close()
  }

  /// A `help.getConfig` answer that announces these data centres on loopback.
  static func config(_ dcs: [Int: Int], thisDC: Int) -> API.Config {
    API.Config(
      date: 0, expires: 1, testMode: false, thisDc: Int32(thisDC),
      dcOptions: dcs.sorted { $0.key < $1.key }.map {
        API.DcOption(id: Int32($0.key), ipAddress: "127.0.0.1", port: Int32($0.value))
      },
      dcTxtDomainName: "", chatSizeMax: 200, megagroupSizeMax: 200_000, forwardedCountMax: 100,
      onlineUpdatePeriodMs: 1, offlineBlurTimeoutMs: 1, offlineIdleTimeoutMs: 1, onlineCloudTimeoutMs: 1,
      notifyCloudDelayMs: 1, notifyDefaultDelayMs: 1, pushChatPeriodMs: 1, pushChatLimit: 1, editTimeLimit: 1,
      revokeTimeLimit: 1, revokePmTimeLimit: 1, ratingEDecay: 1, stickersRecentLimit: 1, channelsReadMediaPeriod: 1,
      callReceiveTimeoutMs: 1, callRingTimeoutMs: 1, callConnectTimeoutMs: 1, callPacketTimeoutMs: 1, meUrlPrefix: "",
      captionLengthMax: 1024, messageLengthMax: 4096, webfileDcId: 2)
  }
}

final class ServerConnectionHandler: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let server: LoopbackServer
  private let side: Mutex<(side: ServerSide, channel: (any Channel)?)>

  init(server: LoopbackServer) {
    self.server = server
    side = Mutex((ServerSide(privateKey: server.privateKey), nil))
  }

  func channelActive(context: ChannelHandlerContext) {
    side.withLock { [channel = context.channel] in $0.channel = channel }
    server.state.withLock { state in
      state.connectionCount += 1
      state.connections[ObjectIdentifier(self)] = self
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    server.state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(self)) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    let now = WallClock.system.moment(.now())
    do {
      let keys = server.state.withLock { $0.keys }
      let outputs = try side.withLock { state in
        state.side.keys = keys
        return try state.side.receive(bytes, now: now)
      }
      for output in outputs {
        switch output {
        case .agreed(let agreement):
          server.state.withLock { $0.keys[agreement.authKey.id] = agreement.authKey }
        case .service(let constructor, let body):
          if constructor == MT.RpcDropAnswer.constructor {
            var reader = TLReader(body)
            _ = try reader.readConstructor()
            let id = try reader.readLong()
            server.state.withLock { $0.drops.append(id) }
          } else if server.state.withLock({ $0.isAnsweringPings }) {
            try side.withLock { try $0.side.pong(body, now: now) }
          }
        case .unknownKey: break
        case .call(let call):
          server.state.withLock { $0.calls.append(call) }
          switch server.respond(call, server) {
          case .value(let value): try side.withLock { try $0.side.answer(call.messageID, value, now: now) }
          case .refuse(let code, let message):
            try side.withLock { try $0.side.refuse(call.messageID, code: code, message, now: now) }
          case .nothing: break
          case .hold: server.state.withLock { $0.held.append((self, call)) }
          case .disconnect:
            // What was answered before goes out, or calls that come together would never get anywhere.
            let reply = side.withLock { $0.side.takeBytes() }
            context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
            context.close(promise: nil)
            return
          }
        }
      }
      let reply = side.withLock { $0.side.takeBytes() }
      if reply.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(reply), promise: nil) }
    } catch {
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func close() { side.withLock { $0.channel }?.close(promise: nil) }

  func answer(_ messageID: Int64, _ value: any TLEncodable) {
    send { side, now in try? side.answer(messageID, value, now: now) }
  }

  func push(_ update: any TLEncodable, times: Int) {
    send { side, now in for _ in 0..<times { try? side.push(update, now: now) } }
  }

  /// On the channel's event loop: packets are enciphered one after another and have to go out in that order.
  private func send(_ fill: @escaping @Sendable (inout ServerSide, Moment) -> Void) {
    guard let channel = side.withLock({ $0.channel }) else { return }
    channel.eventLoop.execute {
      let bytes = self.side.withLock { state in
        fill(&state.side, WallClock.system.moment(.now()))
        return state.side.takeBytes()
      }
      channel.writeAndFlush(bytes, promise: nil)
    }
  }
}
