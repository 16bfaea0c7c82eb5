public import NIOCore
import NIOPosix
import Synchronization

/// Opens byte streams to servers: directly, or (another conformance) through a proxy.
public protocol Dialer: Sendable {
  /// Connects to `endpoint` on `loop` and adds the caller's handlers with `initializer` before any byte is read.
  ///
  /// Ends early when the task is cancelled; then no channel is left open.
  func dial(
    _ endpoint: Endpoint, timeout: Duration, on loop: any EventLoop,
    initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws -> any Channel
}

/// Plain TCP.
public struct TCPDialer: Dialer {
  public init() {}

  public func dial(
    _ endpoint: Endpoint, timeout: Duration, on loop: any EventLoop,
    initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws -> any Channel {
    let opening = OpeningChannel()
    let bootstrap = ClientBootstrap(group: loop)
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .connectTimeout(TimeAmount(timeout))
      .channelInitializer { channel in
        opening.opened(channel)
        return initializer(channel)
      }
    return try await withTaskCancellationHandler {
      let channel = try await bootstrap.connect(host: endpoint.host, port: endpoint.port).get()
      guard !Task.isCancelled else {
        channel.close(promise: nil)
        throw CancellationError()
      }
      return channel
    } onCancel: {
      opening.cancel()
    }
  }
}

/// Lets a cancellation close a channel that is still connecting.
private final class OpeningChannel: Sendable {
  private enum State {
    case waiting
    case open(any Channel)
    case cancelled
  }

  private let state = Mutex(State.waiting)

  func opened(_ channel: any Channel) {
    let close = state.withLock { state in
      if case .cancelled = state { return true }
      state = .open(channel)
      return false
    }
    if close { channel.close(promise: nil) }
  }

  func cancel() {
    let channel: (any Channel)? = state.withLock { state in
      defer { state = .cancelled }
      if case .open(let channel) = state { return channel }
      return nil
    }
    channel?.close(promise: nil)
  }
}
