import Foundation
import NIOCore
import TL

/// The names a scenario gives to its conversations.
struct ChatNames: Sendable {
  var peers: [String: PeerKey]
}

/// What the control address can do, apart from HTTP.
struct Control: Sendable {
  let hub: Hub
  let names: ChatNames
  let pace: NetworkPace

  // MARK: Messages

  func edit(_ request: EditRequest) async throws -> SayAnswer {
    let entities = try (request.entities ?? []).map { try $0.entity() }
    let file = try request.file?.request.prepare(kind: nil, mime: nil)
    guard request.text != nil || file != nil || request.fields?.isEmpty == false else {
      throw ControlError("an edit needs 'text', 'file' or 'fields'")
    }
    let passage = try Passage(hold: request.hold, milliseconds: request.delayMilliseconds)
    return try await hub.perform(passage) { telegram in
      let author = try account(request.from, telegram)
      let peer = try peer(request.chat, seenBy: author, telegram)
      try telegram.world.edit(
        request.id, in: peer, by: author, text: try request.text.map { try MessageText.normalized($0, entities) },
        media: file?.store(in: &telegram.world, dc: nil), fields: request.fields ?? MessageFields(),
        announced: request.silent != true)
      return SayAnswer(id: request.id, chat: peer.botAPIID, ids: ids(of: request.id, in: peer, author, telegram.world))
    }
  }

  /// - Returns: how many messages were there to delete.
  func delete(_ request: DeleteRequest) async throws -> Int {
    let passage = try Passage(hold: request.hold, milliseconds: request.delayMilliseconds)
    return try await hub.perform(passage) { telegram in
      let author = try account(request.from, telegram)
      let peer = try peer(request.chat, seenBy: author, telegram)
      let box = try telegram.world.box(of: peer, for: author)
      let present = request.ids.filter { box[$0]?.peer == peer }
      let announced = request.silent != true
      if case .channel(let id) = peer {
        try telegram.world.deleteMessages(present, inChannel: id, by: author, announced: announced)
      } else {
        try telegram.world.deleteMessages(present, by: author, revoke: request.revoke ?? true, announced: announced)
      }
      return present.count
    }
  }

  /// - Returns: how many members the chat has then.
  func member(_ request: MemberRequest) async throws -> Int {
    try await hub.perform { telegram in
      let user = try account(request.user, telegram)
      guard case .channel(let id) = try peer(request.chat, seenBy: user, telegram) else {
        throw ControlError("\(request.chat) is no supergroup or channel")
      }
      telegram.world.setMember(user, ofChannel: id, request.isMember)
      return telegram.world.channels[id]?.members.count ?? 0
    }
  }

  func ids(of id: Int32, in peer: PeerKey, _ author: Int64, _ world: World) -> [String: Int32] {
    var ids: [String: Int32] = [:]
    if case .channel(let channel) = peer {
      for member in world.channels[channel]?.members ?? [] {
        if let name = world.accounts[member.user]?.name { ids[name] = id }
      }
    } else if let message = world.accounts[author]?.box[id] {
      for (owner, id) in world.copies[message.origin] ?? [:] {
        if let name = world.accounts[owner]?.name { ids[name] = id }
      }
    }
    return ids
  }

  // MARK: What there is

  func chat(_ reference: Reference, seenBy viewer: Reference) async throws -> ChatAnswer {
    try await hash { telegram in try files(of: reference, seenBy: viewer, telegram) }
    return try await hub.perform { telegram in try answer(about: reference, seenBy: viewer, telegram) }
  }

  private func files(of reference: Reference, seenBy viewer: Reference, _ telegram: Telegram) throws -> [Int64] {
    let viewer = try account(viewer, telegram)
    let peer = try peer(reference, seenBy: viewer, telegram)
    let box = try telegram.world.box(of: peer, for: viewer)
    return (box.histories[peer] ?? []).compactMap { box[$0]?.media }.flatMap(\.parts).compactMap(\.fileID)
  }

  private func answer(
    about reference: Reference, seenBy viewer: Reference, _ telegram: Telegram
  ) throws -> ChatAnswer {
    let viewer = try account(viewer, telegram)
    let peer = try peer(reference, seenBy: viewer, telegram)
    let box = try telegram.world.box(of: peer, for: viewer)
    let messages = (box.histories[peer] ?? []).compactMap { box[$0] }
    return ChatAnswer(
      id: peer.botAPIID, title: title(of: peer, telegram.world),
      messages: messages.map { Self.describe($0, telegram, viewer) })
  }

