import TL

/// The methods behind a chat list.
extension Dispatcher {
  mutating func registerDialogs() {
    on(API.MessagesGetDialogs.self) { try $0.dialogs($2, $1) }
    on(API.MessagesGetPeerDialogs.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let peers = request.peers.compactMap { input -> PeerKey? in
        guard case .inputDialogPeer(let dialog) = input else { return nil }
        return try? telegram.world.resolve(dialog.peer, for: viewer)
      }
      return try telegram.peerDialogs(peers, viewer)
    }
    on(API.MessagesGetPinnedDialogs.self) { telegram, caller, _ in try telegram.peerDialogs([], caller.viewer()) }
    on(API.MessagesGetDialogFilters.self) { _, _, _ in API.MessagesDialogFilters(filters: []) }
    on("messages.getSplitRanges") { writer in
      writer.writeVectorHeader(1)
      API.MessageRange(minId: 1, maxId: .max).write(to: &writer)
    }
  }
}

extension Telegram {
  fileprivate func dialogs(_ request: API.MessagesGetDialogs, _ caller: Caller) throws(RPCFailure)
    -> API.AnyMessagesDialogs
  {
    let viewer = try caller.viewer()
    var all = request.folderId ?? 0 == 0 ? world.dialogs(of: viewer) : []
    let total = all.count
    // The page starts behind the offset's dialog, or behind its date when the dialog is not named.
    if let peer = try? world.resolve(request.offsetPeer, for: viewer), request.offsetId != 0,
      let index = all.firstIndex(where: { $0.peer == peer })
    {
      all.removeFirst(index + 1)
    } else if request.offsetDate > 0 {
      all.removeAll { $0.top?.date ?? 0 >= request.offsetDate }
    }
    let limit = request.limit > 0 ? min(Int(request.limit), 100) : 20
    let page = all.prefix(limit)
    let parts = dialogParts(page.map(\.peer), viewer)
    if page.count == total {
      return .messagesDialogs(
        .init(dialogs: parts.dialogs, messages: parts.messages, chats: parts.chats, users: parts.users))
    }
    return .messagesDialogsSlice(
      .init(
        count: Int32(total), dialogs: parts.dialogs, messages: parts.messages, chats: parts.chats, users: parts.users))
  }

  fileprivate func peerDialogs(_ peers: [PeerKey], _ viewer: Int64) throws(RPCFailure) -> API.MessagesPeerDialogs {
    let parts = dialogParts(peers, viewer)
    return API.MessagesPeerDialogs(
      dialogs: parts.dialogs, messages: parts.messages, chats: parts.chats, users: parts.users,
      state: try world.state(of: viewer))
  }

  fileprivate func dialogParts(
    _ peers: [PeerKey], _ viewer: Int64
  ) -> (dialogs: [API.AnyDialog], messages: [API.AnyMessage], chats: [API.AnyChat], users: [API.AnyUser]) {
    var mentions = Mentions()
    var messages: [API.AnyMessage] = []
    for peer in peers {
      mentions.insert(peer)
      guard let top = world.topMessage(of: peer, for: viewer) else { continue }
      messages.append(world.render(top, for: viewer))
      mentions.formUnion(world.mentions(in: top))
    }
    return (
      peers.map { world.dialog($0, for: viewer) }, messages, world.chats(mentions, for: viewer),
      world.users(mentions, for: viewer)
    )
  }
}
