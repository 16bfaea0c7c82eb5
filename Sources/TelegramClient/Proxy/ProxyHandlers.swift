import NIOCore

/// Speaks a proxy's handshake on a channel, and goes when it is done.
final class ProxyHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var handshake: any ProxyHandshake
  private let finished: EventLoopPromise<Void>
  private var input = ByteBuffer()
  private var isDone = false

  /// - Parameter finished: kept when the proxy carries bytes, broken when it will not; once in any case.
  init(_ handshake: any ProxyHandshake, finished: EventLoopPromise<Void>) {
    self.handshake = handshake
    self.finished = finished
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(handshake.start()), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    input.writeImmutableBuffer(unwrapInboundIn(data))
    do {
      while !isDone {
        switch try handshake.receive(&input) {
        case .needsMore: return
        case .send(let bytes): context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        case .done:
          isDone = true
          finished.succeed()
        }
      }
    } catch {
      fail(error, context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(ProxyRefusal.noSuchProxy("it closed the connection"), context)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard !isDone else { return context.fireErrorCaught(error) }
    fail(error, context)
  }

  /// What came behind the handshake belongs to whoever comes after.
  func handlerRemoved(context: ChannelHandlerContext) {
    if input.readableBytes > 0 {
      context.fireChannelRead(wrapInboundOut(input))
      context.fireChannelReadComplete()
    }
    finished.fail(ChannelError.eof)
  }

  private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
    guard !isDone else { return }
    isDone = true
    finished.fail(error)
    context.close(promise: nil)
  }
}

/// Puts what is sent into records that look like TLS, and takes what arrives out of them.
final class FakeTLSHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var records = FakeTLSRecords()

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    do {
      if let content = try records.open(unwrapInboundIn(data)) { context.fireChannelRead(wrapInboundOut(content)) }
    } catch {
      context.fireErrorCaught(error)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    context.write(wrapOutboundOut(records.seal(unwrapOutboundIn(data))), promise: promise)
  }
}
