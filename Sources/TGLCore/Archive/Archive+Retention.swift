import GRDB
import TelegramClient

/// Where a purge is among the chats.
struct RetentionCursor: Sendable, Hashable {
  var chat = 0
  var receivedAt = Int64.min
  var id = Int64.min
}

/// Some messages that are old enough to go.
struct ExpiredPage: Sendable {
  var messages: [(message: ExpiredMessage, type: RetentionType)] = []
  var next = RetentionCursor()
  var isLast = false
}

/// What a transaction may take.
struct TransactionLimit: Sendable {
  var rows: Int
  var time: Duration
}

extension Archive {
  func retainedChats() async throws(ArchiveError) -> [RetainedChat] {
    try await read { db in try RetentionTable.chats(db) }
  }

  /// The time from which ages are measured while nobody is connected: the machine's, unless that is more than a month
  /// ahead of the last that was told by Telegram; then the latter, so that a wrong clock removes nothing.
  public func believableTime(_ clock: Int64) async throws(ArchiveError) -> Int64 {
    try await read { db in
      let known = try RetentionTable.lastKnownTime(db)
      guard let known, clock > known.addingReportingOverflow(RetentionTable.longestSilence).partialValue else {
        return clock
      }
      return known
    }
  }

  func retentionType(of chat: PeerID) async throws(ArchiveError) -> RetentionType {
    try await read { db in try RetentionTable.type(of: chat, db) }
  }

  /// The next messages that are old enough, of `chats` in their order.
  ///
  /// - Parameter isCurrent: whether what happened in a scope has been told.
  func expiredMessages(
    _ plan: RetentionPlan, chats: [RetainedChat], from cursor: RetentionCursor, limit: Int,
    isCurrent: @escaping @Sendable (MessageScope) -> Bool = { _ in true }
  ) async throws(ArchiveError) -> ExpiredPage {
    try await read { db in
      var page = ExpiredPage()
      var cursor = cursor
      let held = try RetentionTable.heldScopes(now: plan.now, db)
      while cursor.chat < chats.count {
        let chat = chats[cursor.chat]
        if let cutoff = plan.cutoff(of: chat.id, chat.type) {
          let found = try RetentionTable.expired(
            in: chat.id, before: cutoff, deletedBefore: plan.deleted, after: (cursor.receivedAt, cursor.id),
            limit: limit - page.messages.count, db)
          let scope = MessageScope(of: chat.id)
          let isHeld = held.contains(scope) || !isCurrent(scope)
          for var message in found {
            if isHeld { message.isNeeded = true }
            page.messages.append((message, chat.type))
          }
          if page.messages.count >= limit, let last = found.last {
            (cursor.receivedAt, cursor.id) = (last.receivedAt, last.key.id)
            page.next = cursor
            return page
          }
        }
        cursor = RetentionCursor(chat: cursor.chat + 1)
      }
      page.next = cursor
      page.isLast = true
      return page
    }
  }

  /// Removes updates that were kept as bytes, by the ages of the plan; answers how many.
  func removeUnknownUpdates(_ plan: RetentionPlan) async throws(ArchiveError) -> Int {
    try await write { db in try UnknownUpdateTable.remove(plan, db) }
  }

  /// How often a transaction that removes as many messages as it may looks at the clock.
  private static let looks = 10

  /// Removes messages from the beginning of the list, until the transaction is long enough.
  ///
  /// - Returns: how many of the list were dealt with, and which of them are gone.
  func remove(
    _ messages: [ExpiredMessage], unless needed: NeededMessages, deletedBefore: Int64?, limit: TransactionLimit
  ) async throws(ArchiveError) -> (done: Int, removed: Set<MessageKey>, needed: NeededMessages) {
    try await write { db in
      let clock = ContinuousClock()
      let end = clock.now + limit.time
      var needed = needed
      try needed.refresh(db)
      var rest = messages[...]
      var removed: Set<MessageKey> = []
      repeat {
        let some = rest.prefix(min(max(limit.rows / Self.looks, 1), limit.rows - removed.count))
        rest = rest.dropFirst(some.count)
        let free = some.filter { !needed.contains($0.key) }
        removed.formUnion(try RetentionTable.remove(free, deletedBefore: deletedBefore, db))
      } while !rest.isEmpty && removed.count < limit.rows && clock.now < end
      return (messages.count - rest.count, removed, needed)
    }
  }

  /// The messages that notices still to be posted speak of.
  func neededMessages() async throws(ArchiveError) -> NeededMessages {
    try await read { db in
      var needed = NeededMessages()
      try needed.refresh(db)
      return needed
    }
  }
}

extension MessageScope {
  /// The scope a chat's messages are numbered in.
  init(of chat: PeerID) {
    self = chat.kind == .channel ? .channel(chat) : .common
  }

  /// The channel's bare id; nil for private chats and basic groups.
  var channelID: Int64? {
    switch self {
    case .common: nil
    case .channel(let channel): channel.bareID
    }
  }
}
