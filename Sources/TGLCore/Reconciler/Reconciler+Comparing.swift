import Foundation
import Logging
import Metrics
import NIOCore
import TL
import TelegramClient

/// Asking for stored messages by their ids.
extension Reconciler {
  /// What is found missing or changed may be on its way as an update: it gets this long to arrive.
  private static let grace = Duration.seconds(5)
  /// Seconds in which pushes of an edit arrive; the state of a message that was edited later is not settled.
  static let settling: Int64 = 60

  func compareRecent() async throws {
    let oldest = policy.plan.oldest(now: time.now())
    let readable = try await archive.followedChannels()
    for scope in policy.plan.due(try await archive.activity(since: oldest), now: time.now()) {
      guard Self.isReadable(scope, readable) else { continue }
      try await unlessRefused("comparing messages", scope) { try await compare(scope, since: oldest) }
      // A window that was not seen comes before the other chats.
      _ = try await closeGaps()
    }
  }

  /// Asks for every stored message of a scope sent since a time.
  private func compare(_ scope: MessageScope, since oldest: Int64) async throws {
    var below: Int64?
    var isLast = false
    while !isLast {
      let page = try await page(of: scope, below: below, since: oldest)
      isLast = page.isLast
      below = page.messages.last?.id
      try await compare(page.messages, in: scope) { _ in [] }
    }
    var batch = RecorderBatch(receivedAt: time.now())
    batch.progress = [.compared(scope)]
    try await commit(batch)
  }

  /// The next stored messages of a scope sent since a time, newest first.
  func page(
    of scope: MessageScope, below: Int64?, since oldest: Int64
  ) async throws -> (messages: [StoredMessage], isLast: Bool) {
    let stored = try await archive.storedMessages(in: scope, below: below, limit: Self.pageSize)
    let page = Array(stored.prefix { $0.date >= oldest })
    return (page, page.count < Self.pageSize)
  }

  /// Asks for stored messages, and records what became of them together with the progress that comes of it.
  ///
  /// - Parameter progress: gets those whose state is not known yet.
  func compare(
    _ page: [StoredMessage], in scope: MessageScope, progress: ([Int64: Int64?]) -> [LookingAgain]
  ) async throws {
    var answer = FetchedMessages()
    if !page.isEmpty {
      answer = try await ask { [source] () async throws(TelegramError) in
        try await source.messages(page.map(\.id), in: scope)
      }
    }
    var comparison = MessageComparison(of: page, with: answer.messages, settledUpTo: time.now() - Self.settling)
    if !comparison.missing.isEmpty || comparison.isEdited { try await time.sleep(Self.grace) }
    if !comparison.missing.isEmpty { comparison.missing = try await confirm(comparison.missing, in: scope) }

    var batch = recorder.record(messages: [], users: answer.users, chats: answer.chats, now: time.now())
    batch.operations += comparison.present.compactMap { recorder.observe($0.message, version: $0.version) }
    for (chat, messages) in Dictionary(grouping: comparison.missing, by: \.chat).sorted(by: { $0.key < $1.key }) {
      batch.operations.append(
        .missing(chat, messages.map { MissingMessage(id: $0.id, lastSeenAt: $0.lastSeenAt) }))
    }
    batch.setAside = unreadable(in: answer, scope) { id in page.first { $0.id == id }?.chat }
    batch.progress = progress(comparison.unsettled)
    if page.isEmpty, batch.progress.isEmpty { return }
    let report = try await commit(batch)
    if report.deleted > 0 || report.edited > 0 {
      Counter(label: "tgl_reconciled_total", dimensions: [("event", "deleted")]).increment(by: report.deleted)
      Counter(label: "tgl_reconciled_total", dimensions: [("event", "edited")]).increment(by: report.edited)
      logger.notice(
        "found by asking again",
        metadata: ["scope": "\(scope)", "deleted": "\(report.deleted)", "edited": "\(report.edited)"])
    }
  }

  /// What of an answer could not be read, to be kept as it came.
  ///
  /// - Parameter chat: the chat of a message.
  func unreadable(in answer: FetchedMessages, _ scope: MessageScope, chat: (Int64?) -> PeerID?) -> [SetAside] {
    answer.unreadable.map { _, object in
      SetAside(
        kind: .object, scope: scope, chat: chat(object.messageID), message: object.messageID, reason: object.reason,
        now: time.now(), raw: object.bytes.map { Data($0.readableBytesView) })
    }
  }

  /// Asks again for what seems to be gone, and leaves out what is only hidden from this account.
  private func confirm(_ missing: [StoredMessage], in scope: MessageScope) async throws -> [StoredMessage] {
    var missing = missing
    if case .channel(let channel) = scope {
      let hidden = try await ask { [source] () async throws(TelegramError) in
        try await source.hiddenMessages(in: channel)
      }
      missing.removeAll { $0.id <= hidden }
      if missing.isEmpty { return [] }
    }
    let asked = missing
    let answer = try await ask { [source] () async throws(TelegramError) in
      try await source.messages(asked.map(\.id), in: scope)
    }
    return MessageComparison(of: asked, with: answer.messages).missing
  }
}
