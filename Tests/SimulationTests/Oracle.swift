import GRDB
import MTProto
import TelegramClient

@testable import TGLCore

/// Knows what the account was shown, and therefore what the archive owes.
struct Oracle {
  /// What is wrong; empty when all is well.
  private(set) var complaints: [String] = []
  /// Shown since the process started: owed unless it ends before it is on disk.
  private var recent: Set<Shown> = []
  private var owed: Set<Shown> = []
  /// How far the process knows each sequence by differences and by its start; nil stands for the account's.
  var reached: [Int64?: Int32] = [:]
  /// The newest versions that differences have shown: older ones that come by push later change nothing.
  private var newest: [MessageKey: (version: Int, pts: Int32)] = [:]
  /// Stretches of channels during which they could not be read: from `pts` on, to where they are followed again.
  private var lost: [Int64: (from: Int32, to: Int32?)] = [:]
  private var closedGaps: [(channel: Int64, from: Int32, to: Int32)] = []
  private(set) var hasLostCommits = false
  /// From where on the archive owes each sequence: where it began to follow it.
  var followed: [Int64?: Int32] = [:]
  /// The newest versions that were seen by asking for messages: an older one that is told later changes nothing.
  private var asked: [MessageKey: Int] = [:]
  /// Messages of the log chat that ask for another message to be saved.
  var links: Set<MessageKey> = []
  /// Whether the reconciler runs, which fetches what was not told.
  var reconciles = false

  /// Channels just heard of in this life: where their sequence begins may still turn out to be earlier, which the state on
  /// disk does not know.
  private var fresh: Set<Int64?> = []
  /// The newest version that was pushed of a message in a channel just heard of.
  private var glimpsed: [MessageKey: Int] = [:]

  mutating func complain(_ text: String) {
    if complaints.count < 20 { complaints.append(text) }
  }

  // MARK: What the process is told

  /// Of the log chat, only what asks for something.
  private func isWatched(_ item: Shown) -> Bool { item.channel != ServerTruth.logChat || links.contains(item.key) }

  /// An update reached the process; what is behind a difference it has is old to it.
  mutating func pushed(_ shown: [Shown]) {
    for item in shown where isWatched(item) {
      if let known = reached[item.channel], item.pts <= known { continue }
      if let known = newest[item.key], item.version < known.version, item.pts > known.pts { continue }
      // In a channel just heard of, an edit may come before what it edits; and one from before the channel's first update
      // is left to the difference, which tells of the message as it is then, or nothing when it is gone.
      if reached[item.channel] == nil {
        fresh.insert(item.channel)
        let before = glimpsed[item.key] ?? 0
        glimpsed[item.key] = max(before, item.version)
        if item.version > 0 || before > item.version { continue }
      }
      recent.insert(item)
    }
  }

  mutating func answered(_ shown: [Shown], channel: Int64?, reached pts: Int32?) {
    for item in shown where isWatched(item) {
      if let known = reached[item.channel], item.pts <= known { continue }
      // A slice shows a message as it is now. What a push told of it, and waits for the slices to reach it, is past.
      recent = recent.filter { $0.key != item.key || $0.version >= item.version || $0.pts <= item.pts }
      newest[item.key] = (item.version, item.pts)
      recent.insert(item)
    }
    guard let pts else { return }
    reached[channel] = max(reached[channel] ?? pts, pts)
    if channel == nil, followed[nil] == nil { followed[nil] = pts }
  }

  /// Messages were shown because they were asked for.
  mutating func asked(_ keys: [MessageKey], _ server: ServerTruth) {
    for key in keys { asked[key] = (server.messages[key]?.versions.count ?? 1) - 1 }
  }

  mutating func lost(channel: Int64) { reached[channel] = nil }

  /// Notes which channels the process gives up and follows again with a batch.
  mutating func following(_ batch: UpdateBatch) {
    for gap in batch.gaps where gap.reason == .accessLost {
      guard let channel = gap.channelID else { continue }
      lost[channel] = (min(lost[channel]?.from ?? gap.fromPts, gap.fromPts), nil)
    }
    for (channel, pts) in batch.stateChange.channels {
      if let pts, followed[channel] == nil { followed[channel] = pts }
      guard let pts, let open = lost[channel] else { continue }
      closedGaps.append((channel, open.from, pts))
      lost[channel] = nil
    }
  }

  /// A process starts from what is on disk; what it covers of what was shown is there for good.
  mutating func started(from state: UpdatesState?, afterPowerCut: Bool) {
    func isCovered(_ item: Shown) -> Bool {
      guard let state else { return false }
      guard let channel = item.channel else { return item.pts <= state.pts }
      return state.channels[channel].map { item.pts <= $0 } ?? false
    }
    recent = recent.filter { !fresh.contains($0.channel) }
    fresh = []
    // A channel that was followed again only in what did not reach the disk is still lost.
    for gap in closedGaps where state?.channels[gap.channel] == nil { lost[gap.channel] = (gap.from, nil) }
    closedGaps.removeAll { state?.channels[$0.channel] == nil }
    followed = followed.filter { channel, _ in
      guard let channel else { return state != nil }
      return state?.channels[channel] != nil || state != nil && lost[channel] != nil
    }
    if afterPowerCut {
      hasLostCommits = true
      owed = owed.filter(isCovered)
    }
    owed.formUnion(recent.filter(isCovered))
    recent = []
    newest = [:]
    glimpsed = [:]
    reached = [:]
    if let state {
      reached[nil] = state.pts
      for (channel, pts) in state.channels { reached[channel] = pts }
    }
  }

  // MARK: The end