  /// Hashes what has not been hashed yet, while the hub serves on: a big file takes its time.
  func hash(_ wanted: @Sendable (inout Telegram) throws -> [Int64]) async throws {
    let fresh = try await hub.perform { telegram in
      let ids = try wanted(&telegram)
      let previews = ids.compactMap { telegram.world.files[$0]?.thumbnail }
      return Set(ids + previews).filter { telegram.digests[$0] == nil }.compactMap { telegram.world.files[$0] }
    }
    for file in fresh {
      let digest = try file.content.sha256()
      await hub.perform { $0.digests[file.id] = digest }
    }
  }

  /// The bytes of a message's file.
  func file(_ id: Int32, in chat: Reference, seenBy viewer: Reference) async throws -> FileContent {
    try await hub.perform { telegram in
      let viewer = try account(viewer, telegram)
      let peer = try peer(chat, seenBy: viewer, telegram)
      let message = try telegram.world.box(of: peer, for: viewer)[id]
      guard let file = message?.media?.parts.first?.fileID.flatMap({ telegram.world.files[$0] }) else {
        throw ControlError("message \(id) has no file")
      }
      return file.content
    }
  }

  func state() async throws -> StateAnswer {
    let connected = await hub.connectedSessions()
    return await hub.perform { telegram in
      let world = telegram.world
      return StateAnswer(
        time: world.now,
        users: world.accounts.values.sorted { $0.name < $1.name }.map {
          .init(
            name: $0.name, id: $0.id, pts: $0.box.pts, sessions: connected[$0.id] ?? 0, savedGifs: $0.savedGifs,
            recentStickers: $0.recentStickers.map(\.file))
        },
        channels: world.channels.values.sorted { $0.title < $1.title }.map {
          .init(
            id: PeerKey.channel($0.id).botAPIID, title: $0.title, pts: $0.box.pts, messages: $0.box.messages.count)
        }, unknownMethods: telegram.unknownMethods)
    }
  }

  private static func describe(
    _ message: StoredMessage, _ telegram: Telegram, _ viewer: Int64
  ) -> ChatAnswer.Message {
    let world = telegram.world
    var answer = ChatAnswer.Message(
      id: message.id,
      from: world.isPost(message) ? message.peer.botAPIID : message.sender?.botAPIID ?? message.author,
      author: message.author, date: message.date, editDate: message.editDate, text: message.text?.string ?? "",
      entities: message.text?.entities.map(EntityRequest.init) ?? [], groupedID: message.groupedID,
      replyTo: message.replyTo, thread: message.thread)
    if !message.fields.isEmpty { answer.fields = message.fields }
    if message.noForwards { answer.noForwards = true }
    if message.isMediaUnread { answer.mediaUnread = world.isMediaUnread(message, for: viewer) }
    answer.forward = message.forward.map {
      .init(from: $0.fromId.flatMap(PeerKey.init)?.botAPIID, date: $0.date, post: $0.channelPost)
    }
    answer.media = message.media.map { MediaAnswer($0, in: world, digests: telegram.digests) }
    if case .service(let action) = message.content {
      var reader = TLReader(action.encoded())
      answer.action = (try? reader.readConstructor()).flatMap { TLSchema.api.name(of: $0) }
    }
    return answer
  }

  private func title(of peer: PeerKey, _ world: World) -> String {
    switch peer {
    case .user(let id): world.accounts[id]?.firstName ?? ""
    case .group(let id): world.groups[id]?.title ?? ""
    case .channel(let id): world.channels[id]?.title ?? ""
    }
  }

  // MARK: Names

  func account(_ reference: Reference, _ telegram: Telegram) throws -> Int64 {
    switch reference {
    case .id(let id): if telegram.world.accounts[id] != nil { return id }
    case .name(let name): if let account = telegram.world.account(named: name) { return account.id }
    }
    let known = telegram.world.accounts.values.map(\.name).sorted().joined(separator: ", ")
    throw ControlError("no account \(reference); there are \(known)")
  }

  func peer(_ reference: Reference, seenBy viewer: Int64, _ telegram: Telegram) throws -> PeerKey {
    let world = telegram.world
    var found: PeerKey?
    switch reference {
    case .id(let id): found = PeerKey(botAPIID: id)
    case .name(let name): found = names.peers[name] ?? world.account(named: name).map { .user($0.id) }
    }
    switch found {
    case .user(let id) where world.accounts[id] != nil: return .user(id)
    case .group(let id) where world.groups[id] != nil: return .group(id)
    case .channel(let id) where world.channels[id] != nil: return .channel(id)
    default:
      let known = (names.peers.keys.sorted() + world.accounts.values.map(\.name).sorted()).joined(separator: ", ")
      throw ControlError("no chat \(reference); there are \(known), and Bot API ids")
    }
  }
}
