import TL

/// How much a difference holds before the server answers in slices, or gives up.
struct DifferenceLimits: Sendable {
  /// Events of one `updates.difference` or `updates.channelDifference`.
  var slice = 100
  /// Events behind which `updates.differenceTooLong` is answered.
  var total = 100_000
  /// Events behind which `updates.channelDifferenceTooLong` is answered.
  var channelTotal = 10_000
}

/// Source: "Working with Updates", core.telegram.org/api/updates.
extension World {
  func state(of user: Int64) throws(RPCFailure) -> API.UpdatesState {
    let unread = conversations(of: user).reduce(0) { $0 + unreadCount(in: $1, for: user) }
    return API.UpdatesState(pts: try account(user).box.pts, qts: 0, date: now, seq: 1, unreadCount: unread)
  }

  /// What happened in private chats and basic groups after `request.pts`; channels that changed since `request.date` are
  /// named by `updateChannelTooLong`.
  func difference(
    for user: Int64, since request: API.UpdatesGetDifference
  ) throws(RPCFailure) -> API.AnyUpdatesDifference {
    let box = try account(user).box
    guard request.pts > 0 else { throw .persistentTimestampEmpty }
    guard request.pts <= box.pts else { throw .persistentTimestampInvalid }
    let events = box.events(after: request.pts)
    let total = min(request.ptsTotalLimit.map(Int.init) ?? limits.total, limits.total)
    guard events.count <= total else { return .updatesDifferenceTooLong(.init(pts: box.pts)) }
    let slice = events.prefix(max(1, min(request.ptsLimit.map(Int.init) ?? limits.slice, limits.slice)))
    let isLast = slice.count == events.count

    var page = DifferencePage()
    for event in slice {
      page.add(event, box: box) {
        update(for: $0, ofUser: user)
      } render: {
        (render($0, for: user), mentions(in: $0))
      }
    }
    if isLast {
      for channel in channels.values.sorted(by: { $0.id < $1.id })
      where channel.member(user) != nil && channel.changedAt >= request.date {
        page.updates.append(.updateChannelTooLong(.init(channelId: channel.id, pts: channel.box.pts)))
        page.mentions.insert(.channel(channel.id))
      }
    }
    var state = try state(of: user)
    guard !page.isEmpty || !isLast || events.count > 0 else {
      return .updatesDifferenceEmpty(.init(date: state.date, seq: state.seq))
    }
    state.pts = slice.last?.pts ?? state.pts
    let (users, chats) = (users(page.mentions, for: user), chats(page.mentions, for: user))
    if isLast {
      return .updatesDifference(
        .init(
          newMessages: page.messages, newEncryptedMessages: [], otherUpdates: page.updates, chats: chats, users: users,
          state: state))
    }
    // Channels are named in the last slice: the date they are compared with stays until then.
    state.date = request.date
    return .updatesDifferenceSlice(
      .init(
        newMessages: page.messages, newEncryptedMessages: [], otherUpdates: page.updates, chats: chats, users: users,
        intermediateState: state))
  }

  /// What happened in a channel after `pts`.
  func channelDifference(
    for user: Int64, channel id: Int64, since pts: Int32, limit: Int32
  ) throws(RPCFailure) -> API.AnyUpdatesChannelDifference {
    let channel = try channel(id, for: user)
    guard limit > 0 else { throw .limitInvalid }
    guard pts > 0 else { throw .persistentTimestampEmpty }
    guard pts <= channel.box.pts else { throw .persistentTimestampInvalid }
    let timeout: Int32 = 30
    let events = channel.box.events(after: pts)
    guard !events.isEmpty else {
      return .updatesChannelDifferenceEmpty(.init(final: true, pts: channel.box.pts, timeout: timeout))
    }
    guard events.count <= limits.channelTotal else {
      let ids = (channel.box.histories[.channel(id)] ?? []).suffix(Int(min(limit, 100))).reversed()
      let messages = ids.compactMap { channel.box[$0] }
      var mentions = Mentions()
      mentions.insert(.channel(id))
      for message in messages { mentions.formUnion(self.mentions(in: message)) }
      return .updatesChannelDifferenceTooLong(
        .init(
          final: true, timeout: timeout, dialog: dialog(.channel(id), for: user),
          messages: messages.map { render($0, for: user) }, chats: chats(mentions, for: user),
          users: users(mentions, for: user)))
    }
    let slice = events.prefix(min(Int(limit), limits.slice))
    var page = DifferencePage()
    page.mentions.insert(.channel(id))
    for event in slice {
      page.add(event, box: channel.box) {
        update(for: $0, ofChannel: id, viewer: user)
      } render: {
        (render($0, for: user), mentions(in: $0))
      }
    }
    return .updatesChannelDifference(
      .init(
        final: slice.count == events.count, pts: slice.last?.pts ?? channel.box.pts, timeout: timeout,
        newMessages: page.messages, otherUpdates: page.updates, chats: chats(page.mentions, for: user),
        users: users(page.mentions, for: user)))
  }
}

/// What a difference carries: new messages in their present state, and updates about others.
private struct DifferencePage {
  var messages: [API.AnyMessage] = []
  var updates: [API.AnyUpdate] = []
  var mentions = Mentions()
  private var newIDs: Set<Int32> = []

  var isEmpty: Bool { messages.isEmpty && updates.isEmpty }

  mutating func add(
    _ event: MessageBox.Event, box: MessageBox, update: (MessageBox.Event) -> (API.AnyUpdate, Mentions)?,
    render: (StoredMessage) -> (API.AnyMessage, Mentions)
  ) {
    switch event.change {
    case .new(let id):
      guard let message = box[id] else { return }
      let (rendered, mentioned) = render(message)
      newIDs.insert(id)
      messages.append(rendered)
      mentions.formUnion(mentioned)
    case .edited(let id) where newIDs.contains(id): break
    case .edited, .deleted, .readInbox, .readOutbox, .openedMedia, .pushed:
      guard let (update, mentioned) = update(event) else { return }
      switch update {
      case .updateNewMessage(let new): messages.append(new.message)
      case .updateNewChannelMessage(let new): messages.append(new.message)
      default: updates.append(update)
      }
      mentions.formUnion(mentioned)
    }
  }
}
