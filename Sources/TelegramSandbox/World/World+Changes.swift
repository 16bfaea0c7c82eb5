extension World {
  /// How long after sending a message may be edited, in seconds (`config.edit_time_limit`).
  static let editTimeLimit: Int32 = 172_800

  /// Replaces a message's text, or its medium when `media` is given.
  ///
  /// - Parameter announced: false changes it without an update, which no client can notice.
  mutating func edit(
    _ id: Int32, in peer: PeerKey, by editor: Int64, text: MessageText?, media: StoredMedia? = nil,
    announced: Bool = true
  ) throws(RPCFailure) {
    let box = try box(of: peer, for: editor)
    guard let message = box[id], message.peer == peer, case .text(let oldText, let oldMedia) = message.content else {
      throw .messageIDInvalid
    }
    try checkMayEdit(message, in: peer, by: editor)
    let content = (text: text ?? oldText, media: media ?? oldMedia)
    try check(Draft(text: content.text, media: content.media))
    guard content.text != oldText || media != nil else { throw .messageNotModified }

    if case .channel(let channelID) = peer {
      guard var channel = channels[channelID] else { throw .channelInvalid }
      let edited = message.edited(content, at: now)
      let event = announced ? channel.box.edit(edited) : nil
      if !announced { channel.box.replace(edited) }
      channels[channelID] = channel
      if let event { announce(event, inChannel: channelID) }
      return
    }
    for (owner, copyID) in sortedCopies(of: message) {
      guard var account = accounts[owner], let copy = account.box[copyID] else { continue }
      let edited = copy.edited(content, at: now)
      let event = announced ? account.box.edit(edited) : nil
      if !announced { account.box.replace(edited) }
      accounts[owner] = account
      if let event { announce(event, to: owner) }
    }
  }

  private func checkMayEdit(
    _ message: StoredMessage, in peer: PeerKey, by editor: Int64
  ) throws(RPCFailure) {
    if case .channel(let id) = peer, let channel = channels[id], channel.isBroadcast {
      guard channel.isAdmin(editor) else { throw .chatAdminRequired }
      return
    }
    guard message.author == editor else { throw .messageAuthorRequired }
    guard now - message.date <= Self.editTimeLimit || peer == .user(editor) else { throw .messageEditTimeExpired }
  }

  /// Deletes messages from private chats and basic groups; ids that are not there are passed over.
  ///
  /// - Parameter revoke: for everyone; in a basic group only one's own, unless one created it.
  /// - Returns: the account's state after it and by how much it moved.
  @discardableResult
  mutating func deleteMessages(
    _ ids: [Int32], by user: Int64, revoke: Bool, announced: Bool = true
  ) throws(RPCFailure) -> (pts: Int32, count: Int32) {
    let before = try account(user)
    let messages = ids.compactMap { before.box[$0] }
    if revoke {
      for message in messages {
        if case .group(let id) = message.peer, message.author != user, groups[id]?.creator != user {
          throw .messageDeleteForbidden
        }
      }
    }
    var doomed: [Int64: [Int32]] = [user: messages.map(\.id)]
    if revoke {
      for message in messages {
        for (owner, id) in copies[message.origin] ?? [:] where owner != user { doomed[owner, default: []].append(id) }
      }
    }
    for (owner, ids) in doomed.sorted(by: { $0.key < $1.key }) {
      guard var account = accounts[owner] else { continue }
      let removed = ids.compactMap { account.box[$0] }
      let event = account.box.remove(ids.sorted(), announced: announced)
      accounts[owner] = account
      for message in removed { copies[message.origin]?[owner] = nil }
      if let event { announce(event, to: owner) }
    }
    let after = try account(user).box.pts
    return (after, after - before.box.pts)
  }

  /// Deletes messages of a channel for everyone.
  @discardableResult
  mutating func deleteMessages(
    _ ids: [Int32], inChannel id: Int64, by user: Int64, announced: Bool = true
  ) throws(RPCFailure) -> (pts: Int32, count: Int32) {
    var channel = try channel(id, for: user)
    guard channel.member(user) != nil else { throw .channelPrivate }
    for id in ids {
      guard let message = channel.box[id] else { continue }
      let isOwn = message.author == user && (!channel.isBroadcast || channel.isAdmin(user))
      guard isOwn || channel.isAdmin(user) else { throw .messageDeleteForbidden }
    }
    let before = channel.box.pts
    let event = channel.box.remove(Array(Set(ids)).sorted(), announced: announced)
    channels[id] = channel
    if let event { announce(event, inChannel: id) }
    return (channel.box.pts, channel.box.pts - before)
  }

  private func sortedCopies(of message: StoredMessage) -> [(owner: Int64, id: Int32)] {
    (copies[message.origin] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

extension StoredMessage {
  fileprivate func edited(_ content: (text: MessageText, media: StoredMedia?), at now: Int32) -> StoredMessage {
    var copy = self
    copy.content = .text(content.text, content.media)
    copy.editDate = now
    return copy
  }
}
