import MTProto
public import TelegramClient

/// What is known of one scope: which of its messages may have been missed, and how far they have been looked for since.
///
/// A value without IO, and the only place that knows it: the reconciler works on it, retention and health ask it. It is
/// changed in the transaction that records what it speaks of. A step names the misses its answer has seen (`misses`), so
/// that nothing is taken for known that was missed while the step was under way.
public struct Freshness: Sendable, Hashable, Codable {
  /// Messages of one chat that may have been missed: their ids lie between the two, both excluded.
  public struct Span: Sendable, Hashable, Codable {
    public var above: Int64
    /// `Int64.max` for everything up to the newest.
    public var below: Int64
    /// How many there are at most; nil when nobody knows.
    public var limit: Int64?

    public init(above: Int64, below: Int64 = .max, limit: Int64? = nil) {
      self.above = above
      self.below = below
      self.limit = limit
    }

    var isEmpty: Bool { below <= above || below - 1 <= above || limit.map { $0 <= 0 } ?? false }
  }

  /// A message whose state was not told, or had changed so lately that pushes of it may still be under way.
  public struct Unsettled: Sendable, Hashable, Codable {
    /// Of the state that was told; nil when none was.
    var editDate: Int64?
    /// Asked for again from here on, in seconds since 1970.
    var due: Int64
    /// How often it was asked for in vain.
    var tries = 0
  }

  /// What is to be done next.
  enum Work: Hashable {
    /// List the chats of the scope.
    case list
    case fetch(PeerID, Span)
    /// Ask for the stored messages below this id; nil for the newest.
    case compare(below: Int64?)
    /// Ask again for these, not before a time in seconds since 1970.
    case settle([Int64: Unsettled], due: Int64)
    /// Everything has been seen.
    case close
  }

  /// The position in the updates that is applied; nil for a channel that is not followed.
  public internal(set) var pts: Int32?
  /// How often something was missed.
  public private(set) var misses: Int64 = 0
  /// When stored messages may have changed unseen, at the earliest, in seconds since 1970; nil when nothing is missing.
  private(set) var missedSince: Int64?
  /// When something was missed last, in seconds since 1970.
  private(set) var missedAt: Int64 = 0
  /// When something was missed last, or any progress was made, in seconds since 1970.
  private(set) var touchedAt: Int64 = 0
  /// Messages above this id may have been missed in any chat of the scope; nil when the chats have been listed.
  private(set) var unlistedAbove: Int64?
  /// By chat, in ascending order.
  private var spans: [Int64: [Span]] = [:]
  /// All stored messages from this id on have been compared since the last miss; nil for none.
  private(set) var comparedBelow: Int64?
  private(set) var isCompared = false
  private(set) var unsettled: [Int64: Unsettled] = [:]
  /// The newest message that updates have told of, while newer ones are stored that were fetched.
  private var toldUpTo: Int64?
  private var fetchedUpTo: Int64?
  /// Every message up to this id was in a chat that was listed.
  private var listedUpTo: Int64 = 0

  public init() {}

  private enum CodingKeys: String, CodingKey {
    case misses, missedSince, missedAt, touchedAt, unlistedAbove, spans, comparedBelow, isCompared, unsettled, toldUpTo
    case fetchedUpTo, listedUpTo
  }

  /// Whether anything may be missing.
  public var isOpen: Bool { missedSince != nil }

  /// The ids that may have been missed, by chat, as far as the chats are known.
  public var missedSpans: [PeerID: [Span]] {
    var result: [PeerID: [Span]] = [:]
    for (chat, spans) in spans { if let chat = PeerID(rawValue: chat) { result[chat] = spans } }
    return result
  }

  /// Whether messages of the scope may not be removed yet.
  ///
  /// A window nobody could work on for a week, as of a channel that cannot be read any more, holds nothing back.
  func holdsBack(now: Int64) -> Bool { isOpen && touchedAt > now - 7 * 86_400 }

