import Foundation
import MTProtoCrypto
import NIOCore

/// Opens byte streams through a proxy, and never around it.
///
/// An MTProxy chooses the address itself, by the data centre that the obfuscated opening names.
struct ProxyDialer: Dialer {
  let proxy: ProxyAddress
  /// Reaches the proxy.
  let dialer: any Dialer

  func dial(
    _ endpoint: Endpoint, timeout: Duration, on loop: any EventLoop,
    initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) async throws -> any Channel {
    guard let handshake = try handshake(for: endpoint) else {
      return try await named {
        try await dialer.dial(proxy.endpoint, timeout: timeout, on: loop, initializer: initializer)
      }
    }
    let finished = loop.makePromise(of: Void.self)
    let isDisguised = proxy.mtproxySecret?.domain != nil
    let channel: any Channel
    do {
      channel = try await dialer.dial(proxy.endpoint, timeout: timeout, on: loop) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            ProxyHandshakeHandler(handshake, finished: finished), name: Self.handshakeName)
        }
      }
    } catch {
      finished.fail(error)
      throw error is CancellationError ? error : ProxyError(proxy, error)
    }
    let late = loop.scheduleTask(in: TimeAmount(timeout)) { finished.fail(ProxyRefusal.silent) }
    defer { late.cancel() }
    do {
      try await withTaskCancellationHandler {
        try await finished.futureResult.get()
      } onCancel: {
        channel.close(promise: nil)
      }
      try Task.checkCancellation()
      // What arrived behind the handshake goes on when its handler is removed.
      try await channel.eventLoop.flatSubmit {
        channel.eventLoop.makeCompletedFuture {
          if isDisguised { try channel.pipeline.syncOperations.addHandler(FakeTLSHandler()) }
        }
        .flatMap { initializer(channel) }
        .flatMap { channel.pipeline.removeHandler(name: Self.handshakeName) }
      }.get()
      return channel
    } catch {
      channel.close(promise: nil)
      try Task.checkCancellation()
      throw ProxyError(proxy, error)
    }
  }

  private func named<T>(_ body: () async throws -> T) async throws -> T {
    do { return try await body() } catch {
      throw error is CancellationError ? error : ProxyError(proxy, error)
    }
  }

  private static let handshakeName = "proxy handshake"

  /// Nil where nothing has to be said before MTProto.
  private func handshake(for endpoint: Endpoint) throws -> (any ProxyHandshake)? {
    switch proxy {
    case .socks5(_, _, let user, let password):
      return SOCKS5Handshake(target: endpoint, user: user, password: password)
    case .http(_, _, let user, let password):
      return HTTPConnectHandshake(target: endpoint, user: user, password: password)
    case .mtproxy:
      guard let secret = proxy.mtproxySecret, let domain = secret.domain else { return nil }
      var generator = SystemRandomNumberGenerator()
      return try FakeTLSHandshake(
        key: secret.key, domain: domain, unixTime: UInt32(clamping: Int64(Date().timeIntervalSince1970)),
        publicKey: try X25519.newPublicKey(), using: &generator)
    }
  }
}
