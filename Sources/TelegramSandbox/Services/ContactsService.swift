import TL

/// `contacts.*`: who can be found, by username or phone.
extension Dispatcher {
  mutating func registerContacts() {
    on(API.ContactsResolveUsername.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let name = request.username
      guard (1...32).contains(name.count), name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
      else { throw RPCFailure.usernameInvalid }
      guard let peer = telegram.world.peer(username: name) else { throw RPCFailure.usernameNotOccupied }
      return telegram.resolved(peer, for: viewer)
    }
    on(API.ContactsResolvePhone.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      guard let account = telegram.world.account(phone: request.phone) else { throw RPCFailure.phoneNotOccupied }
      return telegram.resolved(.user(account.id), for: viewer)
    }
    on(API.ContactsGetContacts.self) { telegram, caller, _ in
      let viewer = try caller.viewer()
      let ids = try telegram.world.account(viewer).contacts.sorted()
      return .contactsContacts(
        .init(
          contacts: ids.map { id in
            API.Contact(userId: id, mutual: telegram.world.accounts[id]?.contacts.contains(viewer) == true)
          }, savedCount: Int32(ids.count), users: ids.map { telegram.world.user($0, for: viewer) }))
    }
    on("contacts.getTopPeers") { $0.writeConstructor(0xb52c_939d) }  // contacts.topPeersDisabled
  }
}

extension Telegram {
  fileprivate func resolved(_ peer: PeerKey, for viewer: Int64) -> API.ContactsResolvedPeer {
    var mentions = Mentions()
    mentions.insert(peer)
    return API.ContactsResolvedPeer(
      peer: peer.peer, chats: world.chats(mentions, for: viewer), users: world.users(mentions, for: viewer))
  }
}
