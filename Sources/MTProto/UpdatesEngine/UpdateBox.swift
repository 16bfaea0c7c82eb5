import TL

/// One event sequence: its position, and the updates held back behind a hole in it.
///
/// Source: "Working with Updates", core.telegram.org/api/updates, section "Recovering gaps".
struct UpdateBox: Sendable {
  struct Held: Sendable {
    var pts: Int32
    var count: Int32
    var update: API.AnyUpdate
    /// Applied already, ahead of its turn: only its place in the sequence is left.
    var isApplied = false
  }

  /// Held updates past this number are let go: the difference brings them again.
  static let maximumHeld = 1_000

  var pts: Int32
  /// Where the sequence was when it was first heard of; nil when that is known from the server.
  private var start: Int32?
  /// Updates ahead of `pts`, by ascending `pts`.
  private(set) var held: [Held] = []
  /// When a hole that does not close asks for a difference (uptime).
  private var holeDeadline: Duration?
  /// When a sequence that stays quiet asks for a difference (uptime).
  var quietDeadline: Duration
  /// Whether a difference is wanted, and from when on (uptime).
  var differenceDue: Duration?
  /// Whether a difference has been asked for and not yet come.
  private(set) var isFetching = false
  /// Where the last difference was asked from.
  private var askedFrom = Int32.min
  /// Whether the running difference may end too early, so that another has to follow it.
  private var wantsAnother = false
  /// How differences are asked for.
  var pace = DifferencePace()
  /// When a difference that was refused for good is asked for once more (uptime); nil for one that is not refused.
  ///
  /// Meanwhile updates are applied as they come: what lies before them is in a recorded gap.
  private(set) var restsUntil: Duration?
  /// What the slices of the running difference have shown.
  private var shown = ShownMessages()

  init(pts: Int32, quietDeadline: Duration) {
    self.pts = pts
    self.quietDeadline = quietDeadline
  }

  /// A sequence of which nothing is known but an update; what came before it may only be late.
  init(firstUpdate pts: Int32, count: Int32, quietDeadline: Duration) {
    self.init(pts: pts.subtractingReportingOverflow(count).partialValue, quietDeadline: quietDeadline)
    start = self.pts
  }

  /// Takes an update in; returns what can be applied now, in order.
  ///
  /// What is next in line is applied even while a difference is under way: nothing is missing before it, and the
  /// difference may no longer tell it (a message sent and deleted meanwhile is in no difference).
  mutating func offer(_ update: Held, now: Duration, holeTimeout: Duration) -> [API.AnyUpdate] {
    if let start, update.count > 0, update.pts <= start {
      // The sequence begins earlier than was thought: go back, and have everything since told in order.
      pts = update.pts.subtractingReportingOverflow(update.count).partialValue
      self.start = pts
      wantDifference(at: now)
      // An edit may be older than what is known of its message; the difference tells how that is now.
      if case .updateEditChannelMessage = update.update { return [] }
    }
    if update.pts > pts, shown.isAmbiguous(update.update) {
      // The rest of the difference tells whether it is overtaken.
      hold(update)
      return []
    }
    if restsUntil != nil, update.pts > pts {
      pts = update.pts
      if !isFetching { wantDifference(at: now) }
      return [update.update]
    }
    switch advance(past: update) {
    case .next:
      return [update.update] + release(now: now, holeTimeout: holeTimeout)
    case .duplicate:
      return []
    case .hole:
      hold(update)
      if holeDeadline == nil, !isBehind { holeDeadline = now + holeTimeout }
      return []
    }
  }

  /// Moves to where a difference leads, never backwards; returns the held updates to apply before what it shows.
  ///
  /// Those it covers happened before, and may be in no difference any more: they are applied, and what is told twice
  /// changes nothing the second time. A slice shows messages as they are after events it does not cover, so the held
  /// edits that led to such a state are applied with it, ahead of their turn; a covered edit that may be older than what
  /// an earlier slice showed is left out when the message is shown again.
  ///
  /// - Parameters:
  ///   - messages: the states the difference shows.
  ///   - isSlice: whether more of the same difference is to follow.
  mutating func jump(
    to newPts: Int32, showing messages: [API.AnyMessage] = [], isSlice: Bool = false
  ) -> [API.AnyUpdate] {
    defer {
      if isSlice { shown.note(messages) } else { shown = ShownMessages() }
    }
    // A sequence that went back meanwhile has to ask again: what it went back for is not in this difference.
    guard newPts > pts, pts >= askedFrom else { return [] }
    pts = newPts
    let coveredCount = held.prefix { $0.pts <= newPts }.count
    let edits = held.isEmpty ? [:] : lastHeldEdits(shownBy: messages)
    var applied: [API.AnyUpdate] = []
    for index in isSlice ? held.indices : held.indices.prefix(coveredCount) where !held[index].isApplied {
      let update = held[index].update
      let isCovered = index < coveredCount
      var isDue = isCovered
      if let edited = update.editedMessage, let edit = edits[edited.id], edit.date == edited.editDate {
        isDue = edit.lastHeld.map { index <= $0 } ?? false || isCovered && !shown.isAmbiguous(update)
      }
      if isDue {
        applied.append(update)
        held[index].isApplied = true
      }
    }
    held.removeFirst(coveredCount)
    return applied
  }

