import TL

/// Sending, editing and deleting messages.
extension Dispatcher {
  mutating func registerSending() {
    on(API.MessagesSendMessage.self) { try $0.sendMessage($2, $1) }
    on(API.MessagesSendMedia.self) { try $0.sendMedia($2, $1) }
    on(API.MessagesSendMultiMedia.self) { try $0.sendMultiMedia($2, $1) }
    on(API.MessagesUploadMedia.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      _ = try telegram.world.resolve(request.peer, for: viewer)
      let media = try telegram.media(request.media, caller)
      guard let rendered = telegram.world.render(media) else { throw RPCFailure.mediaInvalid }
      return rendered
    }
    on(API.MessagesEditMessage.self) { try $0.editMessage($2, $1) }
    on(API.MessagesDeleteMessages.self) { telegram, caller, request in
      let moved = try telegram.world.deleteMessages(request.id, by: caller.viewer(), revoke: request.revoke)
      return API.MessagesAffectedMessages(pts: moved.pts, ptsCount: moved.count)
    }
    on(API.MessagesDeleteHistory.self) { try $0.deleteHistory($2, $1) }
    on(API.MessagesSetTyping.self) { try $0.setTyping($2, $1) }
  }
}

extension Telegram {
  fileprivate func draft(
    _ text: MessageText, media: StoredMedia? = nil, replyTo: API.AnyInputReplyTo?, silent: Bool, noForwards: Bool
  ) -> Draft {
    var draft = Draft(text: text, media: media, isSilent: silent, noForwards: noForwards)
    if case .inputReplyToMessage(let input) = replyTo {
      (draft.replyTo, draft.topic) = (input.replyToMsgId, input.topMsgId)
    }
    return draft
  }

  /// The `updates` of messages sent; one that had been sent before comes with a `pts_count` of 0.
  func answer(_ sent: [(message: SentMessage, randomID: Int64)], to viewer: Int64) -> API.AnyUpdates {
    let ids = sent.map { API.AnyUpdate.updateMessageID(.init(id: $0.message.id, randomId: $0.randomID)) }
    var mentions = Mentions()
    let repeated = sent.map(\.message).filter(\.isRepeated).compactMap { sent -> API.AnyUpdate? in
      guard let message = try? world.box(of: sent.peer, for: viewer)[sent.id] else { return nil }
      mentions.formUnion(world.mentions(in: message))
      let rendered = world.render(message, for: viewer)
      if case .channel = sent.peer {
        return .updateNewChannelMessage(.init(message: rendered, pts: sent.pts, ptsCount: 0))
      }
      return .updateNewMessage(.init(message: rendered, pts: sent.pts, ptsCount: 0))
    }
    return updates(for: viewer, first: ids + repeated, mentioning: mentions)
  }

