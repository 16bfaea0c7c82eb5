/// One metric as Prometheus knows it: its name, what it means, and what it is.
///
/// Source: "Metric and label naming", prometheus.io/docs/practices/naming.
public struct MetricFamily: Sendable {
  public enum Kind: Sendable, Equatable {
    case counter
    case gauge
    /// With the upper bounds of its buckets, rising, without the infinite one.
    case histogram([Double])

    var name: String {
      switch self {
      case .counter: "counter"
      case .gauge: "gauge"
      case .histogram: "histogram"
      }
    }
  }

  public let name: String
  public let help: String
  public let kind: Kind
  /// The labels its values carry, in order.
  public let labels: [String]
  /// The labels' values that are shown from the start, so that the first event is a rise from 0.
  let known: [[String]]

  init(_ name: String, _ kind: Kind, _ help: String) {
    self.init(name, kind, labels: [], known: [[]], help)
  }

  /// One label, whose values are not known beforehand.
  init(_ name: String, _ kind: Kind, _ label: String, _ help: String) {
    self.init(name, kind, labels: [label], known: [], help)
  }

  /// One label, with the values it may have.
  init(_ name: String, _ kind: Kind, _ label: String, _ values: [String], _ help: String) {
    self.init(name, kind, labels: [label], known: values.map { [$0] }, help)
  }

  private init(_ name: String, _ kind: Kind, labels: [String], known: [[String]], _ help: String) {
    self.name = name
    self.help = help
    self.kind = kind
    self.labels = labels
    self.known = known
  }
}

/// Every metric there is.
///
/// What is counted under another name is not shown.
public enum MetricsCatalog {
  private static let seconds: [Double] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400]

  /// As `PeerType`, of which bots cannot be told from a message.
  private static let chatTypes = ["user", "group", "supergroup", "channel"]

  public static let all: [MetricFamily] = [
    MetricFamily("tgl_messages_total", .counter, "chat_type", chatTypes, "Messages kept that were not there before."),
    MetricFamily("tgl_edits_total", .counter, "chat_type", chatTypes, "Edits of which the earlier version is kept."),
    MetricFamily(
      "tgl_deletions_total", .counter, "chat_type", chatTypes, "Messages that were kept and have been deleted."),
    MetricFamily(
      "tgl_recovered_total", .counter, "cause", ["deleted", "edited", "self_destructed", "saved"],
      "Messages written to the outbox because of what happened to them: deleted, edited, self_destructed, saved."),
    MetricFamily(
      "tgl_lost_total", .counter, "cause", ["never_seen", "media"],
      "What cannot be shown: never_seen is a deletion of a message that was never received, media a file that could not be had."
    ),
    MetricFamily(
      "tgl_update_gaps_total", .counter, "Windows of time of which Telegram no longer tells what happened."),
    MetricFamily(
      "tgl_reconciled_total", .counter, "event", ["deleted", "edited"],
      "Deletions and edits Telegram did not tell of, found by comparing the archive with it."),
    MetricFamily(
      "tgl_reconciler_retries_total", .counter,
      "Requests of the reconciler that failed and were made again after a pause."
    ),
    MetricFamily(
      "tgl_update_lag_seconds", .histogram(seconds),
      "From the time a message was sent, as Telegram says, to its being kept."),
    MetricFamily(
      "tgl_notice_delay_seconds", .histogram(seconds),
      "From the time a notice was written down to its being in the log chat."),
    MetricFamily(
      "tgl_canary_seconds", .histogram(seconds),
      "From a canary's deletion to its having come back through the whole path."),
    MetricFamily("tgl_canary_failures_total", .counter, "Canaries that did not come back in time."),
    MetricFamily(
      "tgl_update_stream_stalls_total", .counter, "Times the stream of updates had dried up while the server was ahead."
    ),
    MetricFamily(
      "tgl_connection_stalls_total", .counter, "Connections given up because nothing came through any more."),
    MetricFamily("tgl_connections_total", .counter, "dc", "Connections that were established."),
    MetricFamily("tgl_flood_wait_seconds_total", .counter, "method", "Seconds Telegram asked to wait."),
    MetricFamily("tgl_rpc_errors_total", .counter, "error", "Calls Telegram refused, by its name for the reason."),
    MetricFamily(
      "tgl_media_bytes_total", .counter, "direction", ["down", "up"], "Bytes of media downloaded and uploaded."),
    MetricFamily(
      "tgl_media_files_total", .counter, "result", ["fetched", "kept", "failed", "postponed"],
      "Files of media: fetched, kept, failed; attempts that were postponed."),
    MetricFamily(
      "tgl_posts_total", .counter, "result", ["sent", "postponed", "parked"],
      "Posts to the log chat: sent, postponed, parked."),
    MetricFamily(
      "tgl_retries_total", .counter, "work", ["updates", "start"],
      "Failures after which something is tried again, by what is tried."),
    MetricFamily(
      "tgl_set_aside_dropped_total", .counter,
      "What was set aside and is past the bounds of rows or bytes, and so not kept."),
    MetricFamily(
      "tgl_log_messages_total", .counter, "level", ["warning", "error", "critical"], "Warnings and errors in the log."),

    MetricFamily("tgl_build_info", .gauge, "version", "Always 1; the version is its label."),
    MetricFamily("tgl_healthy", .gauge, "1 when the health endpoint answers 200, 0 otherwise."),
    MetricFamily("tgl_degraded", .gauge, "1 when something was set aside or is otherwise impaired, 0 otherwise."),
    MetricFamily(
      "tgl_set_aside", .gauge, "kind", SetAside.Kind.allCases.map(\.rawValue),
      "What was refused for good or could not be read, and is looked at again later."),
    MetricFamily("tgl_set_aside_bytes", .gauge, "Bytes that are kept of what could not be read."),
    MetricFamily("tgl_connected", .gauge, "1 when calls to Telegram are answered, 0 otherwise."),
    MetricFamily(
      "tgl_update_backlog_seconds", .gauge, "How long the oldest update that is not yet kept has been waiting."),
    MetricFamily(
      "tgl_outbox_rows", .gauge, "state", ["pending", "parked"],
      "Notices that are not yet in the log chat: pending, parked."),
    MetricFamily(
      "tgl_media_jobs", .gauge, "state", ["fetch", "preserve"],
      "Files that are to be downloaded (fetch) or kept (preserve)."),
    MetricFamily("tgl_gaps", .gauge, "Windows that were not seen and are still to be looked through."),
    MetricFamily("tgl_database_bytes", .gauge, "Size of the archive's database file."),
    MetricFamily("tgl_database_wal_bytes", .gauge, "Size of the archive's write-ahead log."),
    MetricFamily("tgl_disk_free_bytes", .gauge, "Free space where the archive is."),
    MetricFamily(
      "tgl_last_housekeeping_timestamp_seconds", .gauge, "When housekeeping was last through; 0 for not yet."),

    MetricFamily("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970."),
    MetricFamily("process_cpu_seconds_total", .counter, "CPU time, user and system."),
    MetricFamily("process_resident_memory_bytes", .gauge, "Resident memory."),
    MetricFamily("process_anonymous_memory_bytes", .gauge, "Resident memory that is no file's: heap and stacks."),
    MetricFamily("process_open_fds", .gauge, "Open file descriptors."),
    MetricFamily("process_max_fds", .gauge, "File descriptors that may be open."),
  ]
}
