import NIOCore
import TL

extension World {
  // MARK: People and chats

  func user(_ id: Int64, for viewer: Int64) -> API.AnyUser {
    guard let account = accounts[id] else { return .userEmpty(.init(id: id)) }
    let isSelf = id == viewer
    let knows = accounts[viewer]?.contacts.contains(id) == true
    let isMutual = knows && account.contacts.contains(viewer)
    let status: API.AnyUserStatus =
      account.onlineUntil > now
      ? .userStatusOnline(.init(expires: account.onlineUntil))
      : account.lastSeen > 0 ? .userStatusOffline(.init(wasOnline: account.lastSeen)) : .userStatusRecently(.init())
    return .user(
      API.User(
        isSelf: isSelf, contact: knows, mutualContact: isMutual, id: id,
        accessHash: accessHash(of: .user(id), for: viewer),
        firstName: account.firstName, lastName: account.lastName, username: account.username,
        phone: isSelf || knows ? account.phone : nil, status: status))
  }

  /// A basic group or a channel.
  func chat(_ peer: PeerKey, for viewer: Int64) -> API.AnyChat {
    switch peer {
    case .user(let id): return .chatEmpty(.init(id: id))
    case .group(let id):
      guard let group = groups[id] else { return .chatEmpty(.init(id: id)) }
      guard group.contains(viewer) else { return .chatForbidden(.init(id: id, title: group.title)) }
      return .chat(
        API.Chat(
          creator: group.creator == viewer, deactivated: group.migratedTo != nil, noforwards: group.noForwards, id: id,
          title: group.title, photo: .chatPhotoEmpty(.init()), participantsCount: Int32(group.members.count),
          date: group.date, version: group.version,
          migratedTo: group.migratedTo.map {
            .inputChannel(.init(channelId: $0, accessHash: accessHash(of: .channel($0), for: viewer)))
          },
          defaultBannedRights: API.ChatBannedRights(untilDate: 0)))
    case .channel(let id):
      guard let channel = channels[id] else { return .chatEmpty(.init(id: id)) }
      let hash = accessHash(of: peer, for: viewer)
      let member = channel.member(viewer)
      guard member != nil || channel.username != nil else {
        return .channelForbidden(
          .init(
            broadcast: channel.isBroadcast, megagroup: !channel.isBroadcast, id: id, accessHash: hash,
            title: channel.title))
      }
      return .channel(
        API.Channel(
          creator: channel.creator == viewer, left: member == nil, broadcast: channel.isBroadcast,
          megagroup: !channel.isBroadcast, hasLink: channel.linked != nil, noforwards: channel.noForwards,
          forum: channel.isForum, id: id, accessHash: hash,
          title: channel.title, username: channel.username, photo: .chatPhotoEmpty(.init()),
          date: member?.date ?? channel.date,
          adminRights: member != nil && channel.isAdmin(viewer) ? ChannelState.allRights : nil,
          defaultBannedRights: channel.isBroadcast ? nil : API.ChatBannedRights(untilDate: 0),
          participantsCount: Int32(channel.members.count)))
    }
  }

  func users(_ mentions: Mentions, for viewer: Int64) -> [API.AnyUser] {
    mentions.users.sorted().map { user($0, for: viewer) }
  }

  func chats(_ mentions: Mentions, for viewer: Int64) -> [API.AnyChat] {
    mentions.chats.sorted { $0.botAPIID > $1.botAPIID }.map { chat($0, for: viewer) }
  }

  // MARK: Messages

  /// A message as `viewer` sees it in their own box or a channel's.
  func render(_ message: StoredMessage, for viewer: Int64) -> API.AnyMessage {
    let plain = renderPlain(message, for: viewer)
    // Fields were checked when they were given.
    let whole = (try? message.fields.laid(over: plain)) ?? plain
    return newerLayers.isEmpty ? whole : disguised(whole, of: message, for: viewer)
  }

