import MTProto
import MTProtoCrypto
import NIOCore

/// A client's connection as the hub sees it.
struct ServerConnection: Sendable, Equatable {
  /// What can be sent on it.
  enum Command: Sendable {
    /// A plain message of the key exchange.
    case packet(ByteBuffer)
    /// A message to encrypt.
    case message(SessionMessage, AuthKey)
    /// A transport error.
    case error(Int32)
    /// Closes the connection, at once or after a delay that a later command replaces.
    case close(after: TimeAmount?)
  }

  private let channel: any Channel

  init(_ channel: any Channel) { self.channel = channel }

  static func == (a: Self, b: Self) -> Bool { a.channel === b.channel }

  /// False while the client does not take what it was sent.
  var isWritable: Bool { channel.isWritable }

  func send(_ command: Command) { channel.writeAndFlush(command, promise: nil) }
}

/// Bytes to MTProto packets and commands to bytes: framing, encryption and closing, on the connection's event loop.
final class ServerFramingHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ServerConnection.Command
  typealias OutboundOut = ByteBuffer

  private var framing = ServerFraming()
  private var generator = SystemRandomNumberGenerator()
  private var closing: Scheduled<Void>?

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    framing.receive(unwrapInboundIn(data))
    do {
      while let frame = try framing.next() {
        guard case .packet(let packet) = frame else { continue }
        context.fireChannelRead(wrapInboundOut(packet))
      }
    } catch {
      context.close(promise: nil)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var bytes = ByteBuffer()
    switch unwrapOutboundIn(data) {
    case .packet(let packet): framing.encode(packet, into: &bytes, using: &generator)
    case .error(let code): framing.encode(error: code, into: &bytes, using: &generator)
    case .message(let message, let key):
      do {
        let packet = try MessageCipher.seal(message, authKey: key, sender: .server, using: &generator)
        framing.encode(packet, into: &bytes, using: &generator)
      } catch {
        promise?.fail(error)
        return context.close(promise: nil)
      }
    case .close(let delay):
      closing?.cancel()
      promise?.succeed()
      guard let delay else { return context.close(promise: nil) }
      let channel = context.channel
      closing = context.eventLoop.scheduleTask(in: delay) { channel.close(promise: nil) }
      return
    }
    context.write(wrapOutboundOut(bytes), promise: promise)
  }

  func channelInactive(context: ChannelHandlerContext) {
    closing?.cancel()
    context.fireChannelInactive()
  }
}
