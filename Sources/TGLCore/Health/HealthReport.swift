/// What the health endpoint answers with; times as ISO 8601 with a zone.
public struct HealthReport: Sendable, Hashable, Codable {
  public enum Status: String, Sendable, Codable {
    case ok
    /// Something was set aside, and everything else goes on.
    case degraded
    case error
  }

  public var status: Status
  public var startedAt: String?
  public var lastHousekeepingAt: String?
  public var lastErrorAt: String?
  public var lastErrorMessage: String?
  public var version: String?
  /// What the link to Telegram is doing.
  public var connection: String?
  public var updateLagSeconds: Double?
  public var outboxPending: Int?
  public var mediaPending: Int?
  /// Windows that were not seen and are still to be looked through.
  public var gaps: Int?
  /// What is not as it should be while the service goes on, a reason each.
  public var degraded: [String]?

  public init(status: Status) { self.status = status }

  enum CodingKeys: String, CodingKey {
    case status
    case startedAt = "started_at"
    case lastHousekeepingAt = "last_housekeeping_at"
    case lastErrorAt = "last_error_at"
    case lastErrorMessage = "last_error_msg"
    case version, connection
    case updateLagSeconds = "update_lag_seconds"
    case outboxPending = "outbox_pending"
    case mediaPending = "media_pending"
    case gaps, degraded
  }

  /// The first five names are always there, whoever reads them need not ask; what is not known is null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(status, forKey: .status)
    try container.encode(startedAt, forKey: .startedAt)
    try container.encode(lastHousekeepingAt, forKey: .lastHousekeepingAt)
    try container.encode(lastErrorAt, forKey: .lastErrorAt)
    try container.encode(lastErrorMessage, forKey: .lastErrorMessage)
    try container.encodeIfPresent(version, forKey: .version)
    try container.encodeIfPresent(connection, forKey: .connection)
    try container.encodeIfPresent(updateLagSeconds, forKey: .updateLagSeconds)
    try container.encodeIfPresent(outboxPending, forKey: .outboxPending)
    try container.encodeIfPresent(mediaPending, forKey: .mediaPending)
    try container.encodeIfPresent(gaps, forKey: .gaps)
    try container.encodeIfPresent(degraded, forKey: .degraded)
  }
}
