import TL

extension World {
  /// Tells an account about an event of its own box.
  mutating func announce(_ event: MessageBox.Event, to user: Int64) {
    let answering = destination
    destination = .push
    defer { destination = answering }
    guard let (update, mentions) = update(for: event, ofUser: user) else { return }
    announce(update, to: user, mentioning: mentions)
  }

  /// Tells every member about an event of a channel's box.
  mutating func announce(_ event: MessageBox.Event, inChannel id: Int64) {
    channels[id]?.changedAt = now
    let answering = destination
    destination = .push
    defer { destination = answering }
    for member in channels[id]?.members ?? [] {
      guard let (update, mentions) = update(for: event, ofChannel: id, viewer: member.user) else { continue }
      announce(update, to: member.user, mentioning: mentions)
    }
  }

  /// Tells the members that something about the chat itself is new.
  mutating func announceChat(_ peer: PeerKey) {
    var mentions = Mentions()
    mentions.insert(peer)
    switch peer {
    case .user: break
    case .group(let id):
      for member in groups[id]?.members ?? [] {
        announce(.updateChat(.init(chatId: id)), to: member.user, mentioning: mentions)
      }
    case .channel(let id):
      for member in channels[id]?.members ?? [] {
        announce(.updateChannel(.init(channelId: id)), to: member.user, mentioning: mentions)
      }
    }
  }

  /// The people and chats that an update with any fields refers to.
  private func mentions(in update: API.AnyUpdate) -> Mentions {
    (try? TLSchema.api.value(update.encoded())).map { mentions(in: $0) } ?? Mentions()
  }

  /// - Returns: nil for an event about a message that is gone by now.
  func update(for event: MessageBox.Event, ofUser user: Int64) -> (API.AnyUpdate, Mentions)? {
    guard let box = accounts[user]?.box else { return nil }
    switch event.change {
    case .new(let id):
      guard let message = box[id] else { return nil }
      return (
        .updateNewMessage(.init(message: render(message, for: user), pts: event.pts, ptsCount: event.count)),
        mentions(in: message)
      )
    case .edited(let id):
      guard let message = box[id] else { return nil }
      return (
        .updateEditMessage(.init(message: render(message, for: user), pts: event.pts, ptsCount: event.count)),
        mentions(in: message)
      )
    case .deleted(let ids):
      return (.updateDeleteMessages(.init(messages: ids, pts: event.pts, ptsCount: event.count)), Mentions())
    case .readInbox(let peer, let maxID, let unread):
      var mentions = Mentions()
      mentions.insert(peer)
      let update = API.UpdateReadHistoryInbox(
        peer: peer.peer, maxId: maxID, stillUnreadCount: unread, pts: event.pts, ptsCount: event.count)
      return (.updateReadHistoryInbox(update), mentions)
    case .readOutbox(let peer, let maxID):
      var mentions = Mentions()
      mentions.insert(peer)
      let update = API.UpdateReadHistoryOutbox(
        peer: peer.peer, maxId: maxID, pts: event.pts, ptsCount: event.count)
      return (.updateReadHistoryOutbox(update), mentions)
    case .openedMedia(let ids, let date):
      let update = API.UpdateReadMessagesContents(messages: ids, pts: event.pts, ptsCount: event.count, date: date)
      return (.updateReadMessagesContents(update), Mentions())
    case .pushed(let update): return (update, mentions(in: update))
    }
  }

  func update(
    for event: MessageBox.Event, ofChannel id: Int64, viewer: Int64
  ) -> (API.AnyUpdate, Mentions)? {
    guard let box = channels[id]?.box else { return nil }
    switch event.change {
    case .new(let messageID):
      guard let message = box[messageID] else { return nil }
      return (
        .updateNewChannelMessage(.init(message: render(message, for: viewer), pts: event.pts, ptsCount: event.count)),
        mentions(in: message)
      )
    case .edited(let messageID):
      guard let message = box[messageID] else { return nil }
      return (
        .updateEditChannelMessage(.init(message: render(message, for: viewer), pts: event.pts, ptsCount: event.count)),
        mentions(in: message)
      )
    case .deleted(let ids):
      var mentions = Mentions()
      mentions.insert(.channel(id))
      return (
        .updateDeleteChannelMessages(
          .init(channelId: id, messages: ids, pts: event.pts, ptsCount: event.count)), mentions
      )
    case .pushed(let update): return (update, mentions(in: update))
    case .readInbox, .readOutbox, .openedMedia: return nil
    }
  }
}