  /// The edited messages among some states, with the last held update that shows the same edit.
  private func lastHeldEdits(shownBy messages: [API.AnyMessage]) -> [Int32: (date: Int32?, lastHeld: Int?)] {
    var edits: [Int32: (date: Int32?, lastHeld: Int?)] = [:]
    for case .message(let message) in messages where message.editDate != nil {
      let last = held.lastIndex { $0.update.editedMessage.map { $0.isSameEdit(as: message) } ?? false }
      edits[message.id] = (message.editDate, last)
    }
    return edits
  }

  /// Lets everything held go, in order: what lies before it will not be told any more.
  mutating func drain() -> [API.AnyUpdate] {
    defer {
      held = []
      shown = ShownMessages()
    }
    return held.filter { !$0.isApplied }.map(\.update)
  }

  /// Lets go what now joins up, and drops what is already covered.
  mutating func release(now: Duration, holeTimeout: Duration) -> [API.AnyUpdate] {
    var released: [API.AnyUpdate] = []
    var consumed = 0
    loop: for update in held {
      if update.pts > pts, !update.isApplied, shown.isAmbiguous(update.update) { break }
      switch advance(past: update) {
      case .next: if !update.isApplied { released.append(update.update) }
      case .duplicate: break
      case .hole: break loop
      }
      consumed += 1
    }
    held.removeFirst(consumed)
    if held.isEmpty || isBehind {
      holeDeadline = nil
    } else if consumed > 0 || holeDeadline == nil {
      holeDeadline = now + holeTimeout
    }
    return released
  }

  /// Leaves the hole alone that a difference did not close.
  mutating func postponeHole(until time: Duration) {
    if let holeDeadline { self.holeDeadline = max(holeDeadline, time) }
  }

  /// Whether a difference is wanted or under way; one that is refused holds nothing back.
  var isBehind: Bool { restsUntil == nil && (isFetching || differenceDue != nil) }

  /// Leaves a difference that is refused for good alone until `time` (uptime); returns what was held back behind it.
  mutating func rest(until time: Duration) -> [API.AnyUpdate] {
    isFetching = false
    wantsAnother = false
    holeDeadline = nil
    restsUntil = time
    differenceDue = time
    let reached = held.last?.pts ?? pts
    let updates = drain()
    pts = max(pts, reached)
    return updates
  }

  /// Notes that a difference is answered, whatever it was before.
  mutating func wake() { restsUntil = nil }

  /// Marks a difference as wanted from `time` on.
  mutating func wantDifference(at time: Duration) {
    holeDeadline = nil
    if isFetching {
      wantsAnother = true
    } else if let restsUntil {
      // Its scope was heard of again, which is a reason to ask sooner, but not each time.
      differenceDue = min(differenceDue ?? restsUntil, time + pace.restAfterPush)
    } else {
      differenceDue = min(differenceDue ?? time, time)
    }
  }

  /// Notes that the wanted difference has been asked for.
  mutating func beginFetching() {
    isFetching = true
    askedFrom = pts
    differenceDue = nil
  }

  /// Notes that the difference has come; it moved `pts` as far as the server told.
  mutating func endFetching(now: Duration) {
    isFetching = false
    if wantsAnother {
      wantsAnother = false
      wantDifference(at: now)
    }
  }

  /// Turns an expired hole or silence into a wanted difference.
  mutating func tick(now: Duration) {
    guard !isFetching, differenceDue == nil else { return }
    if now >= quietDeadline || (holeDeadline.map { now >= $0 } ?? false) { wantDifference(at: now) }
  }

  var nextDeadline: Duration? {
    if isFetching { return nil }
    return differenceDue ?? min(quietDeadline, holeDeadline ?? quietDeadline)
  }

  private enum Step { case next, duplicate, hole }

  private mutating func advance(past update: Held) -> Step {
    if update.count == 0 { return update.pts > pts ? .hole : .next }
    guard update.pts > pts else { return .duplicate }
    // An update that overlaps what is applied is a hole too: no other update can close it, the difference does.
    guard Int64(update.pts) - Int64(pts) == Int64(update.count) else { return .hole }
    pts = update.pts
    return .next
  }

  private mutating func hold(_ update: Held) {
    guard held.count < Self.maximumHeld else {
      held.removeAll()
      // Those let go come with a difference that is asked for from now on.
      if isFetching { wantsAnother = true } else { differenceDue = differenceDue ?? .zero }
      return
    }
    let index = held.lastIndex { $0.pts <= update.pts }.map { $0 + 1 } ?? 0
    held.insert(update, at: index)
  }
}
