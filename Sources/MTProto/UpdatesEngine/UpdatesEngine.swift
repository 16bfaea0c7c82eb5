public import TL

/// What to ask the server for so that a sequence can go on.
public enum DifferenceRequest: Sendable, Hashable {
  /// `updates.getDifference`.
  ///
  /// `limit` is the most events the answer may hold; nil leaves that to the server.
  case account(pts: Int32, qts: Int32, date: Int32, limit: Int32? = nil)
  /// `updates.getChannelDifference` for a channel's bare id.
  case channel(id: Int64, pts: Int32, limit: Int32? = nil)
}

/// Puts updates in order: finds holes and duplicates in the event sequences, and says which differences to fetch.
///
/// A value without IO or clock. Feed it what the server sends (`receive`), fetch what `nextRequest` asks for, feed
/// the answers back (`apply`, `failed`, `lostAccess`), and call `tick` at `nextDeadline`. Each step returns what can be
/// committed now; nothing is returned twice, and nothing before what precedes it.
///
/// Source: "Working with Updates", core.telegram.org/api/updates.
public struct UpdatesEngine: Sendable {
  public struct Configuration: Sendable {
    /// How long an update ahead of its turn waits for the ones before it.
    public var holeTimeout: Duration = .milliseconds(500)
    /// Silence after which a sequence is compared with the server's.
    public var quietTimeout: Duration = .seconds(15 * 60)

    public init() {}
  }

  private let configuration: Configuration
  var account: UpdateBox
  var qts: Int32
  var date: Int32
  var seq: Int32
  /// Containers behind a hole in `seq`.
  var ahead = HeldContainers()
  var channels: [Int64: UpdateBox]

  /// - Parameters:
  ///   - state: what the archive holds; nothing before it is told again.
  ///   - behind: whether updates may have been missed since, so that every sequence starts with a difference.
  public init(state: UpdatesState, behind: Bool, now: Moment, configuration: Configuration = Configuration()) {
    self.configuration = configuration
    let quiet = now.uptime + configuration.quietTimeout
    account = UpdateBox(pts: state.pts, quietDeadline: quiet)
    qts = state.qts
    date = state.date
    seq = state.seq
    channels = state.channels.mapValues { UpdateBox(pts: $0, quietDeadline: quiet) }
    if behind { wantAllDifferences(now: now) }
  }

  /// The state all returned batches lead to.
  public var state: UpdatesState {
    UpdatesState(pts: account.pts, qts: qts, date: date, seq: seq, channels: channels.mapValues(\.pts))
  }

  // MARK: Input

  /// Takes in what the server sent on its own or in answer to a call.
  public mutating func receive(_ updates: API.AnyUpdates, now: Moment) -> UpdateBatch {
    var batch = UpdateBatch()
    account.quietDeadline = now.uptime + configuration.quietTimeout
    switch updates {
    case .updates(let container):
      receive(
        container.updates, container.users, container.chats, container.date,
        seqStart: container.seq, seq: container.seq, into: &batch, now: now)
    case .updatesCombined(let container):
      receive(
        container.updates, container.users, container.chats, container.date,
        seqStart: container.seqStart, seq: container.seq, into: &batch, now: now)
    case .updateShort(let short):
      process(short.update, into: &batch, now: now)
      advance(date: short.date, into: &batch)
    case .updateShortMessage(let short):
      process(.updateNewMessage(short.expanded), into: &batch, now: now)
      advance(date: short.date, into: &batch)
    case .updateShortChatMessage(let short):
      process(.updateNewMessage(short.expanded), into: &batch, now: now)
      advance(date: short.date, into: &batch)
    case .updateShortSentMessage(let short):
      // Only the caller knows the text; for the sequence it is a message like any other.
      process(.updateNewMessage(short.placeholder), into: &batch, now: now)
      advance(date: short.date, into: &batch)
    case .updatesTooLong:
      account.wantDifference(at: now.uptime)
    case .other:
      // A container that cannot be opened may have held anything.
      account.wantDifference(at: now.uptime)
    }
    return batch
  }

  /// Says that updates may have been missed: the connection was down, or the server forgot the session.
  public mutating func wantAllDifferences(now: Moment) {
    account.wantDifference(at: now.uptime)
    for id in channels.keys { channels[id]?.wantDifference(at: now.uptime) }
  }

  /// Says that the account's own updates may have been missed, as when one could not be read.
  ///
  /// - Parameter channel: the bare id of the channel that may have been spoken of, too.
  public mutating func wantDifference(channel: Int64? = nil, now: Moment) {
    account.wantDifference(at: now.uptime)
    if let channel { channels[channel]?.wantDifference(at: now.uptime) }
  }