  /// Takes out what no step of this program can have written.
  mutating func sanitize() {
    spans = spans.mapValues { $0.filter { !$0.isEmpty } }.filter { !$0.value.isEmpty }
  }

  // MARK: What happens

  /// Notes that something was missed.
  ///
  /// - Parameters:
  ///   - newest: the newest message that is stored; 0 for none.
  ///   - since: when it was received.
  ///   - events: how much was missed by `pts`, no less than there are messages; 0 when that is not known.
  mutating func missed(in scope: MessageScope, newest: Int64, since: Int64, events: Int64, now: Int64) {
    misses &+= 1
    missedSince = min(missedSince ?? since, since)
    missedAt = now
    touchedAt = now
    // What has been compared may have changed since.
    comparedBelow = nil
    isCompared = false
    unsettled = [:]
    let known = knownUpTo(newest)
    switch scope {
    case .channel(let channel):
      // What was on its way when a page was fetched may lie below that page, and is missed now.
      spans[channel.rawValue] = spans[channel.rawValue]?.map { span in
        Span(above: span.above, below: span.below, limit: span.limit.map { Self.sum($0, events) })
      }
      // No message says where the window begins, so the number of events bounds it.
      add(Span(above: known, limit: known == 0 ? events : nil), to: channel.rawValue)
    case .common:
      // Without a message, any chat could be in it, which is no reason to fetch what is in all of them.
      if known > 0 { unlistedAbove = min(unlistedAbove ?? known, known) }
    }
  }

  /// Notes that messages are stored that no update has told of, up to `top`; `newest` is the newest one before.
  mutating func stored(untold top: Int64, newest: Int64) {
    guard top > newest else { return }
    if newest > fetchedUpTo ?? .min || toldUpTo == nil { toldUpTo = newest }
    fetchedUpTo = max(fetchedUpTo ?? top, top)
  }

  /// Up to where updates have told everything: what was fetched may lie above what is still on its way.
  private func knownUpTo(_ newest: Int64) -> Int64 {
    guard let toldUpTo, let fetchedUpTo, newest <= fetchedUpTo else { return newest }
    return min(toldUpTo, newest)
  }

  /// Takes in the chats of the scope with the ids of their newest messages.
  mutating func listed(_ chats: [(chat: PeerID, newest: Int64)], misses seen: Int64, now: Int64) {
    guard seen == misses, let above = unlistedAbove else { return }
    touchedAt = now
    unlistedAbove = nil
    listedUpTo = chats.map(\.newest).max() ?? above
    for chat in chats where chat.newest > above { add(Span(above: above), to: chat.chat.rawValue) }
  }

  /// Takes in a page of a chat that was asked for because of a span.
  mutating func fetched(_ page: FetchedSpan, misses seen: Int64, now: Int64) {
    guard isOpen else { return }
    touchedAt = now
    let floor = page.isLast ? page.span.above : max(page.lowest - 1, page.span.above)
    // Of what was missed since it was asked for, an answer from the newest on saw only what it holds.
    let ceiling = page.span.below == .max && seen != misses ? page.newest + 1 : page.span.below
    guard ceiling > floor else { return }
    let chat = page.chat.rawValue
    var left: [Span] = []
    for span in spans[chat] ?? [] {
      if span.below <= floor + 1 || span.above >= ceiling - 1 {
        left.append(span)
        continue
      }
      let limit = span.limit.map { $0 - Int64(page.count) }
      let lower = Span(above: span.above, below: floor + 1, limit: limit)
      let upper = Span(above: ceiling - 1, below: span.below)
      left += [lower, upper].filter { !$0.isEmpty }
    }
    spans[chat] = left.isEmpty ? nil : left
  }

  /// Takes in that the stored messages from `lowest` on have been compared, or all of them.
  mutating func compared(
    downTo lowest: Int64?, isLast: Bool, unsettled new: [Int64: Unsettled], misses seen: Int64, now: Int64
  ) {
    guard isOpen, seen == misses, isFetched else { return }
    touchedAt = now
    if let lowest { comparedBelow = min(comparedBelow ?? lowest, lowest) }
    isCompared = isCompared || isLast
    unsettled.merge(new) { $1 }
  }