  func isExcused(_ pts: Int32, channel: Int64?, _ snapshot: Snapshot) -> Bool {
    for gap in snapshot.gaps where gap.channel == channel && pts > gap.from {
      if let to = gap.to {
        if pts <= to { return true }
      } else if let channel {
        if lost[channel] != nil { return true }
        if closedGaps.contains(where: { $0.channel == channel && pts > $0.from && pts <= $0.to }) { return true }
      }
    }
    return false
  }

  mutating func check(_ server: ServerTruth, _ log: LogChatTruth, _ snapshot: Snapshot) {
    owed.formUnion(recent)
    recent = []
    checkState(server, snapshot)
    let told = ToldNotices(log)
    for text in told.unclear { complain("the log chat holds what tells of nothing: \(text.prefix(80))") }
    for item in owed {
      guard let truth = server.messages[item.key] else { continue }
      if links.contains(item.key) {
        checkLink(item, log, snapshot)
        continue
      }
      let row = snapshot.rows[item.key]
      // One that is gone for its age may have come back with an edit.
      if isExpired(truth, server) {
        if !isExcused(item.pts, channel: item.channel, snapshot) { checkExpired(truth, told, snapshot) }
      } else if row?.versions.contains(truth.versions[item.version].text) != true,
        item.version >= asked[item.key] ?? 0, !isExcused(item.pts, channel: item.channel, snapshot)
      {
        complain("shown but not archived: \(item)")
      }
    }
    if reconciles { checkReconciled(server, snapshot) }
    for row in snapshot.rows.values.sorted(by: { $0.key < $1.key }) { check(row, server, snapshot, told) }
    for (event, count) in told.counts {
      if count > 1 { complain("told \(count) times: \(event)") }
      let truth = server.messages[event.key]
      let happened =
        switch event.kind {
        case .deleted: truth?.deletedAt != nil
        case .edited(let from, let to): from >= 0 && from < to && to < truth?.versions.count ?? 0
        }
      if !happened { complain("told but never happened: \(event)") }
      // Told, and then lost with the power: what Telegram shows no more cannot be archived again.
      if snapshot.rows[event.key] == nil, !hasLostCommits, truth.map({ !isExpired($0, server) }) ?? true {
        complain("told of what is not archived: \(event)")
      }
    }
  }

  private mutating func check(_ row: Row, _ server: ServerTruth, _ snapshot: Snapshot, _ told: ToldNotices) {
    guard let truth = server.messages[row.key], row.key.channelID != ServerTruth.logChat else {
      return complain("archived but never sent: \(row.key)")
    }
    let numbers = row.versions.map { text in truth.versions.firstIndex { $0.text == text } }
    guard numbers.allSatisfy({ $0 != nil }) else { return complain("wrong text of \(row.key): \(row.versions)") }
    let known = numbers.compactMap(\.self)
    if zip(known, known.dropFirst()).contains(where: { $0 >= $1 }) {
      complain("versions of \(row.key) out of order: \(known)")
    }
    if let deletedAt = truth.deletedAt {
      if !row.isDeleted, reconciles || !isExcused(deletedAt, channel: row.key.channelID, snapshot) {
        complain("deletion not noticed: \(row.key) at \(deletedAt)")
      }
    } else {
      if row.isDeleted { complain("deleted in the archive only: \(row.key)") }
      let last = server.lastEdit(of: row.key)
      if known.last != truth.versions.count - 1,
        reconciles || !isExcused(last ?? 0, channel: row.key.channelID, snapshot)
      {
        complain("last edit of \(row.key) not archived: \(known) of \(truth.versions.count)")
      }
    }
    let deletions = told.counts[.init(key: row.key, kind: .deleted), default: 0]
    if row.isDeleted, deletions == 0 { complain("deletion not told: \(row.key)") }
    // What waited behind a hole is told when its channel is lost: an edit that comes late finds its message deleted, and
    // is archived without a notice.
    let mayBeLate = row.isDeleted && snapshot.gaps.contains { $0.channel == row.key.channelID }
    for (from, to) in zip(known, known.dropFirst()) where !mayBeLate {
      if told.counts[.init(key: row.key, kind: .edited(from: from, to: to)), default: 0] == 0 {
        complain("edit not told: \(row.key) version \(from) to \(to)")
      }
    }
    for (kind, texts) in told.texts[row.key, default: []] {
      let versions =
        switch kind {
        case .deleted:
          hasLostCommits ? truth.versions.map(\.text) : mayBeLate ? row.versions : row.versions.suffix(1)
        case .edited(_, let version): [truth.versions[version].text]
        }
      if !versions.contains(where: { told.isWhole($0, in: texts) }) {
        complain("notice of \(row.key) does not have its text: \(texts.prefix(200))")
      }
    }
  }

  private mutating func checkState(_ server: ServerTruth, _ snapshot: Snapshot) {
    if snapshot.outbox != 0 { complain("\(snapshot.outbox) rows left in the outbox") }
    guard let state = snapshot.state else { return complain("no update state on disk") }
    if state.pts != server.account.pts || state.qts != server.qts || state.seq != server.seq {
      complain(
        "state on disk pts \(state.pts) qts \(state.qts) seq \(state.seq), "
          + "at the server \(server.account.pts) \(server.qts) \(server.seq)")
    }
    for (id, channel) in server.channels.sorted(by: { $0.key < $1.key }) where channel.isMember {
      if state.channels[id] != channel.sequence.pts {
        complain("channel \(id) at \(state.channels[id].map(String.init) ?? "nothing"), not \(channel.sequence.pts)")
      }
    }
  }
}

extension ServerTruth {
  /// Where in its sequence the last edit of a message stands.
  func lastEdit(of key: MessageKey) -> Int32? {
    let sequence = key.channelID.map { channels[$0]?.sequence.events ?? [] } ?? account.events
    return sequence.last { event in
      if case .edit(key, _) = event.kind { true } else { false }
    }?.pts
  }
}
