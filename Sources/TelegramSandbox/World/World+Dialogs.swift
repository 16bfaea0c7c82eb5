import TL

extension World {
  func dialog(_ peer: PeerKey, for viewer: Int64) -> API.AnyDialog {
    let account = accounts[viewer]
    var pts: Int32?
    if case .channel(let id) = peer { pts = channels[id]?.box.pts }
    return .dialog(
      API.Dialog(
        peer: peer.peer, topMessage: topMessage(of: peer, for: viewer)?.id ?? 0,
        readInboxMaxId: account?.readInbox[peer] ?? 0, readOutboxMaxId: account?.readOutbox[peer] ?? 0,
        unreadCount: unreadCount(in: peer, for: viewer), unreadMentionsCount: 0, unreadReactionsCount: 0,
        unreadPollVotesCount: 0, notifySettings: API.PeerNotifySettings(), pts: pts))
  }

  /// The conversations of an account, the one with the latest message first.
  func dialogs(of viewer: Int64) -> [(peer: PeerKey, top: StoredMessage?)] {
    conversations(of: viewer).map { ($0, topMessage(of: $0, for: viewer)) }
      .sorted { ($0.top?.date ?? 0, $0.peer.botAPIID) > ($1.top?.date ?? 0, $1.peer.botAPIID) }
  }
}
