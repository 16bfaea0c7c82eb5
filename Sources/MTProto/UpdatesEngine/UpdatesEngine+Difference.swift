public import TL

extension UpdatesEngine {
  /// Takes in the answer to `updates.getDifference`.
  public mutating func apply(_ difference: API.AnyUpdatesDifference, now: Moment) -> UpdateBatch {
    var batch = UpdateBatch()
    account.endFetching(now: now.uptime)
    account.wake()
    batch.answered = [nil]
    switch difference {
    case .updatesDifferenceEmpty(let empty):
      date = max(date, empty.date)
      seq = max(seq, empty.seq)
      finishAccount(into: &batch, now: now)
    case .updatesDifference(let difference):
      batch.users = difference.users
      batch.chats = difference.chats
      let isOld = difference.state.pts < account.pts
      batch.updates = account.jump(
        to: difference.state.pts, showing: Self.states(difference.newMessages, difference.otherUpdates, channel: nil))
      take(isOld ? [] : difference.newMessages, difference.otherUpdates, isOld: isOld, into: &batch, now: now)
      move(to: difference.state)
      finishAccount(into: &batch, now: now)
    case .updatesDifferenceSlice(let slice):
      batch.users = slice.users
      batch.chats = slice.chats
      let stuck = slice.intermediateState.pts <= account.pts && slice.intermediateState.qts <= qts
      let isOld = slice.intermediateState.pts < account.pts
      if !isOld {
        batch.updates = account.jump(
          to: slice.intermediateState.pts, showing: Self.states(slice.newMessages, slice.otherUpdates, channel: nil),
          isSlice: true)
      }
      take(isOld ? [] : slice.newMessages, slice.otherUpdates, isOld: isOld, into: &batch, now: now)
      move(to: slice.intermediateState)
      touchAccount(&batch)
      account.wantDifference(at: now.uptime + account.pace.goOn(moved: !stuck))
    case .updatesDifferenceTooLong(let tooLong):
      batch.gaps.append(UpdateGap(channelID: nil, fromPts: account.pts, toPts: tooLong.pts, reason: .tooLong))
      batch.updates = account.jump(to: tooLong.pts)
      touchAccount(&batch)
      account.wantDifference(at: now.uptime + account.pace.skipped())
    case .other:
      account.wantDifference(at: now.uptime + .seconds(60))
    }
    return batch
  }

  /// Takes in the answer to `updates.getChannelDifference` for the channel `id`.
  public mutating func apply(
    _ difference: API.AnyUpdatesChannelDifference, channel id: Int64, now: Moment
  ) -> UpdateBatch {
    var batch = UpdateBatch()
    guard let from = channels[id]?.pts else { return batch }
    channels[id]?.endFetching(now: now.uptime)
    channels[id]?.wake()
    batch.answered = [id]
    var isFinal = true
    var isSkipped = false
    var timeout: Int32?
    switch difference {
    case .updatesChannelDifferenceEmpty(let empty):
      batch.updates = channels[id]?.jump(to: empty.pts) ?? []
      timeout = empty.timeout
    case .updatesChannelDifference(let difference):
      batch.users = difference.users
      batch.chats = difference.chats
      let isOld = channels[id].map { difference.pts < $0.pts } ?? false
      if !isOld || difference.final {
        batch.updates =
          channels[id]?.jump(
            to: difference.pts, showing: Self.states(difference.newMessages, difference.otherUpdates, channel: id),
            isSlice: !difference.final) ?? []
      }
      if !isOld { batch.updates += difference.newMessages.map { .asNewMessage($0) } }
      takeOther(isOld ? [] : difference.otherUpdates, ofChannel: id, into: &batch, now: now)
      isFinal = difference.final || difference.pts <= from
      timeout = difference.timeout
    case .updatesChannelDifferenceTooLong(let tooLong):
      batch.users = tooLong.users
      batch.chats = tooLong.chats
      let pts: Int32? = if case .dialog(let dialog) = tooLong.dialog { dialog.pts } else { nil }
      batch.gaps.append(UpdateGap(channelID: id, fromPts: from, toPts: pts, reason: .tooLong))
      if let pts { batch.updates = channels[id]?.jump(to: pts, showing: tooLong.messages) ?? [] }
      // The newest messages, newest first.
      batch.updates += tooLong.messages.reversed().map { .asNewMessage($0) }
      isFinal = tooLong.final || (pts ?? from) <= from
      isSkipped = true
      timeout = tooLong.timeout
    case .other:
      channels[id]?.wantDifference(at: now.uptime + .seconds(60))
      return batch
    }
    guard isFinal else {
      batch.stateChange.channels[id] = channels[id]?.pts
      let pause = isSkipped ? channels[id]?.pace.skipped() : channels[id]?.pace.goOn(moved: true)
      channels[id]?.wantDifference(at: now.uptime + (pause ?? .zero))
      return batch
    }
    releaseChannel(id, pollAfter: timeout.map { .seconds(Int64(max($0, 0))) }, into: &batch, now: now)
    return batch
  }