  /// Starts to follow a channel from `pts` on; does nothing when it is followed already.
  public mutating func follow(channel id: Int64, pts: Int32, now: Moment) -> UpdateBatch {
    var batch = UpdateBatch()
    guard channels[id] == nil else { return batch }
    channels[id] = UpdateBox(firstUpdate: pts, count: 0, quietDeadline: now.uptime + configuration.quietTimeout)
    batch.stateChange.channels[id] = .some(pts)
    return batch
  }

  /// Turns holes that did not close and sequences that stayed quiet into wanted differences.
  public mutating func tick(now: Moment) {
    account.tick(now: now.uptime)
    // A difference that is on its way tells what is missing.
    if ahead.hasExpired(now: now.uptime), !account.isBehind { account.wantDifference(at: now.uptime) }
    for id in channels.keys { channels[id]?.tick(now: now.uptime) }
  }

  // MARK: What to do next

  /// When to call `tick` or `nextRequest` again (uptime).
  public var nextDeadline: Duration? {
    (channels.values.compactMap(\.nextDeadline) + [account.nextDeadline, ahead.deadline].compactMap(\.self)).min()
  }

  /// The next difference to fetch, counted as under way from now on; nil when none is due.
  public mutating func nextRequest(now: Moment) -> DifferenceRequest? {
    if let due = account.differenceDue, due <= now.uptime {
      account.beginFetching()
      return .account(pts: account.pts, qts: qts, date: date, limit: account.pace.limit)
    }
    let due = channels.filter { $0.value.differenceDue.map { $0 <= now.uptime } ?? false }
    guard
      let id = due.min(by: { ($0.value.differenceDue ?? .zero, $0.key) < ($1.value.differenceDue ?? .zero, $1.key) })?
        .key
    else { return nil }
    channels[id]?.beginFetching()
    return channels[id].map { .channel(id: id, pts: $0.pts, limit: $0.pace.limit) }
  }

  // MARK: Sequences

  private mutating func receive(
    _ updates: [API.AnyUpdate], _ users: [API.AnyUser], _ chats: [API.AnyChat], _ date: Int32,
    seqStart: Int32, seq newSeq: Int32, into batch: inout UpdateBatch, now: Moment
  ) {
    batch.users += users
    batch.chats += chats
    if seqStart != 0 {
      if seqStart <= seq { return processNumbered(updates, into: &batch, now: now) }
      if Int64(seqStart) > Int64(seq) + 1 {
        // What carries a pts is safe to take: its own sequence orders it. The rest waits for the containers before it.
        processNumbered(updates, into: &batch, now: now)
        hold(
          HeldContainers.Container(
            start: seqStart, end: newSeq, updates: updates.filter { UpdatePosition($0) == .none }), now: now)
        return
      }
    }
    process(updates, into: &batch, now: now)
    if seqStart != 0 {
      seq = newSeq
      touchAccount(&batch)
      releaseContainers(into: &batch, now: now)
    }
    advance(date: date, into: &batch)
  }

  private mutating func hold(_ container: HeldContainers.Container, now: Moment) {
    let limit = account.isBehind ? nil : now.uptime + configuration.holeTimeout
    ahead.hold(container, until: limit)
  }

  /// Lets the containers go whose turn has come.
  mutating func releaseContainers(into batch: inout UpdateBatch, now: Moment) {
    while let container = ahead.next(after: seq) {
      process(container.updates, into: &batch, now: now)
      seq = container.end
      touchAccount(&batch)
    }
  }

  private mutating func processNumbered(_ updates: [API.AnyUpdate], into batch: inout UpdateBatch, now: Moment) {
    process(updates.filter { UpdatePosition($0) != .none }, into: &batch, now: now)
  }

