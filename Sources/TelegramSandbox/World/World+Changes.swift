import TL

extension World {
  /// How long after sending a message may be edited, in seconds (`config.edit_time_limit`).
  static let editTimeLimit: Int32 = 172_800

  /// Replaces a message's text, or its medium when `media` is given.
  ///
  /// - Parameter announced: false changes it without an update, which no client can notice.
  mutating func edit(
    _ id: Int32, in peer: PeerKey, by editor: Int64, text: MessageText?, media: StoredMedia? = nil,
    fields: MessageFields = MessageFields(), announced: Bool = true
  ) throws(RPCFailure) {
    guard let message = try box(of: peer, for: editor)[id], message.peer == peer,
      case .text(let oldText, let oldMedia) = message.content
    else { throw .messageIDInvalid }
    try checkMayEdit(message, in: peer, by: editor)
    let content = Edition(
      text: text ?? oldText, media: media ?? oldMedia, fields: message.fields.merging(fields))
    try check(Draft(text: content.text, media: content.media, fields: content.fields))
    // Compared as what is sent: texts that only look alike differ.
    var changed = message
    changed.content = .text(content.text, content.media)
    changed.fields = content.fields
    let rendered = try changed.fields.laid(over: renderPlain(changed, for: editor))
    let before = try message.fields.laid(over: renderPlain(message, for: editor))
    guard rendered.encoded() != before.encoded() else { throw .messageNotModified }

    if case .channel(let channel) = peer {
      change(id, to: content, inChannel: channel, announced: announced)
      // What is said about a post is said under what it says now.
      if let group = channels[channel]?.linked, let copy = channels[channel]?.discussed[id] {
        change(copy, to: content, inChannel: group, announced: announced)
      }
      return
    }
    for (owner, copyID) in sortedCopies(of: message) {
      guard let copy = accounts[owner]?.box[copyID] else { continue }
      let event = accounts[owner]?.box.change(copy.edited(content, at: now), announced: announced)
      if let event = event ?? nil { announce(event, to: owner) }
    }
  }

  private mutating func change(
    _ id: Int32, to content: Edition, inChannel channel: Int64, announced: Bool
  ) {
    guard let message = channels[channel]?.box[id] else { return }
    let event = channels[channel]?.box.change(message.edited(content, at: now), announced: announced)
    if let event = event ?? nil { announce(event, inChannel: channel) }
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
    let before = try account(user).box.pts
    let messages = ids.compactMap { accounts[user]?.box[$0] }
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
      for origin in ids.compactMap({ accounts[owner]?.box[$0]?.origin }) { copies[origin]?[owner] = nil }
      let event = accounts[owner]?.box.remove(Array(Set(ids)).sorted(), announced: announced, at: preciseTime)
      if let event = event ?? nil { announce(event, to: owner) }
    }
    let after = try account(user).box.pts
    return (after, after - before)
  }

  /// Deletes messages of a channel for everyone.
  @discardableResult
  mutating func deleteMessages(
    _ ids: [Int32], inChannel id: Int64, by user: Int64, announced: Bool = true
  ) throws(RPCFailure) -> (pts: Int32, count: Int32) {
    try checkMayDelete(ids, inChannel: id, by: user)
    let before = channels[id]?.box.pts ?? 0
    let event = channels[id]?.box.remove(Array(Set(ids)).sorted(), announced: announced, at: preciseTime)
    if let event = event ?? nil { announce(event, inChannel: id) }
    let after = channels[id]?.box.pts ?? 0
    return (after, after - before)
  }

  private func checkMayDelete(_ ids: [Int32], inChannel id: Int64, by user: Int64) throws(RPCFailure) {
    let channel = try channel(id, for: user)
    guard channel.member(user) != nil else { throw .channelPrivate }
    for id in ids {
      guard let message = channel.box[id] else { continue }
      let isOwn = message.author == user && (!channel.isBroadcast || channel.isAdmin(user))
      guard isOwn || channel.isAdmin(user) else { throw .messageDeleteForbidden }
    }
  }

  /// Lets an account into a channel, or puts it out, and tells it so.
  mutating func setMember(_ user: Int64, ofChannel id: Int64, _ isMember: Bool) {
    guard let channel = channels[id], (channel.member(user) != nil) != isMember else { return }
    if isMember {
      channels[id]?.members.append(ChannelState.Member(user: user, inviter: channel.creator, date: now))
    } else {
      channels[id]?.members.removeAll { $0.user == user }
    }
    var mentions = Mentions()
    mentions.insert(.channel(id))
    announce(.updateChannel(.init(channelId: id)), to: user, mentioning: mentions)
  }

  private func sortedCopies(of message: StoredMessage) -> [(owner: Int64, id: Int32)] {
    (copies[message.origin] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// What an edit makes of a message.
private struct Edition {
  let text: MessageText
  let media: StoredMedia?
  let fields: MessageFields
}

extension StoredMessage {
  fileprivate func edited(_ content: Edition, at now: Int32) -> StoredMessage {
    var copy = self
    copy.content = .text(content.text, content.media)
    copy.fields = content.fields
    copy.editDate = now
    return copy
  }
}
