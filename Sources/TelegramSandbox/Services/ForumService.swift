import TL

/// Forums, threads and discussions.
extension Dispatcher {
  mutating func registerForums() {
    on(API.ChannelsToggleForum.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.world.resolve(request.channel, for: viewer)
      try telegram.world.setForum(request.enabled, channel: id, by: viewer)
      return telegram.updates(for: viewer)
    }
    on(API.MessagesCreateForumTopic.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.forum(request.peer, viewer)
      let sent = try telegram.world.createTopic(
        request.title, iconColor: request.iconColor, iconEmoji: request.iconEmojiId, channel: id, by: viewer,
        randomID: request.randomId)
      return telegram.answer([(sent, request.randomId)], to: viewer)
    }
    on(API.MessagesGetForumTopics.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.forum(request.peer, viewer)
      let words = request.q?.lowercased() ?? ""
      let all = telegram.world.topics(ofChannel: id).filter {
        words.isEmpty || $0.title.lowercased().contains(words)
      }
      let rest = all.drop { request.offsetTopic != 0 && $0.id >= request.offsetTopic }
      let page = Array(rest.prefix(Int(min(max(request.limit, 0), 100))))
      return telegram.forumTopics(page, count: all.count, channel: id, viewer)
    }
    on(API.MessagesGetForumTopicsByID.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.forum(request.peer, viewer)
      let topics = telegram.world.topics(ofChannel: id).filter { request.topics.contains($0.id) }
      return telegram.forumTopics(topics, count: topics.count, channel: id, viewer)
    }
    on(API.MessagesGetDiscussionMessage.self) { try $0.discussionMessage($2, $1) }
    on(API.MessagesGetReplies.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      guard case .channel(let id) = try telegram.world.resolve(request.peer, for: viewer) else {
        throw RPCFailure.msgIDInvalid
      }
      let thread = try telegram.world.thread(of: request.msgId, in: telegram.world.channel(id, for: viewer))
      let window = HistoryWindow(
        offsetID: request.offsetId, offsetDate: request.offsetDate, addOffset: request.addOffset, limit: request.limit,
        maxID: request.maxId, minID: request.minId)
      return try telegram.history(of: .channel(thread.channel), window, viewer) { $0.thread == thread.root }
    }
  }
}

extension Telegram {
  fileprivate func forum(_ input: API.AnyInputPeer, _ viewer: Int64) throws(RPCFailure) -> Int64 {
    guard case .channel(let id) = try world.resolve(input, for: viewer),
      try world.channel(id, for: viewer).isForum
    else { throw .channelForumMissing }
    return id
  }

  fileprivate func forumTopics(
    _ topics: [ChannelState.Topic], count: Int, channel id: Int64, _ viewer: Int64
  ) -> API.MessagesForumTopics {
    var mentions = Mentions(users: Set(topics.map(\.creator)))
    mentions.insert(.channel(id))
    var messages: [API.AnyMessage] = []
    let rendered = topics.map { world.topic($0, ofChannel: id, for: viewer) }
    for case .forumTopic(let topic) in rendered {
      guard let message = world.channels[id]?.box[topic.topMessage] else { continue }
      messages.append(world.render(message, for: viewer))
      mentions.formUnion(world.mentions(in: message))
    }
    return API.MessagesForumTopics(
      count: Int32(count), topics: rendered, messages: messages, chats: world.chats(mentions, for: viewer),
      users: world.users(mentions, for: viewer), pts: world.channels[id]?.box.pts ?? 0)
  }

  fileprivate func discussionMessage(
    _ request: API.MessagesGetDiscussionMessage, _ caller: Caller
  ) throws(RPCFailure) -> API.MessagesDiscussionMessage {
    let viewer = try caller.viewer()
    guard case .channel(let id) = try world.resolve(request.peer, for: viewer) else { throw .msgIDInvalid }
    let thread = try world.thread(of: request.msgId, in: world.channel(id, for: viewer))
    guard let root = world.channels[thread.channel]?.box[thread.root] else { throw .msgIDInvalid }
    let replies = world.replies(inThread: thread.root, ofChannel: thread.channel)
    var mentions = world.mentions(in: root)
    mentions.insert(.channel(id))
    return API.MessagesDiscussionMessage(
      messages: [world.render(root, for: viewer)], maxId: replies.last ?? thread.root, unreadCount: 0,
      chats: world.chats(mentions, for: viewer), users: world.users(mentions, for: viewer))
  }
}
