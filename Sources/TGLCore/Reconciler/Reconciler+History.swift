import Logging
import TL
import TelegramClient

/// Fetching messages that are not stored, newest first.
extension Reconciler {
  /// Takes on the chats whose earlier messages are wanted.
  func addBackfill() async throws {
    let chats = try await dialogs().map(\.chat).filter { policy.backfill.chats?.contains($0) ?? true }
    try await archive.add(
      jobs: chats.map { chat in
        HistoryJob(id: HistoryJob.ID(chat: chat, stop: 0), wanted: policy.backfill.messagesPerChat)
      })
    let open = try await archive.openJobs(limit: chats.count)
    if !open.isEmpty { logger.info("fetching earlier messages", metadata: ["chats": "\(open.count)"]) }
  }

  /// Fetches one page of what is wanted; false when there is nothing to fetch.
  func fetchSome() async throws -> Bool {
    let jobs = try await archive.openJobs(limit: refused.jobs.count + 1)
    guard let job = jobs.first(where: { !refused.jobs.contains($0.id) }) else { return false }
    refused.jobs.insert(job.id)
    try await unlessRefused("fetching messages", chat: job.id.chat) {
      try await fetchPage(of: job)
      refused.jobs.remove(job.id)
    }
    return true
  }

  /// Fetches the next page, and records it together with how far the job is.
  private func fetchPage(of job: HistoryJob) async throws {
    let left = job.wanted - job.fetched
    let page = try await historyPage(of: job.id.chat, above: job.id.stop, below: job.below, limit: Int64(left))
    var batch = page.batch
    let fetched = job.fetched + page.count
    let isFinished = page.isLast || fetched >= job.wanted
    let below = page.lowest == 0 ? job.below : page.lowest
    batch.progress = [.fetched(job.id, count: page.count, below: below, isFinished: isFinished)]
    try await commit(batch)
    guard isFinished else { return }
    logger.info("earlier messages fetched", metadata: ["chat": "\(job.id.chat)", "messages": "\(fetched)"])
  }

  /// A page of a chat's history.
  struct HistoryPage {
    /// Its messages above an id.
    var batch: RecorderBatch
    /// How many those are.
    var count = 0
    /// Ids of the first and the last message of the page; 0 for an empty one.
    var newest: Int64 = 0
    var lowest: Int64 = 0
    /// Whether there is nothing more above the id.
    var isLast = true
  }

  /// Fetches messages of a chat, newest first: those above an id and below another, 0 for the newest of all.
  func historyPage(of chat: PeerID, above: Int64, below: Int64, limit: Int64?) async throws -> HistoryPage {
    let limit = Int(min(Int64(Self.pageSize), max(limit ?? .max, 0)))
    var answer = FetchedMessages()
    if limit > 0 {
      answer = try await ask { [source] () async throws(TelegramError) in
        try await source.history(of: chat, below: below, limit: limit)
      }
    }
    let told = answer.messages.filter { $0.chatID == chat }.compactMap { message in
      message.messageID.map { (id: $0, message: message) }
    }
    let news = told.filter { $0.id > above }
    var page = HistoryPage(
      batch: recorder.record(
        messages: news.map(\.message), users: answer.users, chats: answer.chats, now: time.now()))
    let settled = time.now() - Self.settling
    page.batch.operations = page.batch.operations.map { operation in
      // Pushes of older states may still be under way: what is stored already is left to the comparison.
      guard case .message(let message) = operation, message.editDate ?? 0 > settled else { return operation }
      return .observed(message, version: 0)
    }
    page.batch.setAside = unreadable(in: answer, MessageScope(of: chat)) { _ in chat }
    page.count = news.count
    let ids = told.map(\.id) + answer.unreadable.compactMap(\.answer.messageID)
    page.newest = ids.max() ?? 0
    page.lowest = ids.min() ?? 0
    // A server that gives the same page again would be asked for ever.
    let isStuck = below > 0 && page.lowest >= below
    page.isLast = page.lowest <= max(above, 1) || isStuck
    return page
  }

  /// The account's chats.
  func dialogs() async throws -> [DialogSummary] {
    var list: [DialogSummary] = []
    var offset = DialogOffset()
    while true {
      let start = offset
      let answer = try await ask { [source] () async throws(TelegramError) in try await source.dialogs(from: start) }
      guard let page = DialogPage(answer) else { break }
      list += page.dialogs
      guard let next = page.next, !next.isSamePlace(as: offset) else { break }
      offset = next
    }
    return list.filter { !policy.excluded.contains($0.chat) }
  }
}
