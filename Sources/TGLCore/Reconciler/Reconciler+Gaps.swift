import Logging
import Synchronization
import TelegramClient

/// Windows of events that were not seen.
extension Reconciler {
  /// How many messages of one chat are fetched at most to fill one.
  private static let longestGap = 10_000

  func closeGaps() async throws {
    while true {
      let readable = try await archive.followedChannels()
      let open = try await archive.openGaps()
      let unreadable = open.compactMap { gap -> Int64? in
        guard case .channel(let channel) = gap.scope, !readable.contains(channel.bareID) else { return nil }
        return channel.bareID
      }
      awaited.withLock { $0 = Set(unreadable) }
      guard
        let scope = open.first(where: { gap in
          Self.isReadable(gap.scope, readable) && !refused.gaps.contains(gap.scope)
        })?.scope
      else { return }
      let gaps = open.filter { $0.scope == scope }
      refused.gaps.insert(scope)
      logger.notice("looking through what was not seen", metadata: ["scope": "\(scope)"])
      try await unlessRefused("closing a gap", scope) { try await close(gaps, of: scope) }
    }
  }

  private func close(_ gaps: [OpenGap], of scope: MessageScope) async throws {
    guard let since = gaps.map(\.since).min(), let lastID = gaps.map(\.lastID).min() else { return }
    let stop = lastID > 0 ? lastID : HistoryJob.ID.nothingStored
    let wanted = lastID > 0 ? Self.longestGap : Self.messages(in: gaps)
    let jobs = try await chats(of: scope, newerThan: lastID).map { chat in
      HistoryJob(id: HistoryJob.ID(chat: chat, stop: stop), wanted: wanted)
    }
    try await archive.add(jobs: jobs)
    // Only its own: another gap's may be of a channel that cannot be read.
    let own = Set(jobs.map(\.id))
    while let job = try await archive.openJobs(limit: .max).first(where: { own.contains($0.id) }) {
      try await fetchPage(of: job)
    }
    try await compare(scope, since: policy.plan.oldest(now: time.now(), gapsSince: since))
    var batch = RecorderBatch(receivedAt: time.now())
    batch.progress = gaps.map { .closed(gap: $0.id) }
    try await commit(batch)
    refused.gaps.remove(scope)
    logger.notice("what was not seen is looked through", metadata: ["scope": "\(scope)", "gaps": "\(gaps.count)"])
  }

  /// How many messages there can be in windows: no more than things happened.
  private static func messages(in gaps: [OpenGap]) -> Int {
    gaps.reduce(0) { min($0 + min($1.events, longestGap), longestGap) }
  }

  /// The chats of a scope that hold messages newer than one that is stored, whose id is 0 where none is.
  private func chats(of scope: MessageScope, newerThan id: Int64) async throws -> [PeerID] {
    switch scope {
    case .channel(let channel): return [channel]
    // Any of them could have been in the window, which is no reason to fetch what is in all of them.
    case .common where id == 0: return []
    case .common:
      return try await dialogs().filter { $0.chat.kind != .channel && $0.topMessage > id }.map(\.chat)
    }
  }

  static func isReadable(_ scope: MessageScope, _ followed: Set<Int64>) -> Bool {
    switch scope {
    case .common: true
    case .channel(let channel): followed.contains(channel.bareID)
    }
  }
}
