import TL

/// Forwarding, and chats that forbid it.
extension Dispatcher {
  mutating func registerForwarding() {
    on(API.MessagesForwardMessages.self) { try $0.forwardMessages($2, $1) }
    on(API.MessagesToggleNoForwards.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let peer = try telegram.world.resolve(request.peer, for: viewer)
      try telegram.world.setNoForwards(request.enabled, in: peer, by: viewer)
      return telegram.updates(for: viewer)
    }
  }
}

extension Telegram {
  fileprivate mutating func forwardMessages(
    _ request: API.MessagesForwardMessages, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyUpdates {
    let viewer = try caller.viewer()
    let home = try world.resolve(request.fromPeer, for: viewer)
    let peer = try world.resolve(request.toPeer, for: viewer)
    var options = World.ForwardOptions(
      dropsAuthor: request.dropAuthor || request.dropMediaCaptions, dropsCaptions: request.dropMediaCaptions,
      isSilent: request.silent, noForwards: request.noforwards, topic: request.topMsgId)
    if case .inputReplyToMessage(let reply) = request.replyTo { options.replyTo = reply.replyToMsgId }
    let sent = try world.forward(
      request.id, from: home, to: peer, by: viewer, randomIDs: request.randomId, options)
    return answer(Array(zip(sent, request.randomId)), to: viewer)
  }
}
