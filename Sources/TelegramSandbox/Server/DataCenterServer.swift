import Logging
import MTProto
import MTProtoCrypto
import NIOCore
import NIOPosix

/// One data centre: a listening socket and the connections on it.
struct DataCenterServer: Sendable {
  typealias Connection = NIOAsyncChannel<ByteBuffer, ServerConnection.Command>

  let id: Int32
  let hub: Hub
  let privateKey: RSAPrivateKey
  let logger: Logger
  let now: @Sendable () -> Moment
  private let listener: NIOAsyncChannel<Connection, Never>

  /// The port the system gave.
  let port: Int

  init(
    id: Int32, host: String, port: Int, hub: Hub, privateKey: RSAPrivateKey, pace: NetworkPace,
    group: any EventLoopGroup, logger: Logger, now: @escaping @Sendable () -> Moment
  ) async throws {
    self.id = id
    self.hub = hub
    self.privateKey = privateKey
    self.logger = logger
    self.now = now
    listener = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .bind(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(
            NetworkPaceHandler(pace), ServerFramingHandler())
          return try Connection(wrappingChannelSynchronously: channel)
        }
      }
    self.port = listener.channel.localAddress?.port ?? port
  }

  /// Serves until cancelled.
  func run() async throws {
    try await listener.executeThenClose { connections in
      try await withThrowingDiscardingTaskGroup { group in
        for try await connection in connections {
          group.addTask { await serve(connection) }
        }
      }
    }
  }

  private func serve(_ channel: Connection) async {
    let connection = ServerConnection(channel.channel)
    do {
      try await channel.executeThenClose { inbound, _ in
        var exchange = ServerKeyExchange(privateKey: privateKey)
        for try await packet in inbound {
          if PlainMessage.isPlain(packet) {
            try await handshake(packet, &exchange, connection)
          } else if try await !encrypted(packet, connection) {
            break
          }
        }
      }
    } catch {
      logger.debug("connection ended", metadata: ["dc": "\(id)", "error": "\(error)"])
    }
    await hub.disconnected(connection)
  }

  private func handshake(
    _ packet: ByteBuffer, _ exchange: inout ServerKeyExchange, _ connection: ServerConnection
  ) async throws {
    var generator = SystemRandomNumberGenerator()
    let reply = try exchange.received(packet, now: now(), using: &generator)
    if let agreement = reply.agreement {
      await hub.add(agreement, dc: id)
      exchange = ServerKeyExchange(privateKey: privateKey)
    }
    connection.send(.packet(reply.packet))
  }

  /// - Returns: false when the connection is of no more use.
  private func encrypted(_ packet: ByteBuffer, _ connection: ServerConnection) async throws -> Bool {
    guard let keyID = packet.getInteger(at: packet.readerIndex, endianness: .little, as: Int64.self) else {
      return false
    }
    guard let key = await hub.key(keyID, dc: id) else {
      connection.send(.error(-404))
      return true
    }
    let message = try MessageCipher.open(packet, authKey: key, sender: .client)
    await hub.received(message, authKeyID: keyID, dc: id, on: connection)
    return true
  }
}