  /// Says that a request could not be answered; it is asked again from `retryAt` (uptime) on.
  public mutating func failed(_ request: DifferenceRequest, retryAt: Duration) {
    switch request {
    case .account:
      account.endFetching(now: retryAt)
      account.wantDifference(at: retryAt)
    case .channel(let id, _, _):
      channels[id]?.endFetching(now: retryAt)
      channels[id]?.wantDifference(at: retryAt)
    }
  }

  /// Stops following a channel that can no longer be read (CHANNEL_PRIVATE and the like).
  public mutating func lostAccess(channel id: Int64) -> UpdateBatch {
    var batch = UpdateBatch()
    guard var box = channels.removeValue(forKey: id) else { return batch }
    batch.updates = box.drain()
    batch.stateChange.channels[id] = .some(nil)
    batch.gaps.append(UpdateGap(channelID: id, fromPts: box.pts, toPts: nil, reason: .accessLost))
    return batch
  }

  /// Goes on from a state the server gave anew, because it does not know ours.
  public mutating func restart(from state: API.UpdatesState, now: Moment) -> UpdateBatch {
    var batch = UpdateBatch()
    account.endFetching(now: now.uptime)
    batch.gaps.append(UpdateGap(channelID: nil, fromPts: account.pts, toPts: state.pts, reason: .tooLong))
    batch.updates = account.drain()
    // Here the server's word counts even when it lies behind ours.
    account.pts = state.pts
    qts = state.qts
    date = state.date
    seq = state.seq
    ahead = HeldContainers()
    finishAccount(into: &batch, now: now)
    return batch
  }

  /// The sequences that wait for a difference: bare ids of channels, 0 for private chats and basic groups.
  public var behind: Set<Int64> {
    if isCurrent { return [] }
    var behind = Set(channels.lazy.filter { $0.value.isBehind }.map(\.key))
    if account.isBehind { behind.insert(0) }
    return behind
  }

  /// Whether no difference is wanted or under way.
  public var isCurrent: Bool {
    !account.isBehind && !channels.values.contains { $0.isBehind }
  }

  /// The messages of one sequence that a difference shows, as new ones or as edited.
  ///
  /// - Parameter channel: the bare id of the sequence's channel; nil for private chats and basic groups.
  private static func states(
    _ messages: [API.AnyMessage], _ others: [API.AnyUpdate], channel: Int64?
  ) -> [API.AnyMessage] {
    (messages + others.compactMap { $0.editedMessage.map { .message($0) } }).filter { $0.channelID == channel }
  }

  /// `isOld` says that the account's sequence is past the difference: updates that came meanwhile brought all of it, and
  /// what it shows of a message may be older than what they showed.
  private mutating func take(
    _ messages: [API.AnyMessage], _ others: [API.AnyUpdate], isOld: Bool, into batch: inout UpdateBatch, now: Moment
  ) {
    batch.updates += messages.map { .asNewMessage($0) }
    var channelUpdates: [API.AnyUpdate] = []
    for update in others {
      switch UpdatePosition(update) {
      case .account where isOld: break
      case .account, .secret: batch.updates.append(update)
      // A channel's own sequence orders these, whatever brings them.
      case .channel, .none: channelUpdates.append(update)
      }
    }
    process(channelUpdates, into: &batch, now: now)
  }

  private mutating func takeOther(
    _ others: [API.AnyUpdate], ofChannel id: Int64, into batch: inout UpdateBatch, now: Moment
  ) {
    var foreign: [API.AnyUpdate] = []
    for update in others {
      if case .channel(id, _, _) = UpdatePosition(update) {
        batch.updates.append(update)
      } else {
        foreign.append(update)
      }
    }
    process(foreign, into: &batch, now: now)
  }

  /// Takes over what a difference says of the other sequences; `pts` has jumped already.
  private mutating func move(to state: API.UpdatesState) {
    qts = max(qts, state.qts)
    date = max(date, state.date)
    seq = max(seq, state.seq)
  }

  private mutating func finishAccount(into batch: inout UpdateBatch, now: Moment) {
    touchAccount(&batch)
    releaseContainers(into: &batch, now: now)
    releaseAccount(into: &batch, now: now)
  }
}

extension API.AnyUpdate {
  /// A message of a difference, as the update that would have told it; its `pts` of 0 stands in no sequence.
  fileprivate static func asNewMessage(_ message: API.AnyMessage) -> API.AnyUpdate {
    message.channelID == nil
      ? .updateNewMessage(API.UpdateNewMessage(message: message, pts: 0, ptsCount: 0))
      : .updateNewChannelMessage(API.UpdateNewChannelMessage(message: message, pts: 0, ptsCount: 0))
  }
}