  /// Processes the updates of one container, which need not come in the order of their `pts`.
  mutating func process(_ updates: [API.AnyUpdate], into batch: inout UpdateBatch, now: Moment) {
    var ordered = updates.map { (update: $0, pts: UpdatePosition($0).pts) }
    if ordered.contains(where: { $0.pts != nil }) {
      // Stable, and updates without a number keep to the one before them.
      var last = Int32.min
      let keys = ordered.map { entry in
        last = entry.pts ?? last
        return last
      }
      ordered = zip(ordered, keys).enumerated()
        .sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }
        .map(\.element.0)
    }
    for entry in ordered { process(entry.update, into: &batch, now: now) }
  }

  private mutating func process(_ update: API.AnyUpdate, into batch: inout UpdateBatch, now: Moment) {
    switch UpdatePosition(update) {
    case .account(let pts, let count):
      let ready = account.offer(
        UpdateBox.Held(pts: pts, count: count, update: update), now: now.uptime, holeTimeout: configuration.holeTimeout)
      deliver(ready, into: &batch)
    case .channel(let id, let pts, let count):
      process(update, channel: id, pts: pts, count: count, into: &batch, now: now)
    case .secret(let newQts):
      guard newQts > qts else { return }
      guard Int64(newQts) == Int64(qts) + 1 else { return account.wantDifference(at: now.uptime) }
      qts = newQts
      deliver([update], into: &batch)
    case .none:
      processUnnumbered(update, into: &batch, now: now)
    }
  }

  private mutating func process(
    _ update: API.AnyUpdate, channel id: Int64, pts: Int32, count: Int32, into batch: inout UpdateBatch, now: Moment
  ) {
    let quiet = now.uptime + configuration.quietTimeout
    // The first update of a channel tells where its sequence stands.
    var box = channels[id] ?? UpdateBox(firstUpdate: pts, count: count, quietDeadline: quiet)
    box.quietDeadline = quiet
    let before = channels[id]?.pts
    batch.updates += box.offer(
      UpdateBox.Held(pts: pts, count: count, update: update), now: now.uptime, holeTimeout: configuration.holeTimeout)
    if before != box.pts { batch.stateChange.channels[id] = .some(box.pts) }
    channels[id] = box
  }

  private mutating func processUnnumbered(_ update: API.AnyUpdate, into batch: inout UpdateBatch, now: Moment) {
    switch update {
    case .updateChannelTooLong(let tooLong):
      guard let box = channels[tooLong.channelId] else {
        // Never heard of: follow it from where the server says it is, if it says so.
        if let pts = tooLong.pts { batch.append(follow(channel: tooLong.channelId, pts: pts, now: now)) }
        break
      }
      if tooLong.pts.map({ $0 > box.pts }) ?? true { channels[tooLong.channelId]?.wantDifference(at: now.uptime) }
      return
    case .updateChannel(let channel):
      // Joined, left or put out: asking tells which.
      channels[channel.channelId]?.wantDifference(at: now.uptime)
    case .updatePtsChanged:
      account.wantDifference(at: now.uptime)
    default:
      break
    }
    batch.updates.append(update)
  }

  private mutating func deliver(_ updates: [API.AnyUpdate], into batch: inout UpdateBatch) {
    guard !updates.isEmpty else { return }
    batch.updates += updates
    touchAccount(&batch)
  }

  private mutating func advance(date newDate: Int32, into batch: inout UpdateBatch) {
    // The date covers what came before it, so it waits for holes to close.
    guard newDate > date, !account.isBehind, account.held.isEmpty else { return }
    date = newDate
    if !batch.updates.isEmpty { touchAccount(&batch) }
  }

  mutating func touchAccount(_ batch: inout UpdateBatch) {
    batch.stateChange.account = UpdatesState(pts: account.pts, qts: qts, date: date, seq: seq)
  }

  /// Lets the held updates of the account go that a finished difference made due.
  mutating func releaseAccount(into batch: inout UpdateBatch, now: Moment) {
    account.quietDeadline = now.uptime + configuration.quietTimeout
    deliver(account.release(now: now.uptime, holeTimeout: configuration.holeTimeout), into: &batch)
    let pause = account.pace.finished(closed: account.held.isEmpty && ahead.isEmpty)
    account.postponeHole(until: now.uptime + pause)
    ahead.wait(until: now.uptime + max(pause, configuration.holeTimeout))
  }

  /// The same for a channel; `pollAfter` is the server's wish when to ask again.
  mutating func releaseChannel(_ id: Int64, pollAfter: Duration?, into batch: inout UpdateBatch, now: Moment) {
    guard var box = channels[id] else { return }
    // The server's wish may be anything.
    let poll = min(pollAfter ?? .zero, DifferencePace.refusedRest)
    box.quietDeadline = now.uptime + max(poll, configuration.quietTimeout)
    batch.updates += box.release(now: now.uptime, holeTimeout: configuration.holeTimeout)
    box.postponeHole(until: now.uptime + box.pace.finished(closed: box.held.isEmpty))
    batch.stateChange.channels[id] = .some(box.pts)
    channels[id] = box
  }
}

extension UpdatePosition {
  fileprivate var pts: Int32? {
    switch self {
    case .account(let pts, _), .channel(_, let pts, _): pts
    case .secret, .none: nil
    }
  }
}
