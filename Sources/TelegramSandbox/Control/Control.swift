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

  // MARK: Messages

  func say(_ request: SayRequest) async throws -> SayAnswer {
    let file = try request.file.map { path throws in
      guard let data = FileManager.default.contents(atPath: path) else { throw ControlError("cannot read '\(path)'") }
      return (bytes: ByteBuffer(bytes: data), name: URL(filePath: path).lastPathComponent)
    }
    let entities = try (request.entities ?? []).map { try $0.entity() }
    return try await hub.perform { telegram in
      let author = try account(request.from, telegram)
      let peer = try peer(request.chat, seenBy: author, telegram)
      var draft = Draft(text: try MessageText.normalized(request.text ?? "", entities))
      draft.replyTo = request.replyTo
      draft.isSilent = request.silent ?? false
      if let file {
        try telegram.world.checkMayPost(author, to: peer)
        let isPhoto = try isPhoto(request.kind, file.name)
        let stored = telegram.world.addFile(
          file.bytes, name: isPhoto ? nil : file.name, mimeType: request.mime ?? Self.mimeType(of: file.name),
          attributes: [])
        draft.media = StoredMedia(
          kind: isPhoto ? .photo : .document, fileID: stored.id, ttlSeconds: request.ttl)
      }
      let id = try telegram.world.send(draft, from: author, to: peer).id
      return SayAnswer(id: id, chat: peer.botAPIID, ids: ids(of: id, in: peer, author, telegram.world))
    }
  }

  func edit(_ request: EditRequest) async throws -> SayAnswer {
    let entities = try (request.entities ?? []).map { try $0.entity() }
    return try await hub.perform { telegram in
      let author = try account(request.from, telegram)
      let peer = try peer(request.chat, seenBy: author, telegram)
      try telegram.world.edit(
        request.id, in: peer, by: author, text: try MessageText.normalized(request.text, entities),
        announced: request.silent != true)
      return SayAnswer(id: request.id, chat: peer.botAPIID, ids: ids(of: request.id, in: peer, author, telegram.world))
    }
  }

  /// - Returns: how many messages were there to delete.
  func delete(_ request: DeleteRequest) async throws -> Int {
    try await hub.perform { telegram in
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

  private func ids(of id: Int32, in peer: PeerKey, _ author: Int64, _ world: World) -> [String: Int32] {
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
    try await hub.perform { telegram in
      let viewer = try account(viewer, telegram)
      let peer = try peer(reference, seenBy: viewer, telegram)
      let world = telegram.world
      let box = try world.box(of: peer, for: viewer)
      let messages = (box.histories[peer] ?? []).compactMap { box[$0] }
      return ChatAnswer(
        id: peer.botAPIID, title: title(of: peer, world), messages: messages.map { Self.describe($0, world) })
    }
  }

  /// The bytes of a message's file.
  func file(_ id: Int32, in chat: Reference, seenBy viewer: Reference) async throws -> ByteBuffer {
    try await hub.perform { telegram in
      let viewer = try account(viewer, telegram)
      let peer = try peer(chat, seenBy: viewer, telegram)
      let message = try telegram.world.box(of: peer, for: viewer)[id]
      guard let media = message?.media, let file = telegram.world.files[media.fileID] else {
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
          .init(name: $0.name, id: $0.id, pts: $0.box.pts, sessions: connected[$0.id] ?? 0)
        },
        channels: world.channels.values.sorted { $0.title < $1.title }.map {
          .init(
            id: PeerKey.channel($0.id).botAPIID, title: $0.title, pts: $0.box.pts, messages: $0.box.messages.count)
        }, unknownMethods: telegram.unknownMethods)
    }
  }

  private static func describe(_ message: StoredMessage, _ world: World) -> ChatAnswer.Message {
    var answer = ChatAnswer.Message(
      id: message.id, from: world.isPost(message) ? message.peer.botAPIID : message.author, author: message.author,
      date: message.date, editDate: message.editDate, text: message.text?.string ?? "",
      entities: message.text?.entities.map(EntityRequest.init) ?? [], groupedID: message.groupedID,
      replyTo: message.replyTo)
    if let media = message.media, let file = world.files[media.fileID] {
      answer.media = .init(
        kind: media.kind == .photo ? "photo" : "document", name: file.name, mime: file.mimeType, size: file.size,
        sha256: file.sha256, ttl: media.ttlSeconds)
    }
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

  private func isPhoto(_ kind: String?, _ name: String) throws -> Bool {
    switch kind {
    case "photo": true
    case "document": false
    case nil: ["jpg", "jpeg"].contains(URL(filePath: name).pathExtension.lowercased())
    case let kind?: throw ControlError("kind is '\(kind)'; photo and document are known")
    }
  }

  private static func mimeType(of name: String) -> String? {
    switch URL(filePath: name).pathExtension.lowercased() {
    case "jpg", "jpeg": "image/jpeg"
    case "png": "image/png"
    case "gif": "image/gif"
    case "webp": "image/webp"
    case "mp4": "video/mp4"
    case "mp3": "audio/mpeg"
    case "ogg": "audio/ogg"
    case "txt": "text/plain"
    case "pdf": "application/pdf"
    default: nil
    }
  }
}
