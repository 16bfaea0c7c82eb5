import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix

/// The endpoint for health checks, metrics and people.
///
/// It listens again when it could not: a port that is taken is no reason to lose messages.
struct StatusServer: Sendable {
  /// Connections at the same time; more wait to be accepted.
  static let maximumConnections = 1_500
  private static let idleTimeout = TimeAmount.seconds(10)
  private static let retryInterval = Duration.seconds(15)
  /// A thread of its own for as long as the process lives: a server may still turn to it a moment after it has ended.
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  private let settings: Settings.Health
  private let monitor: HealthMonitor
  private let registry: PrometheusRegistry
  private let archivePath: String
  private let logger: Logger
  private let sleep: @Sendable (Duration) async throws -> Void

  init(
    settings: Settings.Health, monitor: HealthMonitor, registry: PrometheusRegistry, archivePath: String,
    logger: Logger,
    sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.settings = settings
    self.monitor = monitor
    self.registry = registry
    self.archivePath = archivePath
    self.logger = logger
    self.sleep = sleep
  }

  /// Runs until the task is cancelled.
  func run() async throws {
    if settings.token == nil, !Self.isLoopback(settings.host) {
      logger.notice(
        "whoever reaches the health endpoint can read it; HEALTH_TOKEN keeps others out",
        metadata: ["host": "\(settings.host)"])
    }
    while !Task.isCancelled {
      do {
        try await application.run()
        // Ends by itself only when asked to.
        return
      } catch {
        if Task.isCancelled { return }
        logger.error(
          "the health endpoint cannot listen; trying again",
          metadata: [
            "HEALTH_HOST": "\(settings.host)", "HEALTH_PORT": "\(settings.port)",
            "error": "\((error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)")",
          ])
        try await sleep(Self.retryInterval)
      }
    }
  }

  private var application: Application<RouterResponder<BasicRequestContext>> {
    let router = Router(options: .autoGenerateHeadEndpoints)
    router.add(middleware: TokenCheck(token: settings.token))
    router.get(RouterPath(settings.path)) { _, _ in
      let report = await monitor.snapshot().report
      return Self.answer(
        report.status == .error ? .serviceUnavailable : .ok, "application/json", try Self.json(report))
    }
    if settings.path != "/metrics" {
      router.get("/metrics") { _, _ in
        await updateGauges()
        return Self.answer(.ok, PrometheusText.contentType, PrometheusText.write(registry.samples()))
      }
    }
    if settings.path != "/" {
      router.get("/") { _, _ in
        let snapshot = await monitor.snapshot()
        return Self.answer(.ok, "text/html; charset=utf-8", StatusPage.html(snapshot), isPage: true)
      }
    }
    var quiet = logger
    quiet.logLevel = .critical
    return Application(
      responder: router.buildResponder(),
      server: .http1(
        configuration: .init(
          idleTimeout: Self.idleTimeout,
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 8_192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 100))),
      configuration: ApplicationConfiguration(
        address: .hostname(settings.host, port: settings.port), backlog: 1_024,
        availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? settings.port
        let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
        logger.info("health endpoint", metadata: ["url": "http://\(host):\(port)\(settings.path)"])
      },
      eventLoopGroupProvider: .shared(Self.group), logger: quiet)
  }

  // MARK: Answers

  private static func json(_ report: HealthReport) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"
  }

  private static func answer(
    _ status: HTTPResponse.Status, _ type: String, _ body: String, isPage: Bool = false
  ) -> Response {
    var headers: HTTPFields = [.contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
    if isPage {
      headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    }
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
  }

  private func updateGauges() async {
    let snapshot = await monitor.snapshot()
    let facts = snapshot.facts
    registry.set("tgl_build_info", [("version", facts.version)], to: 1)
    registry.set("tgl_healthy", to: snapshot.report.status == .error ? 0 : 1)
    registry.set("tgl_degraded", to: facts.degradations.isEmpty ? 0 : 1)
    for kind in SetAside.Kind.allCases {
      registry.set("tgl_set_aside", [("kind", kind.rawValue)], to: Double(facts.backlog.setAside.counts[kind] ?? 0))
    }
    registry.set("tgl_set_aside_bytes", to: Double(facts.backlog.setAside.bytes))
    registry.set("tgl_connected", to: facts.downFor == nil ? 1 : 0)
    registry.set("tgl_update_backlog_seconds", to: facts.backlogAge.inSeconds)
    registry.set("tgl_outbox_rows", [("state", "pending")], to: Double(facts.backlog.outboxPending))
    registry.set("tgl_outbox_rows", [("state", "parked")], to: Double(facts.backlog.outboxParked))
    registry.set("tgl_media_jobs", [("state", "fetch")], to: Double(facts.backlog.mediaToFetch))
    registry.set("tgl_media_jobs", [("state", "preserve")], to: Double(facts.backlog.mediaToKeep))
    registry.set("tgl_gaps", to: Double(facts.backlog.gaps))
    registry.set("tgl_database_bytes", to: Double(DurableFile.size(of: archivePath)))
    registry.set("tgl_database_wal_bytes", to: Double(DurableFile.size(of: archivePath + "-wal")))
    registry.set("tgl_disk_free_bytes", to: Double(MediaStore.freeBytes(at: archivePath) ?? 0))
    registry.set("tgl_last_housekeeping_timestamp_seconds", to: Double(facts.lastHousekeepingAt ?? 0))
    let usage = ProcessUsage.now()
    registry.set("process_start_time_seconds", to: Double(facts.startedAt))
    registry.set("process_cpu_seconds_total", to: usage.cpuSeconds)
    registry.set("process_resident_memory_bytes", to: Double(usage.residentBytes))
    registry.set("process_anonymous_memory_bytes", to: Double(usage.anonymousBytes))
    registry.set("process_open_fds", to: Double(usage.openDescriptors))
    registry.set("process_max_fds", to: Double(usage.maximumDescriptors))
  }

  static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.split(separator: ".").count == 4)
  }
}

/// Answers only who shows the token, when there is one.
///
/// Source: RFC 6750, section 2.1; RFC 7617 for browsers, whose password may be the token.
struct TokenCheck: RouterMiddleware {
  let token: Secret<String>?

  func handle(
    _ request: Request, context: BasicRequestContext,
    next: (Request, BasicRequestContext) async throws -> Response
  ) async throws -> Response {
    guard let token, !Self.shows(token.exposed, request.headers[.authorization]) else {
      return try await next(request, context)
    }
    return Response(
      status: .unauthorized,
      headers: [.wwwAuthenticate: "Basic realm=\"tgl\", charset=\"UTF-8\"", .contentType: "text/plain"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: "the token is missing or wrong\n")))
  }

  static func shows(_ token: String, _ header: String?) -> Bool {
    guard let header, let space = header.firstIndex(of: " ") else { return false }
    let credentials = header[space...].trimmingCharacters(in: .whitespaces)
    switch header[..<space].lowercased() {
    case "bearer": return isEqual(credentials, token)
    case "basic":
      guard let data = Data(base64Encoded: credentials) else { return false }
      let pair = String(decoding: data, as: UTF8.self)
      return pair.firstIndex(of: ":").map { isEqual(String(pair[pair.index(after: $0)...]), token) } ?? false
    default: return false
    }
  }

  /// In a time that does not tell how much is right.
  private static func isEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
