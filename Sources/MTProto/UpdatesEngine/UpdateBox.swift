import TL

/// One event sequence: its position, and the updates held back behind a hole in it.
///
/// Source: "Working with Updates", core.telegram.org/api/updates, section "Recovering gaps".
struct UpdateBox: Sendable {
  struct Held: Sendable {
    var pts: Int32
    var count: Int32
    var update: API.AnyUpdate
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

  /// Moves to where a difference leads, never backwards; returns the held updates it covers.
  ///
  /// They happened before what the difference tells and may be in no difference any more, so they are applied
  /// first; what is told twice changes nothing the second time.
  mutating func jump(to newPts: Int32) -> [API.AnyUpdate] {
    // A sequence that went back meanwhile has to ask again: what it went back for is not in this difference.
    guard newPts > pts, pts >= askedFrom else { return [] }
    pts = newPts
    let covered = held.prefix { $0.pts <= newPts }.map(\.update)
    held.removeFirst(covered.count)
    return covered
  }

  /// Lets everything held go, in order: what lies before it will not be told any more.
  mutating func drain() -> [API.AnyUpdate] {
    defer { held = [] }
    return held.map(\.update)
  }

  /// Lets go what now joins up, and drops what is already covered.
  mutating func release(now: Duration, holeTimeout: Duration) -> [API.AnyUpdate] {
    var released: [API.AnyUpdate] = []
    var consumed = 0
    loop: for update in held {
      switch advance(past: update) {
      case .next: released.append(update.update)
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

  /// Whether a difference is wanted or under way.
  var isBehind: Bool { isFetching || differenceDue != nil }

  /// Marks a difference as wanted from `time` on.
  mutating func wantDifference(at time: Duration) {
    holeDeadline = nil
    if isFetching {
      wantsAnother = true
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
