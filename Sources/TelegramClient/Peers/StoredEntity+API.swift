import TL

extension StoredEntity {
  /// Nil for a user that cannot be addressed by what is said of it here: a "min" one, or one without an access hash.
  ///
  /// Source: "Min constructors", core.telegram.org/api/min.
  init?(_ user: API.AnyUser, date: Int64) {
    guard case .user(let user) = user, !user.min, let accessHash = user.accessHash,
      let id = PeerID.user(user.id)
    else { return nil }
    let name = [user.firstName, user.lastName].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
    self.init(
      id: id, accessHash: accessHash, username: user.username ?? user.usernames.flatMap(Self.active), phone: user.phone,
      name: name.isEmpty ? nil : name, date: date)
  }

  /// Nil for a chat that cannot be addressed by what is said of it here.
  init?(_ chat: API.AnyChat, date: Int64) {
    guard let id = PeerID(chat) else { return nil }
    switch chat {
    case .chat(let chat):
      self.init(id: id, accessHash: 0, name: chat.title, date: date)
    case .chatForbidden(let chat):
      self.init(id: id, accessHash: 0, name: chat.title, date: date)
    case .channel(let channel):
      guard !channel.min, let accessHash = channel.accessHash else { return nil }
      self.init(
        id: id, accessHash: accessHash, username: channel.username ?? channel.usernames.flatMap(Self.active),
        name: channel.title, date: date)
    case .channelForbidden(let channel):
      self.init(id: id, accessHash: channel.accessHash, name: channel.title, date: date)
    case .chatEmpty, .other: return nil
    }
  }

  private static func active(_ names: [API.Username]) -> String? {
    (names.first { $0.active && $0.editable } ?? names.first(where: \.active))?.username
  }
}

extension StoredEntity {
  /// How the peer is named in a call.
  var inputPeer: API.AnyInputPeer {
    switch id.kind {
    case .user: .inputPeerUser(API.InputPeerUser(userId: id.bareID, accessHash: accessHash))
    case .basicGroup: .inputPeerChat(API.InputPeerChat(chatId: id.bareID))
    case .channel: .inputPeerChannel(API.InputPeerChannel(channelId: id.bareID, accessHash: accessHash))
    }
  }
}
