import Foundation

/// The page for people: how the service is, without scripts, anew every ten seconds.
enum StatusPage {
  static func html(_ snapshot: HealthMonitor.Snapshot) -> String {
    let (facts, report) = (snapshot.facts, snapshot.report)
    let isWell = report.status != .error
    let (mood, headline) =
      switch report.status {
      case .ok: ("well", "Everything is well")
      case .degraded: ("degraded", "Something was set aside; everything else goes on")
      case .error: ("ill", "Something is wrong")
      }
    let reasons = facts.degradations.map { "<li>\(escaped($0))</li>" }.joined(separator: "\n")
    let rows: [(String, String)] = [
      ("Telegram", facts.connection),
      ("Updates", facts.backlogAge >= .seconds(1) ? "behind by \(span(facts.backlogAge.inWholeSeconds))" : "all kept"),
      ("Notices to post", "\(facts.backlog.outboxPending)"),
      ("Notices refused", "\(facts.backlog.outboxParked)"),
      ("Files to fetch", "\(facts.backlog.mediaPending)"),
      ("Windows to look through", "\(facts.backlog.gaps)"),
      ("Housekeeping", facts.lastHousekeepingAt.map { "\(span(facts.now - $0)) ago" } ?? "not yet"),
      ("Running", span(facts.now - facts.startedAt)),
      ("Version", facts.version),
    ]
    let table = rows.map { "<tr><th scope=\"row\">\($0)</th><td>\(escaped($1))</td></tr>" }.joined(separator: "\n")
    let lastError = report.lastErrorMessage.map { message in
      let when = isWell ? report.lastErrorAt.map { " at \(escaped($0))" } ?? "" : ""
      return "<p class=\"\(isWell ? "past" : "now")\">\(isWell ? "Last error\(when): " : "")\(escaped(message))</p>"
    }
    return """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="refresh" content="10">
      <title>tgl: \(report.status == .ok ? "well" : report.status == .degraded ? "degraded" : "not well")</title>
      <style>
      :root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --fair: #9a6700 }
      @media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --fair: #d29922 } }
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
      h1 { font-size: 1.5rem; display: flex; align-items: center; gap: .6rem }
      h1 span { width: .8rem; height: .8rem; border-radius: 50%; background: var(--bad) }
      h1.well span { background: var(--good) }
      h1.degraded span { background: var(--fair) }
      table { border-collapse: collapse; width: 100% }
      th, td { text-align: left; padding: .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
      th { font-weight: normal; opacity: .7; width: 45% }
      td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
      p { overflow-wrap: anywhere }
      .now { color: var(--bad) }
      .past { opacity: .7 }
      </style>
      <h1 class="\(mood)"><span></span>\(headline)</h1>
      \(reasons.isEmpty ? "" : "<ul>\n\(reasons)\n</ul>")
      \(lastError ?? "")
      <table>
      \(table)
      </table>
      </html>

      """
  }

  /// As in `3 d 4 h`.
  static func span(_ seconds: Int64) -> String {
    let seconds = max(seconds, 0)
    let parts: [(Int64, String)] = [
      (seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s"),
    ]
    guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0 s" }
    return parts[first...].prefix(2).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
  }

  private static func escaped(_ text: String) -> String {
    text.escapingControls().replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
