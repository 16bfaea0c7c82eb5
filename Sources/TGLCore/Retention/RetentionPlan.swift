public import TelegramClient

/// Chats as the settings for retention tell them apart.
public enum RetentionType: String, Sendable, Hashable, CaseIterable, Codable {
  case user
  /// Basic groups, supergroups, and chats of unknown type.
  case group
  case channel, bot

  init(_ type: PeerType?) {
    switch type {
    case .user: self = .user
    case .bot: self = .bot
    case .channel: self = .channel
    case .group, .supergroup, nil: self = .group
    }
  }
}

/// What may be removed.
public enum RetentionPart: String, Sendable, Hashable, CaseIterable, Codable {
  case messages
  /// Files kept for the case that their messages vanish.
  case buffer
  /// Recovered files; never removed unless it is asked for, with an age.
  case deletedMedia = "deleted-media"
}

/// What goes: a value, so that trying it and doing it choose the same.
///
/// A message's age counts from when it was received: those of earlier times that were fetched later would go at once if
/// it counted from when they were sent.
public struct RetentionPlan: Sendable, Hashable {
  /// What the operator asks for beyond the settings.
  public struct Request: Sendable, Hashable {
    /// Instead of the ages of the settings, in seconds.
    public var olderThan: Int64?
    /// Empty for all.
    public var types: Set<RetentionType> = []
    /// Empty for all.
    public var chats: Set<PeerID> = []
    /// Empty for messages and buffer.
    public var parts: Set<RetentionPart> = []
    /// Messages that were deleted by their senders stay.
    public var keepsDeleted = false

    public init() {}
  }

  /// The time everything is measured from, in seconds since 1970.
  public let now: Int64
  /// How far this machine's clock, which dates files, is ahead of that time, in seconds.
  let clockOffset: Int64
  /// Messages received before this go, by the type of their chat; types that are not in it stay.
  public let messages: [RetentionType: Int64]
  /// Buffered files from before this go; nil to leave them.
  public let buffer: Int64?
  /// Recovered files from before this go; nil to leave them.
  public let deletedMedia: Int64?
  /// Nil for all.
  public let chats: Set<PeerID>?
  /// Types of chats whose files go.
  public let types: Set<RetentionType>
  /// Of the messages above, those that were deleted go when that was before this; nil when they stay.
  public let deleted: Int64?

  /// Files younger than this, in seconds, are never touched: what makes them may not be through.
  static let minimumFileAge: Int64 = 3_600

  /// - Parameters:
  ///   - now: Telegram's time, in seconds since 1970.
  ///   - clockOffset: how far this machine's clock is ahead of it, in seconds.
  public init(_ settings: RetentionSettings, request: Request = Request(), now: Int64, clockOffset: Int64 = 0) {
    self.now = now
    self.clockOffset = clockOffset
    types = request.types.isEmpty ? Set(RetentionType.allCases) : request.types
    chats = request.chats.isEmpty ? nil : request.chats
    deleted = request.keepsDeleted ? nil : now - (request.olderThan ?? settings.deletedAge)
    let parts = request.parts.isEmpty ? [.messages, .buffer] : request.parts
    var messages: [RetentionType: Int64] = [:]
    if parts.contains(.messages) {
      for type in types { messages[type] = now - (request.olderThan ?? settings.age(of: type)) }
    }
    self.messages = messages
    let bufferAge = max(request.olderThan ?? settings.bufferAge, Self.minimumFileAge)
    buffer = parts.contains(.buffer) ? now - bufferAge : nil
    let deletedAge = request.olderThan.map { max($0, Self.minimumFileAge) }
    deletedMedia = parts.contains(.deletedMedia) ? deletedAge.map { now - $0 } : nil
  }

  /// Messages of the chat received before this go; nil when they stay.
  func cutoff(of chat: PeerID, _ type: RetentionType) -> Int64? {
    if let chats, !chats.contains(chat) { return nil }
    return messages[type]
  }

  /// A time as this machine's clock, and so the date of a file, has it.
  func fileTime(_ time: Int64) -> Int64 { time.addingReportingOverflow(clockOffset).partialValue }

  /// Whether files of the chat may go.
  func includesFiles(of chat: PeerID, _ type: RetentionType) -> Bool {
    types.contains(type) && chats?.contains(chat) ?? true
  }

  /// Whether it is about all chats.
  var isAboutEverything: Bool { chats == nil && types.count == RetentionType.allCases.count }
}
