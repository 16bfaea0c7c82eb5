import TL

/// A conversation by kind and bare id.
enum PeerKey: Hashable, Sendable {
  case user(Int64)
  case group(Int64)
  case channel(Int64)

  private static let channelOffset: Int64 = 1_000_000_000_000

  /// The id as the Bot API writes it: users as they are, basic groups negative, channels as -100….
  var botAPIID: Int64 {
    switch self {
    case .user(let id): id
    case .group(let id): -id
    case .channel(let id): -Self.channelOffset - id
    }
  }

  init?(botAPIID id: Int64) {
    switch id {
    case 1...: self = .user(id)
    case (-Self.channelOffset)...(-1): self = .group(-id)
    case (-4 * Self.channelOffset)...: self = .channel(-Self.channelOffset - id)
    default: return nil
    }
    if id == 0 || id == -Self.channelOffset { return nil }
  }

  init?(_ peer: API.AnyPeer) {
    switch peer {
    case .peerUser(let peer): self = .user(peer.userId)
    case .peerChat(let peer): self = .group(peer.chatId)
    case .peerChannel(let peer): self = .channel(peer.channelId)
    case .other: return nil
    }
  }

  var peer: API.AnyPeer {
    switch self {
    case .user(let id): .peerUser(API.PeerUser(userId: id))
    case .group(let id): .peerChat(API.PeerChat(chatId: id))
    case .channel(let id): .peerChannel(API.PeerChannel(channelId: id))
    }
  }
}
