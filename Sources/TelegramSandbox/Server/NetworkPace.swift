import NIOCore
import Synchronization

/// How fast every connection carries data, for whoever wants a slow network.
final class NetworkPace: Sendable {
  struct Limit: Sendable {
    /// Each way.
    var bytesPerSecond: Int64
    /// What everything takes longer.
    var delay: TimeAmount
  }

  private let limit = Mutex<Limit?>(nil)

  /// nil for no limit.
  func set(_ limit: Limit?) { self.limit.withLock { $0 = limit } }

  fileprivate var current: Limit? { limit.withLock { $0 } }
}

/// Holds bytes back until a slow network would have carried them; their order stays.
final class NetworkPaceHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// One way of the connection.
  private struct Lane {
    /// When the last byte will have been carried.
    var free = NIODeadline.uptimeNanoseconds(0)
    /// When the last byte arrives.
    var last = NIODeadline.uptimeNanoseconds(0)

    /// When `count` more bytes arrive; nil for at once.
    mutating func arrival(of count: Int, _ limit: NetworkPace.Limit?, now: NIODeadline) -> NIODeadline? {
      guard let limit else { return last > now ? last : nil }
      let seconds = Double(count) / Double(limit.bytesPerSecond)
      free = max(free, now) + .nanoseconds(Int64(min(seconds, 86_400) * 1e9))
      last = max(last, free + limit.delay)
      return last
    }
  }

  private let pace: NetworkPace
  private var inbound = Lane()
  private var outbound = Lane()

  init(_ pace: NetworkPace) { self.pace = pace }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    guard let time = inbound.arrival(of: bytes.readableBytes, pace.current, now: .now()) else {
      return context.fireChannelRead(data)
    }
    let pipeline = context.loopBound(self)
    context.eventLoop.scheduleTask(deadline: time) {
      guard pipeline.value.context.channel.isActive else { return }
      pipeline.value.context.fireChannelRead(pipeline.value.handler.wrapInboundOut(bytes))
      pipeline.value.context.fireChannelReadComplete()
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let bytes = unwrapOutboundIn(data)
    guard let time = outbound.arrival(of: bytes.readableBytes, pace.current, now: .now()) else {
      return context.write(data, promise: promise)
    }
    let pipeline = context.loopBound(self)
    context.eventLoop.scheduleTask(deadline: time) {
      pipeline.value.context.writeAndFlush(pipeline.value.handler.wrapOutboundOut(bytes), promise: promise)
    }
  }
}

extension ChannelHandlerContext {
  /// The context and its handler, for a task on the same event loop.
  fileprivate func loopBound(
    _ handler: NetworkPaceHandler
  ) -> NIOLoopBound<(context: ChannelHandlerContext, handler: NetworkPaceHandler)> {
    NIOLoopBound((self, handler), eventLoop: eventLoop)
  }
}
