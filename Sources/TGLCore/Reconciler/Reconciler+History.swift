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
  func fetchPage(of job: HistoryJob) async throws {
    let chat = job.id.chat
    let limit = min(Self.pageSize, job.wanted - job.fetched)
    var answer = FetchedMessages()
    if limit > 0 {
      answer = try await ask { [source] () async throws(TelegramError) in
        try await source.history(of: chat, below: job.below, limit: limit)
      }
    }
    let page = answer.messages.filter { $0.chatID == chat }.compactMap { message in
      message.messageID.map { (id: $0, message: message) }
    }
    let news = page.filter { $0.id > job.id.stop }
    let lowest = page.map(\.id).min() ?? 0
    let fetched = job.fetched + news.count
    // A server that gives the same page again would be asked for ever.
    let isStuck = job.below > 0 && lowest >= job.below
    let isFinished = lowest <= max(job.id.stop, 1) || fetched >= job.wanted || isStuck

    var batch = recorder.record(
      messages: news.map(\.message), users: answer.users, chats: answer.chats, now: time.now())
    let below = page.isEmpty ? job.below : lowest
    batch.progress = [.fetched(job.id, count: news.count, below: below, isFinished: isFinished)]
    try await commit(batch)
    guard isFinished else { return }
    logger.info("earlier messages fetched", metadata: ["chat": "\(chat)", "messages": "\(fetched)"])
    if job.id.stop > 0, fetched >= job.wanted {
      logger.warning(
        "more was missed than is fetched", metadata: ["chat": "\(chat)", "messages": "\(fetched)"])
    }
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
