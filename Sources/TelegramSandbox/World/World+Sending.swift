import TL

/// What is to be sent or to replace what was sent.
struct Draft: Sendable {
  var text: MessageText
  var media: StoredMedia?
  var replyTo: Int32?
  /// The forum topic it is meant for.
  var topic: Int32?
  var groupedID: Int64?
  var isSilent = false
  var noForwards = false
  var forward: API.MessageFwdHeader?
  /// Sent on, whether it tells from where or not.
  var isForwarded = false
  /// Who stands as the author, where it is not the sender.
  var sender: PeerKey?
  /// Fields that are laid over those that follow from the others.
  var fields = MessageFields()
}

extension World {
  /// Sends a message.
  ///
  /// A `random_id` used a second time sends nothing: as with Telegram, the answer is the message that is there already.
  ///
  /// - Parameter randomID: the sender's own number for the message.
  @discardableResult
  mutating func send(
    _ draft: Draft, from sender: Int64, to peer: PeerKey, randomID: Int64? = nil
  ) throws(RPCFailure) -> SentMessage {
    if let randomID {
      guard randomID != 0 else { throw .randomIDEmpty }
      if var earlier = accounts[sender]?.sent[randomID] {
        guard earlier.peer == peer, try box(of: peer, for: sender)[earlier.id] != nil else { throw .randomIDDuplicate }
        earlier.isRepeated = true
        return earlier
      }
    }
    try check(draft)
    try checkMayPost(sender, to: peer)
    try checkTTL(draft, from: sender, to: peer)
    let sent = try deliver(.text(draft.text, draft.media), draft, from: sender, to: peer)
    if let randomID { accounts[sender]?.sent[randomID] = sent }
    if let media = draft.media, !draft.isForwarded { noteUse(of: media, by: sender) }
    try discuss(sent, by: sender)
    return sent
  }

  /// What destroys itself is for private chats.
  private func checkTTL(_ draft: Draft, from sender: Int64, to peer: PeerKey) throws(RPCFailure) {
    guard let ttl = draft.media?.ttlSeconds else { return }
    guard case .user(let other) = peer, other != sender, (1...60).contains(ttl) || ttl == StoredMedia.viewOnce else {
      throw .ttlMediaInvalid
    }
  }

  /// Posts a service message, as the creation of a group does.
  @discardableResult
  mutating func sendService(
    _ action: API.AnyMessageAction, from sender: Int64, to peer: PeerKey
  ) throws(RPCFailure) -> SentMessage {
    try deliver(.service(action), Draft(text: .empty), from: sender, to: peer)
  }

  func check(_ draft: Draft) throws(RPCFailure) {
    let length = draft.text.string.unicodeScalars.count
    if draft.media?.hasShortText == true {
      guard length <= MessageText.maximumCaptionLength else { throw .mediaCaptionTooLong }
    } else {
      guard length > 0 || draft.media != nil || draft.fields.isContent else { throw .messageEmpty }
      guard length <= MessageText.maximumLength else { throw .messageTooLong }
    }
  }

  func checkMayPost(_ sender: Int64, to peer: PeerKey) throws(RPCFailure) {
    switch peer {
    case .user(let id): guard accounts[id] != nil else { throw .peerIDInvalid }
    case .group(let id):
      guard let group = groups[id] else { throw .peerIDInvalid }
      guard group.contains(sender), group.migratedTo == nil else { throw .chatForbidden }
    case .channel(let id):
      guard try channel(id, for: sender).mayPost(sender) else { throw .chatForbidden }
    }
  }

  mutating func deliver(
    _ content: StoredMessage.Content, _ draft: Draft, from sender: Int64, to peer: PeerKey
  ) throws(RPCFailure) -> SentMessage {
    let origin = newOrigin()
    let date = now
    let isUnread = draft.media.map(isUnreadUntilOpened) ?? false
    func message(
      _ id: Int32, in peer: PeerKey, replyTo: Int32?, thread: Int32? = nil, isInTopic: Bool = false
    ) -> StoredMessage {
      StoredMessage(
        id: id, origin: origin, peer: peer, author: sender, date: date, content: content, replyTo: replyTo,
        thread: thread, isInTopic: isInTopic, forward: draft.forward, sender: draft.sender, groupedID: draft.groupedID,
        isSilent: draft.isSilent, noForwards: draft.noForwards, isMediaUnread: isUnread, fields: draft.fields)
    }
    _ = try draft.fields.laid(over: renderPlain(message(1, in: peer, replyTo: draft.replyTo), for: sender))
    // Boxes are changed in place: a copy of one, kept over a change, would cost as much as the box holds.
    if case .channel(let id) = peer {
      guard let nextID = channels[id]?.box.nextID else { throw .channelInvalid }
      let place = try place(of: draft, inChannel: id)
      guard
        let event = channels[id]?.box.append(
          message(nextID, in: peer, replyTo: place.replyTo, thread: place.thread, isInTopic: place.isInTopic),
          at: preciseTime)
      else { throw .channelInvalid }
      accounts[sender]?.readInbox[peer] = nextID
      announce(event, inChannel: id)
      return SentMessage(peer: peer, id: nextID, pts: event.pts)
    }
    var own: SentMessage?
    // The sender's copy first: it is the first to get its number.
    for owner in owners(of: peer, sender: sender) {
      let seenAs = seen(peer, by: owner, sender: sender)
      let replyTo = draft.replyTo.flatMap { counterpart(of: $0, of: sender, in: owner) }
      guard let nextID = accounts[owner]?.box.nextID,
        let event = accounts[owner]?.box.append(message(nextID, in: seenAs, replyTo: replyTo), at: preciseTime)
      else { continue }
      copies[origin, default: [:]][owner] = nextID
      if owner == sender {
        accounts[owner]?.readInbox[seenAs] = nextID
        own = SentMessage(peer: peer, id: nextID, pts: event.pts)
      }
      announce(event, to: owner)
    }
    guard let own else { throw .peerIDInvalid }
    return own
  }

  /// Whose boxes hold a conversation's messages, the sender first.
  func owners(of peer: PeerKey, sender: Int64) -> [Int64] {
    switch peer {
    case .user(let other): other == sender ? [sender] : [sender, other]
    case .group(let id): [sender] + (groups[id]?.members.map(\.user).filter { $0 != sender } ?? [])
    case .channel: []
    }
  }

  /// The conversation as `owner` sees it.
  private func seen(_ peer: PeerKey, by owner: Int64, sender: Int64) -> PeerKey {
    if case .user = peer, owner != sender { .user(sender) } else { peer }
  }

  /// The id in `other`'s box of what `owner` knows as `id`.
  func counterpart(of id: Int32, of owner: Int64, in other: Int64) -> Int32? {
    guard let message = accounts[owner]?.box[id] else { return nil }
    return copies[message.origin]?[other]
  }
}

extension StoredMedia {
  /// Whether the text beside it is a caption; a link's preview has a whole message beside it.
  fileprivate var hasShortText: Bool {
    if case .plain(.messageMediaWebPage) = content { false } else { true }
  }
}
