import Logging
import Synchronization
import TelegramClient

/// Windows of events that were not seen: `Freshness` says what is to be done, each step is recorded with what it found.
extension Reconciler {
  /// Steps after which another scope has its turn, however much of this one is still missing.
  private static let stepsPerTurn = 20
  /// How often a message is asked for whose state is not told.
  private static let maximumTries = 3

  /// Looks for what was missed, a while in each scope.
  ///
  /// - Returns: seconds until there is more to do; nil when there is nothing, or only what cannot be read now.
  func closeGaps() async throws -> Int64? {
    let readable = try await archive.followedChannels()
    let open = try await archive.openGaps()
    let unreadable = open.compactMap { gap -> Int64? in
      guard case .channel(let channel) = gap.scope, !readable.contains(channel.bareID) else { return nil }
      // A refusal is about the access that was lost: once the channel can be read again, it is asked at once.
      refused.gaps.remove(gap.scope)
      return channel.bareID
    }
    awaited.withLock { $0 = Set(unreadable) }
    var next: Int64?
    for (scope, freshness) in open where Self.isReadable(scope, readable) && refused.gaps.insert(scope).inserted {
      if underWay.insert(scope).inserted {
        logger.notice(
          "looking through what was not seen",
          metadata: ["scope": "\(scope)", "pts": "\(freshness.pts.map { "\($0)" } ?? "unknown")"])
      }
      try await unlessRefused("closing a gap", scope) {
        if let wait = try await look(in: scope) { next = min(next ?? wait, wait) }
        refused.gaps.remove(scope)
      }
    }
    return next
  }

  /// Looks for what was missed in a scope, for some steps.
  ///
  /// - Returns: seconds until there is more to do; nil when nothing is missing any more.
  private func look(in scope: MessageScope) async throws -> Int64? {
    for _ in 0..<Self.stepsPerTurn {
      let freshness = try await archive.freshness(of: scope)
      guard freshness.isOpen else { return nil }
      let misses = freshness.misses
      switch freshness.work {
      case .list:
        let chats = try await dialogs().filter { $0.chat.kind != .channel }
        let tops = Dictionary(chats.map { ($0.chat, Int64($0.topMessage)) }, uniquingKeysWith: max)
        try await record(.listed(tops, misses: misses), in: scope)
      case .fetch(let chat, let span):
        try await fetch(span, of: chat, in: scope, freshness)
      case .compare(let below):
        let oldest = policy.plan.oldest(now: time.now(), gapsSince: freshness.missedSince)
        let page = try await page(of: scope, below: below, since: oldest)
        try await compare(page.messages, in: scope) { unsettled in
          let due = time.now() + Self.settling
          let step = FreshnessStep.compared(
            lowest: page.messages.last?.id, isLast: page.isLast,
            unsettled: unsettled.mapValues { Freshness.Unsettled(editDate: $0, due: due) }, misses: misses)
          return [.looked(scope, step)] + (page.isLast ? [.compared(scope)] : [])
        }
      case .settle(let messages, let due):
        let wait = StoredDeadline.trusted(due, now: time.now(), longest: Self.settling) - time.now()
        if wait > 0 { return wait }
        try await settle(messages, in: scope, misses: misses)
      case .close:
        try await record(.closed(misses: misses), in: scope)
        underWay.remove(scope)
        logger.notice("what was not seen is looked through", metadata: ["scope": "\(scope)"])
      }
    }
    return 0
  }

  private func record(_ step: FreshnessStep, in scope: MessageScope) async throws {
    var batch = RecorderBatch(receivedAt: time.now())
    batch.progress = [.looked(scope, step)]
    try await commit(batch)
  }

  /// Fetches a page of what was missed in a chat.
  private func fetch(
    _ span: Freshness.Span, of chat: PeerID, in scope: MessageScope, _ freshness: Freshness
  ) async throws {
    let page = try await historyPage(
      of: chat, above: span.above, below: span.below == .max ? 0 : span.below, limit: span.limit)
    var batch = page.batch
    let fetched = FetchedSpan(
      chat: chat, span: span, newest: page.newest, lowest: page.lowest, count: page.count,
      missedAt: freshness.missedAt, isLast: page.isLast)
    batch.progress = [.looked(scope, .fetched(fetched, misses: freshness.misses))]
    try await commit(batch)
  }

  /// Asks again for messages whose state was not known.
  private func settle(
    _ messages: [Int64: Freshness.Unsettled], in scope: MessageScope, misses: Int64
  ) async throws {
    let stored = try await archive.storedMessages(messages.keys.sorted().prefix(Self.pageSize), in: scope)
    // Updates have told of a later edit since, so that nothing of the window can be missing in it.
    let open = stored.filter { message in
      guard let seen = messages[message.id]?.editDate, let edited = message.editDate else { return true }
      return edited <= seen
    }
    try await compare(open, in: scope) { unsettled in
      var still: [Int64: Freshness.Unsettled] = [:]
      for (id, editDate) in unsettled {
        let tries = (messages[id]?.tries ?? 0) + 1
        if editDate == nil, tries >= Self.maximumTries {
          logger.warning(
            "the server does not say what became of a message; it stays as it is",
            metadata: ["scope": "\(scope)", "message": "\(id)"])
          continue
        }
        still[id] = Freshness.Unsettled(editDate: editDate, due: time.now() + Self.settling, tries: tries)
      }
      let asked = messages.keys.sorted().prefix(Self.pageSize)
      return [.looked(scope, .settled(Array(asked), still: still, misses: misses))]
    }
  }

  static func isReadable(_ scope: MessageScope, _ followed: Set<Int64>) -> Bool {
    switch scope {
    case .common: true
    case .channel(let channel): followed.contains(channel.bareID)
    }
  }
}
