import TL

/// Media that are unread until somebody opens them, and those that destroy themselves then.
///
/// Source: `messages.readMessageContents`, `channels.readMessageContents`, core.telegram.org/method.
extension World {
  func isMediaUnread(_ message: StoredMessage, for viewer: Int64) -> Bool {
    guard message.isMediaUnread else { return false }
    guard case .channel = message.peer, message.author != viewer else { return true }
    return accounts[viewer]?.openedMedia[message.peer]?.contains(message.id) != true
  }

  /// Notes that `user` opened media of private chats and basic groups, and tells it and whoever sent them.
  ///
  /// - Returns: the account's state after it and by how much it moved.
  mutating func openMedia(_ ids: [Int32], by user: Int64) throws(RPCFailure) -> (pts: Int32, count: Int32) {
    let before = try account(user).box.pts
    var opened: [Int64: [Int32]] = [:]
    for id in Set(ids).sorted() {
      guard let message = accounts[user]?.box[id], message.isMediaUnread, message.author != user else { continue }
      opened[user, default: []].append(id)
      accounts[user]?.box.update(id) { $0.isMediaUnread = false }
      let theirs = copies[message.origin]?[message.author]
      if let theirs, accounts[message.author]?.box[theirs]?.isMediaUnread == true {
        accounts[message.author]?.box.update(theirs) { $0.isMediaUnread = false }
        opened[message.author, default: []].append(theirs)
      }
      if let media = message.media, media.ttlSeconds != nil { destroy(media, ofOrigin: message.origin) }
    }
    for (owner, ids) in opened.sorted(by: { $0.key < $1.key }) {
      let date = now
      if let event = accounts[owner]?.box.logOpened(ids, at: date) { announce(event, to: owner) }
    }
    let after = try account(user).box.pts
    return (after, after - before)
  }

  /// Notes that `user` opened media of a channel; of that the channel's log tells nothing.
  mutating func openMedia(_ ids: [Int32], inChannel id: Int64, by user: Int64) throws(RPCFailure) {
    let channel = try channel(id, for: user)
    let opened = Set(ids).sorted().filter { id in
      channel.box[id].map { $0.author != user && isMediaUnread($0, for: user) } ?? false
    }
    guard !opened.isEmpty else { return }
    accounts[user]?.openedMedia[.channel(id), default: []].formUnion(opened)
    var mentions = Mentions()
    mentions.insert(.channel(id))
    announce(
      .updateChannelReadMessagesContents(.init(channelId: id, messages: opened)), to: user, mentioning: mentions)
  }

  /// Sets the moment from which nobody gets a medium any more: now when it is shown once.
  private mutating func destroy(_ media: StoredMedia, ofOrigin origin: Int64) {
    guard let ttl = media.ttlSeconds, media.expiresAt == nil else { return }
    let end = ttl == StoredMedia.viewOnce ? now : now + ttl
    for (owner, id) in copies[origin] ?? [:] {
      accounts[owner]?.box.update(id) { message in
        guard case .text(let text, var media?) = message.content else { return }
        media.expiresAt = end
        message.content = .text(text, media)
      }
    }
    if let file = media.fileID { files[file]?.expiresAt = end }
  }
}
