import TL
import TelegramClient

extension PeerID {
  /// Nil for an id outside the documented ranges.
  init?(tl peer: API.AnyPeer) {
    switch peer {
    case .peerUser(let peer): self.init(kind: .user, bareID: peer.userId)
    case .peerChat(let peer): self.init(kind: .basicGroup, bareID: peer.chatId)
    case .peerChannel(let peer): self.init(kind: .channel, bareID: peer.channelId)
    case .other: return nil
    }
  }
}
