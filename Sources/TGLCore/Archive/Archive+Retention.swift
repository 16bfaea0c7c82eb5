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

  func retentionType(of chat: PeerID) async throws(ArchiveError) -> RetentionType {
    try await read { db in try RetentionTable.type(of: chat, db) }
  }

  /// The next messages that are old enough, of `chats` in their order.
  func expiredMessages(
    _ plan: RetentionPlan, chats: [RetainedChat], from cursor: RetentionCursor, limit: Int
  ) async throws(ArchiveError) -> ExpiredPage {
    try await read { db in
      var page = ExpiredPage()
      var cursor = cursor
      let held = try RetentionTable.heldScopes(now: plan.now, db)
      while cursor.chat < chats.count {
        let chat = chats[cursor.chat]
        if let cutoff = plan.cutoff(of: chat.id, chat.type) {
          let found = try RetentionTable.expired(
            in: chat.id, before: cutoff, keepingDeleted: plan.keepsDeleted, after: (cursor.receivedAt, cursor.id),
            limit: limit - page.messages.count, db)
          let isHeld = held.contains(MessageScope(of: chat.id))
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

  /// How often a transaction that removes as many messages as it may looks at the clock.
  private static let looks = 10

  /// Removes messages from the beginning of the list, until the transaction is long enough.
  ///
  /// - Returns: how many of the list were dealt with, and which of them are gone.
  func remove(
    _ messages: [ExpiredMessage], unless needed: NeededMessages, keepingDeleted: Bool, limit: TransactionLimit
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
        removed.formUnion(try RetentionTable.remove(free, keepingDeleted: keepingDeleted, db))
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
}
