import MTProto
public import TL

/// How peers are addressed: by an access hash this account was given.
///
/// Source: "Peers", core.telegram.org/api/peers.
extension TelegramClient {
  /// How `id` is named in a call.
  ///
  /// What the session does not know is looked for among the account's dialogs, once.
  /// - Throws: `TelegramError.unknownPeer` for a peer this account has never met.
  public func inputPeer(_ id: PeerID) async throws(TelegramError) -> API.AnyInputPeer {
    if id.kind == .basicGroup { return .inputPeerChat(API.InputPeerChat(chatId: id.bareID)) }
    return try await entity(id).inputPeer
  }

  /// How a user is named where only users may stand.
  public func inputUser(_ id: PeerID) async throws(TelegramError) -> API.AnyInputUser {
    guard id.kind == .user else { throw .unknownPeer(id) }
    return .inputUser(API.InputUser(userId: id.bareID, accessHash: try await entity(id).accessHash))
  }

  /// How a channel or supergroup is named where only those may stand.
  public func inputChannel(_ id: PeerID) async throws(TelegramError) -> API.AnyInputChannel {
    guard id.kind == .channel else { throw .unknownPeer(id) }
    return .inputChannel(API.InputChannel(channelId: id.bareID, accessHash: try await entity(id).accessHash))
  }

  /// What is known of `id`; looked for among the account's dialogs, once, when the session does not know it.
  public func entity(_ id: PeerID) async throws(TelegramError) -> StoredEntity {
    if let entity = try await peers.entity(id) { return entity }
    try await dialogSearch.run(on: self)
    if let entity = try await peers.entity(id) { return entity }
    throw .unknownPeer(id)
  }

  /// The peer with the public name `username`, with or without "@"; the server is asked.
  public func resolve(username: String) async throws(TelegramError) -> StoredEntity {
    let name = username.hasPrefix("@") ? String(username.dropFirst()) : username
    let answer: API.ContactsResolvedPeer
    do throws(TelegramError) {
      answer = try await invoke(API.ContactsResolveUsername(username: name))
    } catch {
      if case .rpc(let refusal, _) = error, ["USERNAME_NOT_OCCUPIED", "USERNAME_INVALID"].contains(refusal.name) {
        throw .unknownUsername(name)
      }
      throw error
    }
    guard let id = PeerID(answer.peer) else { throw .unknownUsername(name) }
    return try await entity(id)
  }
}
