import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// What asking the service came to.
public enum HealthOutcome: Sendable, Hashable {
  case healthy(HealthReport)
  /// It goes on, and says what is not as it should be.
  case degraded(HealthReport, reason: String)
  /// It says so itself.
  case unhealthy(HealthReport, reason: String)
  /// It cannot be asked, or what it answers makes no sense.
  case unknown(reason: String)
}

/// Asks the running service how it is.
public enum HealthProbe {
  /// Bytes of an answer; a service that is ours needs a few hundred.
  static let maximumAnswer = 64 * 1024

  /// - Parameters:
  ///   - token: what to show.
  ///   - timeout: for all of it, from the first packet to the last.
  public static func ask(
    _ address: HealthAddress, token: Secret<String>? = nil, timeout: Duration
  ) async -> HealthOutcome {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let outcome: HealthOutcome
    do {
      outcome = judge(try await fetch(address, token, timeout: timeout, group))
    } catch {
      outcome = .unknown(reason: "\(address): \(reason(error, timeout))")
    }
    try? await group.shutdownGracefully()
    return outcome
  }

  /// What the answer means.
  static func judge(_ answer: HealthAnswer) -> HealthOutcome {
    let nonsense = "the answer is not that of a tgl service (HTTP status \(answer.status))"
    if answer.status == 401 { return .unknown(reason: "the service wants another HEALTH_TOKEN") }
    guard answer.status == 200 || answer.status == 503 else { return .unknown(reason: nonsense) }
    guard let report = try? JSONDecoder().decode(HealthReport.self, from: answer.body) else {
      return .unknown(reason: nonsense)
    }
    if answer.status == 200, report.status == .ok { return .healthy(report) }
    if answer.status == 200, report.status == .degraded {
      let reasons = (report.degraded ?? []).map { $0.escapingControls() }
      return .degraded(report, reason: reasons.isEmpty ? "it does not say why" : reasons.joined(separator: "; "))
    }
    var reason = report.lastErrorMessage.map { $0.escapingControls() } ?? ""
    if reason.isEmpty { reason = "it does not say why" }
    if let time = report.lastErrorAt { reason += " (\(time.escapingControls()))" }
    return .unhealthy(report, reason: reason)
  }

  private static func fetch(
    _ address: HealthAddress, _ token: Secret<String>?, timeout: Duration, _ group: MultiThreadedEventLoopGroup
  ) async throws -> HealthAnswer {
    let limit = TimeAmount(timeout)
    let answer = group.next().makePromise(of: HealthAnswer.self)
    let timer = group.next().scheduleTask(in: limit) { answer.fail(HealthProbeError.timeout) }
    let connection = ClientBootstrap(group: group)
      .connectTimeout(limit)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(HealthHandler(address: address, token: token, answer: answer))
        }
      }
      .connect(host: address.host, port: address.port)
    connection.cascadeFailure(to: answer)
    defer {
      timer.cancel()
      connection.whenSuccess { $0.close(promise: nil) }
    }
    return try await answer.futureResult.get()
  }

  private static func reason(_ error: any Error, _ timeout: Duration) -> String {
    switch error {
    case HealthProbeError.timeout, ChannelError.connectTimeout:
      "no answer within \((timeout / .seconds(1)).formatted(.number.grouping(.never).locale(Locale(identifier: "en_US_POSIX")))) seconds"
    case let error as HealthProbeError: "\(error)"
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError:
      error.connectionErrors.first.map { Self.reason($0.error, timeout) } ?? "no such host"
    case is HTTPParserError: "what answers does not speak HTTP"
    default: "\(error)"
    }
  }
}

enum HealthProbeError: Error, CustomStringConvertible {
  case timeout, tooLong, closed

  var description: String {
    switch self {
    case .timeout: "no answer"
    case .tooLong: "the answer is longer than that of a tgl service"
    case .closed: "the connection was closed without an answer"
    }
  }
}

struct HealthAnswer: Sendable, Hashable {
  var status: UInt
  var body: Data
}

/// Sends the request and collects the answer.
private final class HealthHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let address: HealthAddress
  private let token: Secret<String>?
  private let answer: EventLoopPromise<HealthAnswer>
  private var status: UInt = 0
  private var body = Data()

  init(address: HealthAddress, token: Secret<String>?, answer: EventLoopPromise<HealthAnswer>) {
    self.address = address
    self.token = token
    self.answer = answer
  }

  func channelActive(context: ChannelHandlerContext) {
    var headers = HTTPHeaders([
      ("Host", address.authority), ("User-Agent", "tgl"), ("Accept", "application/json"), ("Connection", "close"),
    ])
    if let token { headers.add(name: "Authorization", value: "Bearer \(token.exposed)") }
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.path, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): status = head.status.code
    case .body(let bytes):
      body.append(contentsOf: bytes.readableBytesView)
      if body.count > HealthProbe.maximumAnswer { fail(HealthProbeError.tooLong, context) }
    case .end:
      answer.succeed(HealthAnswer(status: status, body: body))
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error, context) }

  func channelInactive(context: ChannelHandlerContext) {
    answer.fail(HealthProbeError.closed)
    context.fireChannelInactive()
  }

  private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
    answer.fail(error)
    context.close(promise: nil)
  }
}
