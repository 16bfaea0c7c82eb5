import TL

/// Forwarding and what is protected from it.
///
/// Source: `messages.forwardMessages`, `messages.toggleNoForwards`, core.telegram.org/method.
extension World {
  /// Protects what is said in a chat from being forwarded, or lets it be forwarded again.
  mutating func setNoForwards(_ isProtected: Bool, in peer: PeerKey, by user: Int64) throws(RPCFailure) {
    switch peer {
    case .user: throw .peerIDInvalid
    case .group(let id):
      let group = try group(id, for: user)
      guard group.creator == user else { throw .chatAdminRequired }
      guard group.noForwards != isProtected else { throw .chatNotModified }
      groups[id]?.noForwards = isProtected
    case .channel(let id):
      let channel = try channel(id, for: user)
      guard channel.isAdmin(user) else { throw .chatAdminRequired }
      guard channel.noForwards != isProtected else { throw .chatNotModified }
      channels[id]?.noForwards = isProtected
    }
    announceChat(peer)
  }

  func isProtected(_ peer: PeerKey) -> Bool {
    switch peer {
    case .user: false
    case .group(let id): groups[id]?.noForwards == true
    case .channel(let id): channels[id]?.noForwards == true
    }
  }

  /// How a message is to be sent on.
  struct ForwardOptions: Sendable {
    var dropsAuthor = false
    var dropsCaptions = false
    var isSilent = false
    var noForwards = false
    var replyTo: Int32?
    var topic: Int32?
  }

  /// Sends messages on, all or none.
  mutating func forward(
    _ ids: [Int32], from home: PeerKey, to peer: PeerKey, by user: Int64, randomIDs: [Int64], _ options: ForwardOptions
  ) throws(RPCFailure) -> [SentMessage] {
    guard !ids.isEmpty, ids.count == randomIDs.count, ids.count <= 100 else { throw .messageIDInvalid }
    guard Set(randomIDs).count == randomIDs.count else { throw .randomIDDuplicate }
    guard !isProtected(home) else { throw .chatForwardsRestricted }
    try checkMayPost(user, to: peer)
    let box = try box(of: home, for: user)
    var drafts: [Draft] = []
    var groups: [Int64: Int64] = [:]
    for id in ids {
      guard let message = box[id], message.peer == home, case .text(let text, let media) = message.content,
        media?.ttlSeconds == nil
      else { throw .messageIDInvalid }
      guard !message.noForwards else { throw .chatForwardsRestricted }
      let hasCaption = media != nil && options.dropsCaptions
      var draft = Draft(text: hasCaption ? .empty : text, media: media)
      draft.isForwarded = true
      (draft.isSilent, draft.noForwards) = (options.isSilent, options.noForwards)
      (draft.replyTo, draft.topic) = (options.replyTo, options.topic)
      if let group = message.groupedID {
        if groups[group] == nil { groups[group] = Int64(bitPattern: generator.next() >> 1) }
        draft.groupedID = groups[group]
      }
      if !options.dropsAuthor { draft.forward = header(for: message, in: home, to: peer, by: user) }
      drafts.append(draft)
    }
    var sent: [SentMessage] = []
    for (draft, randomID) in zip(drafts, randomIDs) {
      sent.append(try send(draft, from: user, to: peer, randomID: randomID))
    }
    return sent
  }

  private func header(
    for message: StoredMessage, in home: PeerKey, to peer: PeerKey, by user: Int64
  ) -> API.MessageFwdHeader {
    var header: API.MessageFwdHeader
    if let earlier = message.forward {
      header = API.MessageFwdHeader(
        fromId: earlier.fromId, fromName: earlier.fromName, date: earlier.date, channelPost: earlier.channelPost,
        postAuthor: earlier.postAuthor)
    } else if isPost(message) {
      header = API.MessageFwdHeader(fromId: home.peer, date: message.date, channelPost: message.id)
    } else {
      header = API.MessageFwdHeader(fromId: (message.sender ?? .user(message.author)).peer, date: message.date)
    }
    // Saved Messages tell where a message can be found.
    if peer == .user(user) { (header.savedFromPeer, header.savedFromMsgId) = (home.peer, message.id) }
    return header
  }
}
