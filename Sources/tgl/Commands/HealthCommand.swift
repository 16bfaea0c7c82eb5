import ArgumentParser
import Foundation
import TGLCore

struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "Ask the running service whether it is well.",
    discussion: """
      Asks at HEALTH_HOST, HEALTH_PORT and HEALTH_PATH, or at --url; a service that listens on all addresses is asked on \
      loopback. Needs no session and no API_ID, so that containers and cron can use it.

      EXAMPLES
        tgl health
        tgl health --url http://127.0.0.1:8080/health --timeout 2
        tgl health --json | jq .report.outbox_pending

      EXIT STATUS
        0 well, or degraded: something was set aside and everything else goes on; 69 not well, not reachable, or no answer that makes sense; 78 wrong settings.
      """)

  @OptionGroup var global: GlobalOptions

  @Option(help: ArgumentHelp("Ask here.", valueName: "url"))
  var url: String?

  @Option(help: ArgumentHelp("Seconds to wait for the answer.", valueName: "seconds"))
  var timeout = 5.0

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if !(0.01...3_600).contains(timeout) { throw ValidationError("'--timeout' takes seconds, from 0.01 to 3600") }
    if let url, HealthAddress(url: url) == nil {
      throw ValidationError("'--url \(url)' is not accepted; accepted: \(HealthAddress.accepts)")
    }
  }

  func run() async throws {
    let source = global.source()
    let address = try url.flatMap(HealthAddress.init(url:)) ?? HealthAddress(source)
    let outcome = await HealthProbe.ask(
      address, token: try HealthAddress.token(source), timeout: .seconds(timeout))
    if json { try Output.json(HealthOutcomeReport(outcome, address)) }
    switch outcome {
    case .healthy(let report):
      guard !json, !global.quiet else { return }
      let details = [
        report.version.map { "version \($0)" }, report.connection, report.outboxPending.map { "\($0) notices to post" },
        report.gaps.flatMap { $0 > 0 ? "\($0) windows not seen" : nil },
      ].compactMap(\.self)
      print("healthy\(details.isEmpty ? "" : ": \(details.joined(separator: ", "))")")
    case .degraded(_, let reason):
      guard !json, !global.quiet else { return }
      print("degraded: \(reason)")
    case .unhealthy(_, let reason), .unknown(let reason):
      Output.notice("tgl: unhealthy: \(reason)")
      throw ExitCode(ExitStatus.unavailable.rawValue)
    }
  }
}

/// What asking came to, for programs.
private struct HealthOutcomeReport: Encodable {
  var healthy: Bool
  var url: String
  var reason: String?
  /// What the service says.
  var report: HealthReport?

  init(_ outcome: HealthOutcome, _ address: HealthAddress) {
    url = "\(address)"
    switch outcome {
    case .healthy(let report): (healthy, reason, self.report) = (true, nil, report)
    case .degraded(let report, let reason): (healthy, self.reason, self.report) = (true, reason, report)
    case .unhealthy(let report, let reason): (healthy, self.reason, self.report) = (false, reason, report)
    case .unknown(let reason): (healthy, self.reason, report) = (false, reason, nil)
    }
  }
}
