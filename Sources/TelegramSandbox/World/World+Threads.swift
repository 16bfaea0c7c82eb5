import TL

/// Forum topics, threads, and the discussions under a channel's posts.
///
/// Source: "Threads", core.telegram.org/api/threads; "Forums", core.telegram.org/api/forum;
/// "Discussion groups", core.telegram.org/api/discussion.
extension World {
  /// Where a message of a channel belongs.
  func place(
    of draft: Draft, inChannel id: Int64
  ) throws(RPCFailure) -> (replyTo: Int32?, thread: Int32?, isInTopic: Bool) {
    guard let channel = channels[id] else { throw .channelInvalid }
    let parent = draft.replyTo.flatMap { channel.box[$0] }
    guard channel.isForum else {
      return (parent?.id, channel.isBroadcast ? nil : parent.map { $0.thread ?? $0.id }, false)
    }
    let root = parent.flatMap { channel.topics[$0.id]?.id ?? ($0.isInTopic ? $0.thread : nil) }
    let topic = draft.topic ?? root ?? ChannelState.Topic.general
    let replyTo = parent?.id == topic ? nil : parent?.id
    // The general topic's messages look like those of any supergroup.
    guard topic != ChannelState.Topic.general else { return (replyTo, parent.map { $0.thread ?? $0.id }, false) }
    guard channel.topics[topic] != nil else { throw .topicIDInvalid }
    return (replyTo, topic, true)
  }

  mutating func setForum(_ isForum: Bool, channel id: Int64, by user: Int64) throws(RPCFailure) {
    let channel = try channel(id, for: user)
    guard channel.isAdmin(user) else { throw .chatAdminRequired }
    guard !channel.isBroadcast else { throw .channelInvalid }
    guard channel.isForum != isForum else { throw .chatNotModified }
    channels[id]?.isForum = isForum
    announceChat(.channel(id))
  }

  mutating func createTopic(
    _ title: String, iconColor: Int32?, iconEmoji: Int64?, channel id: Int64, by user: Int64, randomID: Int64
  ) throws(RPCFailure) -> SentMessage {
    guard try channel(id, for: user).isForum else { throw .channelForumMissing }
    guard !title.isEmpty else { throw .topicTitleEmpty }
    guard randomID != 0 else { throw .randomIDEmpty }
    try checkMayPost(user, to: .channel(id))
    if var earlier = accounts[user]?.sent[randomID] {
      guard earlier.peer == .channel(id) else { throw .randomIDDuplicate }
      earlier.isRepeated = true
      return earlier
    }
    let color = iconColor ?? 0x6F_B9F0
    let sent = try sendService(
      .messageActionTopicCreate(.init(title: title, iconColor: color, iconEmojiId: iconEmoji)), from: user,
      to: .channel(id))
    channels[id]?.topics[sent.id] = ChannelState.Topic(
      id: sent.id, title: title, iconColor: color, iconEmoji: iconEmoji, creator: user, date: now)
    accounts[user]?.sent[randomID] = sent
    return sent
  }

  func topic(_ topic: ChannelState.Topic, ofChannel id: Int64, for viewer: Int64) -> API.AnyForumTopic {
    let messages = channels[id]?.box.histories[.channel(id)] ?? []
    let box = channels[id]?.box
    let isGeneral = topic.id == ChannelState.Topic.general
    let top = messages.last { message in
      guard let message = box?[message] else { return false }
      return isGeneral ? !message.isInTopic && channels[id]?.topics[message.id] == nil : message.thread == topic.id
    }
    let read = accounts[viewer]?.readInbox[.channel(id)] ?? 0
    return .forumTopic(
      API.ForumTopic(
        my: topic.creator == viewer, id: topic.id, date: topic.date, peer: PeerKey.channel(id).peer,
        title: topic.title, iconColor: topic.iconColor, iconEmojiId: topic.iconEmoji, topMessage: top ?? topic.id,
        readInboxMaxId: read, readOutboxMaxId: 0, unreadCount: 0, unreadMentionsCount: 0, unreadReactionsCount: 0,
        unreadPollVotesCount: 0, fromId: .peerUser(.init(userId: topic.creator)),
        notifySettings: API.PeerNotifySettings()))
  }

  /// The topics of a forum, the latest first and "General" at the end.
  func topics(ofChannel id: Int64) -> [ChannelState.Topic] {
    guard let channel = channels[id], channel.isForum else { return [] }
    let general = ChannelState.Topic(
      id: ChannelState.Topic.general, title: "General", iconColor: 0x6F_B9F0, iconEmoji: nil, creator: channel.creator,
      date: channel.date)
    return channel.topics.values.sorted { $0.id > $1.id } + [general]
  }

  /// Copies a channel's post into its discussion group, where the comments on it reply to the copy.
  mutating func discuss(_ sent: SentMessage, by author: Int64) throws(RPCFailure) {
    guard case .channel(let id) = sent.peer, let channel = channels[id], channel.isBroadcast,
      let group = channel.linked, case .text(let text, let media)? = channel.box[sent.id]?.content,
      let post = channel.box[sent.id]
    else { return }
    var copy = Draft(text: text, media: media)
    copy.groupedID = post.groupedID
    copy.isSilent = post.isSilent
    copy.sender = .channel(id)
    let origin = PeerKey.channel(id).peer
    copy.forward = API.MessageFwdHeader(
      fromId: origin, date: post.date, channelPost: post.id, savedFromPeer: origin, savedFromMsgId: post.id)
    let copied = try deliver(.text(text, media), copy, from: author, to: .channel(group))
    channels[id]?.discussed[sent.id] = copied.id
  }

  /// The thread that a message begins: itself, or a post's copy in the discussion group.
  func thread(of id: Int32, in channel: ChannelState) throws(RPCFailure) -> (channel: Int64, root: Int32) {
    if channel.isBroadcast {
      guard let group = channel.linked, let copy = channel.discussed[id] else { throw .msgIDInvalid }
      return (group, copy)
    }
    guard channel.box[id] != nil else { throw .msgIDInvalid }
    return (channel.id, id)
  }

  /// Ids of what was said in a thread, ascending.
  func replies(inThread root: Int32, ofChannel id: Int64) -> [Int32] {
    guard let box = channels[id]?.box else { return [] }
    return (box.histories[.channel(id)] ?? []).filter { box[$0]?.thread == root }
  }

  /// How often a message was replied to, where Telegram tells it.
  func replies(to message: StoredMessage) -> API.MessageReplies? {
    guard case .channel(let id) = message.peer, let channel = channels[id] else { return nil }
    if channel.isBroadcast {
      guard let group = channel.linked, let root = channel.discussed[message.id], let box = channels[group]?.box else {
        return nil
      }
      let replies = replies(inThread: root, ofChannel: group)
      return API.MessageReplies(
        comments: true, replies: Int32(replies.count), repliesPts: box.pts, channelId: group, maxId: replies.last)
    }
    // Counting reads the whole history, so only what a discussion hangs on is counted.
    guard message.sender != nil else { return nil }
    let replies = replies(inThread: message.id, ofChannel: id)
    return API.MessageReplies(replies: Int32(replies.count), repliesPts: channel.box.pts, maxId: replies.last)
  }
}