  /// A message without the fields that are laid over it.
  func renderPlain(_ message: StoredMessage, for viewer: Int64) -> API.AnyMessage {
    let isPost = isPost(message)
    // A message to oneself counts as incoming.
    let isOut = message.author == viewer && message.peer != .user(viewer) && message.sender == nil
    let from: API.AnyPeer? =
      switch message.peer {
      case .user(let other): isOut || other == viewer ? .peerUser(.init(userId: viewer)) : nil
      case .group, .channel: isPost ? nil : (message.sender ?? .user(message.author)).peer
      }
    let reply = replyHeader(of: message)
    switch message.content {
    case .service(let action):
      return .messageService(
        API.MessageService(
          out: isOut, silent: message.isSilent, post: isPost, id: message.id, fromId: from, peerId: message.peer.peer,
          replyTo: reply, date: message.date, action: action))
    case .text(let text, let media):
      return .message(
        API.Message(
          out: isOut, mediaUnread: isMediaUnread(message, for: viewer), silent: message.isSilent, post: isPost,
          noforwards: message.noForwards, id: message.id, fromId: from, peerId: message.peer.peer,
          fwdFrom: message.forward, replyTo: reply, date: message.date, message: text.string,
          media: media.flatMap(render), entities: text.entities.isEmpty ? nil : text.entities.map(\.entity),
          views: isPost ? 1 : nil, forwards: isPost ? 0 : nil, replies: replies(to: message),
          editDate: message.editDate,
          groupedId: message.groupedID))
    }
  }

  private func replyHeader(of message: StoredMessage) -> API.AnyMessageReplyHeader? {
    guard message.isInTopic, let topic = message.thread else {
      return message.replyTo.map { id in
        .messageReplyHeader(
          API.MessageReplyHeader(replyToMsgId: id, replyToTopId: message.thread == id ? nil : message.thread))
      }
    }
    return .messageReplyHeader(
      API.MessageReplyHeader(
        forumTopic: true, replyToMsgId: message.replyTo ?? topic, replyToTopId: message.replyTo == nil ? nil : topic))
  }

  /// Whether the channel itself stands as the author.
  func isPost(_ message: StoredMessage) -> Bool {
    if case .channel(let id) = message.peer { channels[id]?.isBroadcast == true } else { false }
  }

  func mentions(in message: StoredMessage) -> Mentions {
    var mentions = Mentions()
    mentions.insert(message.peer)
    if !isPost(message) { mentions.insert(message.sender ?? .user(message.author)) }
    for peer in [message.forward?.fromId, message.forward?.savedFromPeer] {
      if let peer = peer.flatMap(PeerKey.init) { mentions.insert(peer) }
    }
    switch message.media?.content {
    case .plain(.messageMediaContact(let contact)) where accounts[contact.userId] != nil:
      mentions.users.insert(contact.userId)
    case .plain(.messageMediaStory(let story)): if let peer = PeerKey(story.peer) { mentions.insert(peer) }
    default: break
    }
    for entity in message.text?.entities ?? [] {
      if case .textMention(let user) = entity.kind { mentions.users.insert(user) }
    }
    if !message.fields.isEmpty {
      let given = message.fields.values.compactMapValues { $0 }
      mentions.formUnion(self.mentions(in: .object("message", given)))
    }
    if case .service(let action) = message.content {
      switch action {
      case .messageActionChatCreate(let create): mentions.users.formUnion(create.users)
      case .messageActionChatMigrateTo(let migration): mentions.insert(.channel(migration.channelId))
      case .messageActionChannelMigrateFrom(let migration): mentions.insert(.group(migration.chatId))
      case .messageActionChatAddUser(let add): mentions.users.formUnion(add.users)
      default: if let value = try? TLSchema.api.value(action.encoded()) { mentions.formUnion(self.mentions(in: value)) }
      }
    }
    return mentions
  }
}
