import NIOCore

/// What a connection's handler tells; called on the channel's event loop.
protocol ConnectionDelegate: Sendable {
  func received(_ bytes: ByteBuffer, on channel: any Channel)
  /// No more bytes are at hand for now: time to answer.
  func receivedAll(on channel: any Channel)
  func closed(_ channel: any Channel, error: (any Error)?)
}

/// The end of a connection's pipeline: hands bytes to the link, and stops reading while the link is behind.
final class ConnectionHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Tells the handler to stop or resume reading; sent through the pipeline.
  enum ReadingEvent {
    case pause
    case resume
  }

  private let delegate: any ConnectionDelegate
  private var isPaused = false
  /// A read was asked for while paused.
  private var owesRead = false
  private var error: (any Error)?

  init(delegate: any ConnectionDelegate) { self.delegate = delegate }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    delegate.received(unwrapInboundIn(data), on: context.channel)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    delegate.receivedAll(on: context.channel)
    context.fireChannelReadComplete()
  }

  func channelInactive(context: ChannelHandlerContext) {
    delegate.closed(context.channel, error: error)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    self.error = self.error ?? error
    context.close(promise: nil)
  }

  func read(context: ChannelHandlerContext) {
    if isPaused { owesRead = true } else { context.read() }
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard let event = event as? ReadingEvent else {
      context.triggerUserOutboundEvent(event, promise: promise)
      return
    }
    switch event {
    case .pause: isPaused = true
    case .resume:
      isPaused = false
      if owesRead {
        owesRead = false
        context.read()
      }
    }
    promise?.succeed()
  }
}
