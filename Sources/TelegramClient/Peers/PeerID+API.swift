public import TL

extension PeerID {
  /// Nil for a constructor without typed Swift, and for an id outside the documented ranges.
  public init?(_ peer: API.AnyPeer) {
    switch peer {
    case .peerUser(let peer): self.init(kind: .user, bareID: peer.userId)
    case .peerChat(let peer): self.init(kind: .basicGroup, bareID: peer.chatId)
    case .peerChannel(let peer): self.init(kind: .channel, bareID: peer.channelId)
    case .other: return nil
    }
  }

  /// Nil for a constructor without typed Swift, and for an id outside the documented ranges.
  public init?(_ user: API.AnyUser) {
    switch user {
    case .user(let user): self.init(kind: .user, bareID: user.id)
    case .userEmpty(let user): self.init(kind: .user, bareID: user.id)
    case .other: return nil
    }
  }

  /// Nil for a constructor without typed Swift, and for an id outside the documented ranges.
  public init?(_ chat: API.AnyChat) {
    switch chat {
    case .chat(let chat): self.init(kind: .basicGroup, bareID: chat.id)
    case .chatEmpty(let chat): self.init(kind: .basicGroup, bareID: chat.id)
    case .chatForbidden(let chat): self.init(kind: .basicGroup, bareID: chat.id)
    case .channel(let channel): self.init(kind: .channel, bareID: channel.id)
    case .channelForbidden(let channel): self.init(kind: .channel, bareID: channel.id)
    case .other: return nil
    }
  }

  /// The schema's form of the peer.
  public var peer: API.AnyPeer {
    switch kind {
    case .user: .peerUser(API.PeerUser(userId: bareID))
    case .basicGroup: .peerChat(API.PeerChat(chatId: bareID))
    case .channel: .peerChannel(API.PeerChannel(channelId: bareID))
    }
  }
}
