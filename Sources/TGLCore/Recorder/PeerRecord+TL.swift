import TL
import TelegramClient

extension PeerRecord {
  /// Nil for a user of whom nothing is said; of a deleted account, what was known before is worth more.
  init?(_ user: API.AnyUser) {
    guard case .user(let user) = user, !user.deleted, let id = PeerID.user(user.id) else { return nil }
    self.init(
      id: id, type: user.bot ? .bot : .user, accessHash: user.accessHash, isMin: user.min,
      username: user.username ?? user.usernames.flatMap(Self.active), phone: user.phone, firstName: user.firstName,
      lastName: user.lastName)
  }

  /// Nil for a chat of which nothing is said.
  init?(_ chat: API.AnyChat) {
    switch chat {
    case .chat(let chat):
      guard let id = PeerID.basicGroup(chat.id) else { return nil }
      self.init(id: id, type: .group, title: chat.title, noforwards: chat.noforwards)
    case .chatForbidden(let chat):
      guard let id = PeerID.basicGroup(chat.id) else { return nil }
      self.init(id: id, type: .group, title: chat.title)
    case .channel(let channel):
      guard let id = PeerID.channel(channel.id) else { return nil }
      self.init(
        id: id, type: channel.broadcast ? .channel : .supergroup, accessHash: channel.accessHash, isMin: channel.min,
        username: channel.username ?? channel.usernames.flatMap(Self.active), title: channel.title,
        noforwards: channel.noforwards, isForum: channel.forum)
    case .channelForbidden(let channel):
      guard let id = PeerID.channel(channel.id) else { return nil }
      self.init(
        id: id, type: channel.broadcast ? .channel : .supergroup, accessHash: channel.accessHash, title: channel.title)
    case .chatEmpty, .other:
      return nil
    }
  }

  private static func active(_ names: [API.Username]) -> String? {
    names.first(where: \.active)?.username
  }
}
