import TL

/// Groups and channels that come into being, or become another.
///
/// Source: "Channels, supergroups, gigagroups and basic groups", core.telegram.org/api/channel.
extension World {
  /// Longest title of a chat, in Unicode scalars.
  static let maximumTitle = 128

  /// Makes a supergroup or a broadcast channel of which `creator` is the only member.
  mutating func createChannel(
    _ title: String, about: String, isBroadcast: Bool, isForum: Bool = false, by creator: Int64
  ) throws(RPCFailure) -> Int64 {
    guard !title.isEmpty, title.unicodeScalars.count <= Self.maximumTitle else {
      throw RPCFailure(400, "CHAT_TITLE_EMPTY")
    }
    guard about.unicodeScalars.count <= 255 else { throw RPCFailure(400, "CHAT_ABOUT_TOO_LONG") }
    let id = try addChannel(title, username: nil, isBroadcast: isBroadcast, creator: creator, others: [])
    channels[id]?.about = about
    channels[id]?.isForum = isForum && !isBroadcast
    announceChat(.channel(id))
    return id
  }

  /// Makes a supergroup of a basic group: its members go there, its messages stay.
  ///
  /// - Returns: the supergroup's id.
  mutating func migrate(group id: Int64, by user: Int64) throws(RPCFailure) -> Int64 {
    let group = try group(id, for: user)
    guard group.creator == user else { throw .chatAdminRequired }
    // Asked a second time, the answer is the supergroup there is.
    if let channel = group.migratedTo { return channel }
    let channel = newID(in: 1_500_000_000...2_999_999_999)
    channels[channel] = ChannelState(
      id: channel, title: group.title, username: nil, isBroadcast: false, creator: group.creator, date: now,
      members: group.members.map { .init(user: $0.user, inviter: $0.inviter, date: $0.date) })
    channels[channel]?.noForwards = group.noForwards
    groups[id]?.migratedTo = channel
    groups[id]?.version += 1
    try sendService(.messageActionChatMigrateTo(.init(channelId: channel)), from: user, to: .group(id))
    try sendService(
      .messageActionChannelMigrateFrom(.init(title: group.title, chatId: id)), from: user, to: .channel(channel))
    announceChat(.group(id))
    announceChat(.channel(channel))
    return channel
  }
}
