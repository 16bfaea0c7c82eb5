import TL

/// From what a client sends to whom it means; every id comes with the access hash the client was given.
extension World {
  func resolve(_ input: API.AnyInputPeer, for viewer: Int64) throws(RPCFailure) -> PeerKey {
    switch input {
    case .inputPeerSelf: return .user(viewer)
    case .inputPeerUser(let peer): return .user(try user(peer.userId, hash: peer.accessHash, for: viewer))
    case .inputPeerChat(let peer):
      guard groups[peer.chatId]?.contains(viewer) == true else { throw .chatIDInvalid }
      return .group(peer.chatId)
    case .inputPeerChannel(let peer):
      return .channel(try channelID(peer.channelId, hash: peer.accessHash, for: viewer))
    case .inputPeerUserFromMessage(let peer):
      try checkMention(.user(peer.userId), in: peer.peer, message: peer.msgId, for: viewer)
      return .user(peer.userId)
    case .inputPeerChannelFromMessage(let peer):
      try checkMention(.channel(peer.channelId), in: peer.peer, message: peer.msgId, for: viewer)
      return .channel(peer.channelId)
    case .inputPeerEmpty, .other: throw .peerIDInvalid
    }
  }

  func resolve(_ input: API.AnyInputUser, for viewer: Int64) throws(RPCFailure) -> Int64 {
    switch input {
    case .inputUserSelf: return viewer
    case .inputUser(let user): return try self.user(user.userId, hash: user.accessHash, for: viewer)
    case .inputUserFromMessage(let user):
      try checkMention(.user(user.userId), in: user.peer, message: user.msgId, for: viewer)
      return user.userId
    case .inputUserEmpty, .other: throw .userIDInvalid
    }
  }

  func resolve(_ input: API.AnyInputChannel, for viewer: Int64) throws(RPCFailure) -> Int64 {
    switch input {
    case .inputChannel(let channel): return try channelID(channel.channelId, hash: channel.accessHash, for: viewer)
    case .inputChannelFromMessage(let channel):
      try checkMention(.channel(channel.channelId), in: channel.peer, message: channel.msgId, for: viewer)
      return channel.channelId
    case .inputChannelEmpty, .other: throw .channelInvalid
    }
  }

  private func user(_ id: Int64, hash: Int64, for viewer: Int64) throws(RPCFailure) -> Int64 {
    guard accounts[id] != nil, hash == accessHash(of: .user(id), for: viewer) else { throw .peerIDInvalid }
    return id
  }

  private func channelID(_ id: Int64, hash: Int64, for viewer: Int64) throws(RPCFailure) -> Int64 {
    guard let channel = channels[id], hash == accessHash(of: .channel(id), for: viewer) else { throw .channelInvalid }
    guard channel.member(viewer) != nil || channel.username != nil else { throw .channelPrivate }
    return id
  }

  private func checkMention(
    _ peer: PeerKey, in input: API.AnyInputPeer, message id: Int32, for viewer: Int64
  ) throws(RPCFailure) {
    let home = try resolve(input, for: viewer)
    guard let message = try box(of: home, for: viewer)[id], message.peer == home else { throw .msgIDInvalid }
    let mentions = mentions(in: message)
    let isMentioned =
      if case .user(let user) = peer { mentions.users.contains(user) } else { mentions.chats.contains(peer) }
    guard isMentioned else { throw .peerIDInvalid }
  }

  /// Text and entities of a request as the server stores them.
  func text(
    _ string: String, _ entities: [API.AnyMessageEntity]?, for viewer: Int64
  ) throws(RPCFailure) -> MessageText {
    let entities = (entities ?? []).compactMap { entity in
      TextEntity(entity) { try? resolve($0, for: viewer) }
    }
    return try MessageText.normalized(string, entities)
  }
}