  fileprivate mutating func sendMessage(
    _ request: API.MessagesSendMessage, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyUpdates {
    let viewer = try caller.viewer()
    let peer = try world.resolve(request.peer, for: viewer)
    let draft = draft(
      try world.text(request.message, request.entities, for: viewer), replyTo: request.replyTo,
      silent: request.silent, noForwards: request.noforwards)
    let sent = try post(draft, from: viewer, to: peer, randomID: request.randomId)
    return answer([(sent, request.randomId)], to: viewer)
  }

  /// Sends as a client does, which may not be faster than the limit.
  fileprivate mutating func post(
    _ draft: Draft, from user: Int64, to peer: PeerKey, randomID: Int64
  ) throws(RPCFailure) -> SentMessage {
    // What was sent before is no new post.
    if world.accounts[user]?.sent[randomID] == nil {
      try world.postLimit?.note(user, in: peer, at: world.preciseTime)
    }
    return try world.send(draft, from: user, to: peer, randomID: randomID)
  }

  fileprivate mutating func sendMedia(
    _ request: API.MessagesSendMedia, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyUpdates {
    let viewer = try caller.viewer()
    let peer = try world.resolve(request.peer, for: viewer)
    try world.checkMayPost(viewer, to: peer)
    let draft = draft(
      try world.text(request.message, request.entities, for: viewer), media: try media(request.media, caller),
      replyTo: request.replyTo, silent: request.silent, noForwards: request.noforwards)
    let sent = try post(draft, from: viewer, to: peer, randomID: request.randomId)
    return answer([(sent, request.randomId)], to: viewer)
  }

  fileprivate mutating func sendMultiMedia(
    _ request: API.MessagesSendMultiMedia, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyUpdates {
    let viewer = try caller.viewer()
    let peer = try world.resolve(request.peer, for: viewer)
    try world.checkMayPost(viewer, to: peer)
    guard !request.multiMedia.isEmpty else { throw .mediaEmpty }
    guard request.multiMedia.count <= 10 else { throw .multiMediaTooLong }
    // All is checked before the first is sent: an album is sent whole or not at all.
    var drafts: [(Draft, Int64)] = []
    let group = Int64(bitPattern: world.generator.next() >> 1)
    for item in request.multiMedia {
      guard item.randomId != 0 else { throw .randomIDEmpty }
      var draft = draft(
        try world.text(item.message, item.entities, for: viewer), media: try media(item.media, caller),
        replyTo: request.replyTo, silent: request.silent, noForwards: request.noforwards)
      guard draft.media?.fileID != nil else { throw .mediaInvalid }
      draft.groupedID = group
      try world.check(draft)
      drafts.append((draft, item.randomId))
    }
    guard Set(drafts.map(\.1)).count == drafts.count else { throw .randomIDDuplicate }
    var sent: [(SentMessage, Int64)] = []
    for (draft, randomID) in drafts {
      sent.append((try world.send(draft, from: viewer, to: peer, randomID: randomID), randomID))
    }
    return answer(sent, to: viewer)
  }

  fileprivate mutating func editMessage(
    _ request: API.MessagesEditMessage, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyUpdates {
    let viewer = try caller.viewer()
    let peer = try world.resolve(request.peer, for: viewer)
    var newMedia: StoredMedia?
    if let input = request.media {
      newMedia = try closed(input, in: peer, request.id, viewer)
      if newMedia == nil { newMedia = try media(input, caller) }
    }
    var text: MessageText?
    if let string = request.message { text = try world.text(string, request.entities, for: viewer) }
    try world.edit(request.id, in: peer, by: viewer, text: text, media: newMedia)
    return updates(for: viewer)
  }

  /// The poll a message has, ended; nil unless that is what is asked for.
  private func closed(
    _ input: API.AnyInputMedia, in peer: PeerKey, _ id: Int32, _ viewer: Int64
  ) throws(RPCFailure) -> StoredMedia? {
    guard case .inputMediaPoll(let wanted) = input, wanted.poll.closed,
      case .plain(.messageMediaPoll(var poll))? = try world.box(of: peer, for: viewer)[id]?.media?.content
    else { return nil }
    poll.poll.closed = true
    return StoredMedia(content: .plain(.messageMediaPoll(poll)))
  }

  fileprivate mutating func deleteHistory(
    _ request: API.MessagesDeleteHistory, _ caller: Caller
  ) throws(RPCFailure) -> API.MessagesAffectedHistory {
    let viewer = try caller.viewer()
    let peer = try world.resolve(request.peer, for: viewer)
    if case .channel = peer { throw .peerIDInvalid }
    let box = try world.account(viewer).box
    let doomed = (box.histories[peer] ?? []).compactMap { box[$0] }.filter { message in
      (request.maxId == 0 || message.id <= request.maxId) && message.date >= request.minDate ?? 0
        && message.date <= request.maxDate ?? .max
    }
    let moved = try world.deleteMessages(doomed.map(\.id), by: viewer, revoke: request.revoke)
    return API.MessagesAffectedHistory(pts: moved.pts, ptsCount: moved.count, offset: 0)
  }

  fileprivate mutating func setTyping(_ request: API.MessagesSetTyping, _ caller: Caller) throws(RPCFailure) -> Bool {
    let viewer = try caller.viewer()
    let peer = try world.resolve(request.peer, for: viewer)
    var mentions = Mentions(users: [viewer])
    let from = API.AnyPeer.peerUser(.init(userId: viewer))
    switch peer {
    case .user(let id):
      if id != viewer {
        world.announce(
          .updateUserTyping(.init(userId: viewer, action: request.action)), to: id, mentioning: mentions)
      }
    case .group(let id):
      mentions.insert(peer)
      for member in try world.group(id, for: viewer).members where member.user != viewer {
        world.announce(
          .updateChatUserTyping(.init(chatId: id, fromId: from, action: request.action)), to: member.user,
          mentioning: mentions)
      }
    case .channel(let id):
      let channel = try world.channel(id, for: viewer)
      guard channel.mayPost(viewer) else { throw .chatForbidden }
      guard !channel.isBroadcast else { return true }
      mentions.insert(peer)
      for member in channel.members where member.user != viewer {
        world.announce(
          .updateChannelUserTyping(.init(channelId: id, fromId: from, action: request.action)), to: member.user,
          mentioning: mentions)
      }
    }
    return true
  }
}
