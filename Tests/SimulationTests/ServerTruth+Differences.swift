import MTProto
import TL
import TelegramClient

extension ServerTruth {
  /// `updates.getDifference`, and what it shows.
  func difference(pts: Int32, qts asked: Int32) -> (answer: API.AnyUpdatesDifference, shown: [Shown]) {
    let events = account.events(after: pts)
    if events.isEmpty, asked == qts {
      return (.updatesDifferenceEmpty(API.UpdatesDifferenceEmpty(date: date, seq: seq)), [])
    }
    if account.pts - pts > Int32(limits.tooLong) {
      return (.updatesDifferenceTooLong(API.UpdatesDifferenceTooLong(pts: account.pts)), [])
    }
    let slice = events.prefix(limits.slice)
    let isSlice = slice.count < events.count
    let reached = isSlice ? slice.last?.pts ?? pts : account.pts
    let (messages, others, shown) = tell(slice, channel: nil, reached: reached)
    var state = state
    state.pts = reached
    if isSlice {
      state.seq = 0
      state.qts = asked
      return (
        .updatesDifferenceSlice(
          API.UpdatesDifferenceSlice(
            newMessages: messages, newEncryptedMessages: [], otherUpdates: others, chats: chats(of: nil),
            users: Self.users, intermediateState: state)), shown
      )
    }
    return (
      .updatesDifference(
        API.UpdatesDifference(
          newMessages: messages, newEncryptedMessages: [], otherUpdates: others, chats: chats(of: nil),
          users: Self.users, state: state)), shown
    )
  }

  /// `updates.getChannelDifference`, and what it shows; nil when the channel can no longer be read.
  func channelDifference(
    id: Int64, pts: Int32
  ) -> (answer: API.AnyUpdatesChannelDifference, shown: [Shown])? {
    guard let channel = channels[id], channel.isMember else { return nil }
    let end = channel.sequence.pts
    let events = channel.sequence.events(after: pts)
    if events.isEmpty {
      return (
        .updatesChannelDifferenceEmpty(API.UpdatesChannelDifferenceEmpty(final: true, pts: end, timeout: 30)), []
      )
    }
    if end - pts > Int32(limits.channelTooLong) {
      let newest = alive(inChannel: id).suffix(3).reversed()
      let shown = newest.map { Shown(key: $0, version: lastVersion($0), channel: id, pts: end) }
      let dialog = API.AnyDialog.dialog(dialog(of: id))
      return (
        .updatesChannelDifferenceTooLong(
          API.UpdatesChannelDifferenceTooLong(
            final: true, timeout: 30, dialog: dialog, messages: newest.map { message($0) }, chats: [chat(id)],
            users: Self.users)), shown
      )
    }
    let slice = events.prefix(limits.channelSlice)
    let isFinal = slice.count == events.count
    let reached = isFinal ? end : slice.last?.pts ?? pts
    let (messages, others, shown) = tell(slice, channel: id, reached: reached)
    return (
      .updatesChannelDifference(
        API.UpdatesChannelDifference(
          final: isFinal, pts: reached, timeout: 30, newMessages: messages, otherUpdates: others, chats: [chat(id)],
          users: Self.users)), shown
    )
  }

  func dialog(of channel: Int64) -> API.Dialog {
    API.Dialog(
      peer: .peerChannel(API.PeerChannel(channelId: channel)), topMessage: 1, readInboxMaxId: 0, readOutboxMaxId: 0,
      unreadCount: 0, unreadMentionsCount: 0, unreadReactionsCount: 0, unreadPollVotesCount: 0,
      notifySettings: API.PeerNotifySettings(), pts: channels[channel]?.sequence.pts)
  }

  private func lastVersion(_ key: MessageKey) -> Int { (messages[key]?.versions.count ?? 1) - 1 }

  /// New messages as they are now, without those that are gone; then the last edit of each older one, and deletions.
  private func tell(
    _ events: ArraySlice<TrueEvent>, channel: Int64?, reached: Int32
  ) -> (messages: [API.AnyMessage], others: [API.AnyUpdate], shown: [Shown]) {
    var told: [API.AnyMessage] = []
    var others: [API.AnyUpdate] = []
    var shown: [Shown] = []
    var known: Set<MessageKey> = []
    for event in events {
      guard case .new(let key) = event.kind else { continue }
      known.insert(key)
      guard messages[key]?.deletedAt == nil else { continue }
      told.append(message(key))
      shown.append(Shown(key: key, version: lastVersion(key), channel: channel, pts: reached))
    }
    for event in events {
      switch event.kind {
      case .new: continue
      case .edit(let key, let version):
        guard !known.contains(key), messages[key]?.deletedAt == nil else { continue }
        let isLast = !events.contains { later in
          if case .edit(key, let other) = later.kind { other > version } else { false }
        }
        guard isLast else { continue }
        let last = lastVersion(key)
        var current = event
        current.kind = .edit(key, version: last)
        others.append(update(for: current, channel: channel).update)
        shown.append(Shown(key: key, version: last, channel: channel, pts: reached))
      case .delete, .read, .webPage:
        others.append(update(for: event, channel: channel).update)
      }
    }
    return (told, others, shown)
  }
}
