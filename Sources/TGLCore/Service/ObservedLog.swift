import Logging
import Metrics

/// Passes log lines on, and remembers the last error: what the log calls an error is what makes the service unhealthy.
struct ObservedLog: LogHandler {
  private var base: any LogHandler
  private let vitals: ServiceVitals

  init(_ base: any LogHandler, vitals: ServiceVitals) {
    self.base = base
    self.vitals = vitals
  }

  var logLevel: Logger.Level {
    get { base.logLevel }
    set { base.logLevel = newValue }
  }

  var metadata: Logger.Metadata {
    get { base.metadata }
    set { base.metadata = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { base[metadataKey: key] }
    set { base[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    if event.level >= .warning {
      Counter(label: "tgl_log_messages_total", dimensions: [("level", event.level.rawValue)]).increment()
    }
    if event.level >= .error {
      let details = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
      let text = event.message.description + details.map { " \($0.key)=\($0.value)" }.joined()
      vitals.note(error: String(text.escapingControls().prefix(500)))
    }
    base.log(event: event)
  }
}

extension Logger {
  /// The same logger, whose errors the vitals remember.
  func observed(by vitals: ServiceVitals) -> Logger {
    var observed = Logger(label: label) { _ in ObservedLog(handler, vitals: vitals) }
    observed.logLevel = logLevel
    return observed
  }
}
