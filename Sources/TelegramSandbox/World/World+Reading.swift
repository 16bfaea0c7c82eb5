import TL

extension World {
  /// Marks a private chat or basic group read up to `maxID`, and tells whoever wrote what was read.
  ///
  /// - Returns: the account's state after it and by how much it moved.
  mutating func readHistory(of peer: PeerKey, upTo maxID: Int32, by user: Int64) throws(RPCFailure) -> (
    pts: Int32, count: Int32
  ) {
    let box = try account(user).box
    let before = box.pts
    let history = box.histories[peer] ?? []
    let read = accounts[user]?.readInbox[peer] ?? 0
    guard let last = history.last(where: { maxID == 0 || $0 <= maxID }), last > read else { return (before, 0) }
    let fresh = history.filter { $0 > read && $0 <= last }.compactMap { box[$0] }.filter { $0.author != user }
    accounts[user]?.readInbox[peer] = last
    let unread = unreadCount(in: peer, for: user)
    let event = accounts[user]?.box.logRead(.readInbox(peer, upTo: last, unread: unread))
    if let event { announce(event, to: user) }
    for (author, messages) in Dictionary(grouping: fresh, by: \.author).sorted(by: { $0.key < $1.key }) {
      guard let newest = messages.last, let theirID = copies[newest.origin]?[author] else { continue }
      let theirPeer: PeerKey = if case .user = peer { .user(user) } else { peer }
      guard theirID > accounts[author]?.readOutbox[theirPeer] ?? 0 else { continue }
      accounts[author]?.readOutbox[theirPeer] = theirID
      if let event = accounts[author]?.box.logRead(.readOutbox(theirPeer, upTo: theirID)) {
        announce(event, to: author)
      }
    }
    let after = try self.account(user).box.pts
    return (after, after - before)
  }

  /// Marks a channel read up to `maxID`; reading has no place in the channel's log.
  mutating func readChannel(_ id: Int64, upTo maxID: Int32, by user: Int64) throws(RPCFailure) {
    let channel = try channel(id, for: user)
    let peer = PeerKey.channel(id)
    let last = min(maxID == 0 ? channel.box.lastID : maxID, channel.box.lastID)
    guard last > accounts[user]?.readInbox[peer] ?? 0 else { return }
    accounts[user]?.readInbox[peer] = last
    var mentions = Mentions()
    mentions.insert(peer)
    announce(
      .updateReadChannelInbox(
        .init(channelId: id, maxId: last, stillUnreadCount: unreadCount(in: peer, for: user), pts: channel.box.pts)),
      to: user, mentioning: mentions)
  }

  func unreadCount(in peer: PeerKey, for user: Int64) -> Int32 {
    guard let box = try? box(of: peer, for: user), let history = box.histories[peer] else { return 0 }
    let read = accounts[user]?.readInbox[peer] ?? 0
    var count: Int32 = 0
    for id in history.reversed() {
      if id <= read { break }
      if box[id]?.author != user { count += 1 }
    }
    return count
  }

  /// Marks an account online or offline and tells those who talk to it.
  mutating func setOnline(_ online: Bool, user: Int64) {
    guard accounts[user] != nil else { return }
    accounts[user]?.onlineUntil = online ? now + 300 : now
    accounts[user]?.lastSeen = now
  }
}
