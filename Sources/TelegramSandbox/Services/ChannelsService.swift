import TL

/// `channels.*`: supergroups and broadcast channels.
extension Dispatcher {
  mutating func registerChannels() {
    on(API.ChannelsGetChannels.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let ids = try request.id.map { try telegram.world.resolve($0, for: viewer) }
      return .messagesChats(.init(chats: ids.map { telegram.world.chat(.channel($0), for: viewer) }))
    }
    on(API.ChannelsGetMessages.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.world.resolve(request.channel, for: viewer)
      return try telegram.messages(request.id, in: telegram.world.channel(id, for: viewer).box, channel: id, viewer)
    }
    on(API.ChannelsDeleteMessages.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.world.resolve(request.channel, for: viewer)
      let moved = try telegram.world.deleteMessages(request.id, inChannel: id, by: viewer)
      return API.MessagesAffectedMessages(pts: moved.pts, ptsCount: moved.count)
    }
    on(API.ChannelsReadHistory.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.world.resolve(request.channel, for: viewer)
      try telegram.world.readChannel(id, upTo: request.maxId, by: viewer)
      return true
    }
    on(API.ChannelsReadMessageContents.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.world.resolve(request.channel, for: viewer)
      try telegram.world.openMedia(request.id, inChannel: id, by: viewer)
      return true
    }
    on(API.ChannelsCreateChannel.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      guard request.broadcast != request.megagroup else { throw RPCFailure.channelInvalid }
      _ = try telegram.world.createChannel(
        request.title, about: request.about, isBroadcast: request.broadcast, isForum: request.forum, by: viewer)
      return telegram.updates(for: viewer)
    }
    on("messages.migrateChat") { telegram, caller, arguments in
      let viewer = try caller.viewer()
      guard case .long(let id)? = arguments["chat_id"] else { throw RPCFailure.chatIDInvalid }
      let channel = try telegram.world.migrate(group: id, by: viewer)
      return telegram.updates(for: viewer, mentioning: Mentions(chats: [.group(id), .channel(channel)]))
    }
    on(API.ChannelsGetFullChannel.self) { try $0.fullChannel($2.channel, $1) }
    on(API.ChannelsGetParticipants.self) { try $0.participants($2, $1) }
    on(API.ChannelsGetParticipant.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.world.resolve(request.channel, for: viewer)
      let channel = try telegram.world.channel(id, for: viewer)
      guard case .user(let user) = try telegram.world.resolve(request.participant, for: viewer),
        let member = channel.member(user)
      else { throw RPCFailure.userNotParticipant }
      return API.ChannelsChannelParticipant(
        participant: channel.participant(member, for: viewer), chats: [telegram.world.chat(.channel(id), for: viewer)],
        users: [telegram.world.user(user, for: viewer)])
    }
  }
}

extension ChannelState {
  fileprivate func participant(_ member: Member, for viewer: Int64) -> API.AnyChannelParticipant {
    if member.user == creator {
      return .channelParticipantCreator(.init(userId: member.user, adminRights: Self.allRights))
    }
    if member.isAdmin {
      let isSelf = member.user == viewer
      return .channelParticipantAdmin(
        .init(
          isSelf: isSelf, userId: member.user, inviterId: isSelf ? member.inviter : nil, promotedBy: creator,
          date: member.date, adminRights: Self.allRights))
    }
    if member.user == viewer {
      return .channelParticipantSelf(.init(userId: member.user, inviterId: member.inviter, date: member.date))
    }
    return .channelParticipant(.init(userId: member.user, date: member.date))
  }
}

extension Telegram {
  fileprivate func fullChannel(_ input: API.AnyInputChannel, _ caller: Caller) throws(RPCFailure)
    -> API.MessagesChatFull
  {
    let viewer = try caller.viewer()
    let id = try world.resolve(input, for: viewer)
    let channel = try world.channel(id, for: viewer)
    let peer = PeerKey.channel(id)
    return API.MessagesChatFull(
      fullChat: .channelFull(
        API.ChannelFull(
          canViewParticipants: !channel.isBroadcast || channel.isAdmin(viewer), id: id, about: channel.about,
          participantsCount: Int32(channel.members.count),
          adminsCount: channel.isAdmin(viewer) ? Int32(channel.members.filter { channel.isAdmin($0.user) }.count) : nil,
          readInboxMaxId: world.accounts[viewer]?.readInbox[peer] ?? 0,
          readOutboxMaxId: world.accounts[viewer]?.readOutbox[peer] ?? 0,
          unreadCount: world.unreadCount(in: peer, for: viewer), chatPhoto: .photoEmpty(.init(id: 0)),
          notifySettings: API.PeerNotifySettings(), botInfo: [], linkedChatId: channel.linked, pts: channel.box.pts)),
      chats: ([peer] + (channel.linked.map { [.channel($0)] } ?? [])).map { world.chat($0, for: viewer) },
      users: [world.user(viewer, for: viewer)])
  }

  fileprivate func participants(
    _ request: API.ChannelsGetParticipants, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyChannelsChannelParticipants {
    let viewer = try caller.viewer()
    let id = try world.resolve(request.channel, for: viewer)
    let channel = try world.channel(id, for: viewer)
    guard !channel.isBroadcast || channel.isAdmin(viewer) else { throw .chatAdminRequired }
    let wanted: [ChannelState.Member]
    switch request.filter {
    case .channelParticipantsRecent: wanted = channel.members
    case .channelParticipantsAdmins: wanted = channel.members.filter { channel.isAdmin($0.user) }
    case .channelParticipantsSearch(let search):
      let words = search.q.lowercased()
      wanted = channel.members.filter { member in
        words.isEmpty || world.accounts[member.user]?.firstName.lowercased().contains(words) == true
      }
    default: wanted = []
    }
    let page = wanted.dropFirst(Int(max(request.offset, 0))).prefix(Int(min(max(request.limit, 0), 200)))
    return .channelsChannelParticipants(
      .init(
        count: Int32(wanted.count), participants: page.map { channel.participant($0, for: viewer) },
        chats: [world.chat(.channel(id), for: viewer)], users: page.map { world.user($0.user, for: viewer) }))
  }
}