  /// Takes in what came of asking again for unsettled messages: those of `asked` that are not in `still` are settled.
  mutating func settled(_ asked: some Sequence<Int64>, still: [Int64: Unsettled], misses seen: Int64, now: Int64) {
    guard isOpen, seen == misses else { return }
    touchedAt = now
    for id in asked { unsettled[id] = still[id] }
  }

  /// Closes the window, if everything has been seen.
  ///
  /// - Returns: whether nothing is missing any more.
  mutating func close(misses seen: Int64) -> Bool {
    guard isOpen, seen == misses, work == .close else { return false }
    missedSince = nil
    comparedBelow = nil
    isCompared = false
    if let told = toldUpTo { toldUpTo = max(told, listedUpTo) }
    listedUpTo = 0
    return true
  }

  // MARK: What to do

  private var isFetched: Bool { unlistedAbove == nil && spans.isEmpty }

  /// What is to be done next while something may be missing; newest messages first.
  var work: Work {
    if unlistedAbove != nil { return .list }
    let next = spans.compactMap { chat, spans in spans.last.map { (chat, $0) } }
      .max { ($0.1.below, $0.1.above, $0.0) < ($1.1.below, $1.1.above, $1.0) }
    if let (chat, span) = next, let chat = PeerID(rawValue: chat) { return .fetch(chat, span) }
    if !isCompared { return .compare(below: comparedBelow) }
    if let due = unsettled.values.map(\.due).min() {
      return .settle(unsettled.filter { $0.value.due <= due }, due: due)
    }
    return .close
  }

  private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }

  /// Joins a span to those of a chat.
  private mutating func add(_ new: Span, to chat: Int64) {
    guard !new.isEmpty else { return }
    var joined = new
    var others: [Span] = []
    for span in spans[chat] ?? [] {
      if span.below <= joined.above || joined.below <= span.above {
        others.append(span)
      } else if let left = span.limit, let right = joined.limit {
        joined = Span(
          above: min(span.above, joined.above), below: max(span.below, joined.below),
          limit: Self.sum(left, right))
      } else if span.limit != nil || joined.limit != nil {
        // Of the one whose number is known, only what lies below the other; or both, when it goes on above that.
        let bounded = span.limit != nil ? span : joined
        let other = span.limit != nil ? joined : span
        guard other.below >= bounded.below else {
          others.append(span)
          continue
        }
        let rest = Span(above: bounded.above, below: min(bounded.below, other.above + 1), limit: bounded.limit)
        if !rest.isEmpty { others.append(rest) }
        joined = other
      } else {
        joined = Span(above: min(span.above, joined.above), below: max(span.below, joined.below))
      }
    }
    spans[chat] = (others + [joined]).filter { !$0.isEmpty }.sorted { ($0.above, $0.below) < ($1.above, $1.below) }
  }
}

/// A page of a chat's history, and the span it was asked for.
public struct FetchedSpan: Sendable, Hashable {
  public var chat: PeerID
  public var span: Freshness.Span
  /// Ids of the first and the last message of the page, whether they lie in the span or not; 0 for an empty page.
  public var newest: Int64
  public var lowest: Int64
  /// Messages in the span; of those whose number is known, only such as were missed.
  public var count: Int
  /// The time of the last miss, in seconds since 1970: later messages are no part of it.
  public var missedAt: Int64
  /// Whether nothing of the span lies below the page.
  public var isLast: Bool

  public init(
    chat: PeerID, span: Freshness.Span, newest: Int64, lowest: Int64, count: Int, missedAt: Int64, isLast: Bool
  ) {
    self.chat = chat
    self.span = span
    self.newest = newest
    self.lowest = lowest
    self.count = count
    self.missedAt = missedAt
    self.isLast = isLast
  }
}
