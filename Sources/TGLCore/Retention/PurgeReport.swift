/// What was removed, or would be.
public struct PurgeReport: Sendable, Hashable, Encodable {
  public struct Messages: Sendable, Hashable, Encodable {
    public var messages = 0
    /// Earlier versions of them.
    public var versions = 0
    /// Of their texts and descriptions of media.
    public var bytes: Int64 = 0
  }

  public struct Files: Sendable, Hashable, Encodable {
    public var files = 0
    public var bytes: Int64 = 0
    /// Files of those that the archive does not know.
    public var orphans = 0
    /// Entries whose files are not there.
    public var missing = 0
  }

  public struct Vacuum: Sendable, Hashable, Encodable {
    /// Of the database before and after; free pages are given back to the disk.
    public var before: Int64
    public var after: Int64
  }

  public var dryRun: Bool
  /// Everything is measured from here, in seconds since 1970.
  public var at: Int64
  public var messages: [RetentionType: Messages] = [:]
  public var buffer: Files?
  public var deletedMedia: Files?
  /// Messages old enough that stay: a notice that is still to be posted needs them, or a window that was not seen is
  /// still to be looked through.
  public var needed = 0
  public var vacuum: Vacuum?
  /// How many transactions it took, and the most rows one of them removed.
  public var transactions = 0
  public var largestTransaction = 0

  public var messageCount: Int { messages.values.reduce(0) { $0 + $1.messages } }

  private enum CodingKeys: String, CodingKey {
    case dryRun = "dry_run"
    case at, messages, buffer
    case deletedMedia = "deleted_media"
    case needed, vacuum, transactions
    case largestTransaction = "largest_transaction"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(dryRun, forKey: .dryRun)
    try container.encode(at, forKey: .at)
    try container.encode(
      Dictionary(uniqueKeysWithValues: messages.map { ($0.key.rawValue, $0.value) }), forKey: .messages)
    try container.encodeIfPresent(buffer, forKey: .buffer)
    try container.encodeIfPresent(deletedMedia, forKey: .deletedMedia)
    try container.encode(needed, forKey: .needed)
    try container.encodeIfPresent(vacuum, forKey: .vacuum)
    try container.encode(transactions, forKey: .transactions)
    try container.encode(largestTransaction, forKey: .largestTransaction)
  }
}
