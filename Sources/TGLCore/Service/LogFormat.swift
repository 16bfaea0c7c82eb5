import Foundation
public import Logging

/// Writes log lines to standard error, as a terminal, a log file or the journal wants them.
///
/// Under systemd a line begins with its priority in angle brackets (sd-daemon(3)) and has no time, which the journal
/// adds; elsewhere it begins with the time in UTC.
public struct StandardErrorLogHandler: LogHandler {
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata = [:]
  private let isJournal: Bool

  public init(level: Logger.Level, isJournal: Bool) {
    logLevel = level
    self.isJournal = isJournal
  }

  /// Whether standard error is connected to the journal: JOURNAL_STREAM names its device and inode.
  public static func isConnectedToJournal(environment: [String: String]) -> Bool {
    guard let stream = environment["JOURNAL_STREAM"] else { return false }
    return FileStatus(descriptor: STDERR_FILENO).map { stream == "\($0.device):\($0.inode)" } ?? false
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var line = isJournal ? "<\(event.level.priority)>" : "\(Self.timestamp()) \(event.level.label) "
    line += event.message.description.escapingControls()
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(Self.quoted("\(value)"))" }
    line += "\n"
    // One write a line, so that lines of several threads do not mix.
    line.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
  }

  /// Values with spaces or control characters are quoted, so that a value can neither end its line nor pass for another.
  static func quoted(_ value: String) -> String {
    let isPlain =
      !value.isEmpty && value.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && $0 != "=" && !$0.isControl }
    if isPlain { return value }
    let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").escapingControls()
    return "\"\(escaped)\""
  }

  private static let timeFormat = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  private static func timestamp() -> String { timeFormat.format(.now) }
}

extension Logger.Level {
  /// syslog(3)'s priority.
  fileprivate var priority: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }

  fileprivate var label: String { rawValue.uppercased() }
}
