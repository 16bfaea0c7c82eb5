import Synchronization
import TGLCore

/// A purge's report for people.
struct PurgeText {
  let lines: [String]

  init(_ report: PurgeReport) {
    let verb = report.dryRun ? "Would remove" : "Removed"
    var lines: [String] = []
    if !report.messages.isEmpty {
      lines.append("\(verb) \(count(report.messageCount, "message")):")
      for type in RetentionType.allCases {
        guard let messages = report.messages[type] else { continue }
        let versions = messages.versions > 0 ? " with \(count(messages.versions, "earlier version"))" : ""
        lines.append("  \(Self.name(of: type)): \(messages.messages)\(versions), \(messages.bytes.asSize)")
      }
    }
    if report.needed > 0 {
      lines.append("Left \(count(report.needed, "message")) that are still to be told of, or compared with Telegram's.")
    }
    for (name, files) in [("the buffer", report.buffer), ("recovered media", report.deletedMedia)] {
      guard let files else { continue }
      let orphans = files.orphans > 0 ? ", \(files.orphans) of them unknown to the archive" : ""
      let missing = files.missing > 0 ? "; \(count(files.missing, "entry", "entries")) without a file" : ""
      lines.append("\(verb) from \(name): \(count(files.files, "file")), \(files.bytes.asSize)\(orphans)\(missing)")
    }
    if let vacuum = report.vacuum {
      lines.append("Database: \(vacuum.before.asSize), \(report.dryRun ? "could be" : "now") \(vacuum.after.asSize)")
    }
    self.lines = lines
  }

  private static func name(of type: RetentionType) -> String {
    switch type {
    case .user: "private chats"
    case .group: "groups"
    case .channel: "channels"
    case .bot: "chats with bots"
    }
  }
}

private func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
  "\(number) \(number == 1 ? one : many ?? one + "s")"
}

/// A number that one task counts up and another shows.
final class Counter: Sendable {
  private let number = Mutex(0)

  var value: Int {
    get { number.withLock { $0 } }
    set { number.withLock { $0 = newValue } }
  }
}
