import TL

extension Control {
  func say(_ request: SayRequest) async throws -> SayAnswer {
    let given = [request.file != nil, request.album != nil, request.media != nil].count { $0 }
    guard given <= 1 else { throw ControlError("a message has one of 'file', 'album' and 'media'") }
    if let album = request.album, !(1...10).contains(album.count) { throw ControlError("an album has 1 to 10 files") }
    let requests = (request.album ?? request.file.map { [$0] } ?? []).map(\.request)
    if requests.isEmpty {
      for (name, isThere) in [
        ("kind", request.kind != nil), ("mime", request.mime != nil), ("ttl", request.ttl != nil),
        ("spoiler", request.spoiler != nil), ("dc", request.dc != nil), ("stars", request.stars != nil),
      ] where isThere { throw ControlError("'\(name)' says something of a file, and there is none") }
    }
    let files = try requests.map { try $0.prepare(kind: request.kind, mime: request.mime) }
    let entities = try (request.entities ?? []).map { try $0.entity() }
    let captions = try requests.map { file in
      try MessageText.normalized(file.text ?? "", (file.entities ?? []).map { try $0.entity() })
    }
    let passage = try Passage(hold: request.hold, milliseconds: request.delayMilliseconds)
    return try await hub.perform(passage) { telegram in
      let author = try account(request.from, telegram)
      let peer = try peer(request.chat, seenBy: author, telegram)
      try check(request.dc, telegram)
      try telegram.world.checkMayPost(author, to: peer)
      var draft = Draft(text: try MessageText.normalized(request.text ?? "", entities))
      if request.topic != nil {
        guard case .channel(let id) = peer, telegram.world.channels[id]?.isForum == true else {
          throw ControlError("\(request.chat) has no topics")
        }
      }
      (draft.replyTo, draft.topic) = (request.replyTo, request.topic)
      draft.fields = request.fields ?? MessageFields()
      draft.isSilent = request.silent ?? false
      draft.noForwards = request.noForwards ?? false
      if let action = request.action {
        guard given == 0, request.text == nil else {
          throw ControlError("a service message has nothing but its action")
        }
        let service = try API.AnyMessageAction(decoding: TLSchema.api.encoded(action, type: "MessageAction"))
        let sent = try telegram.world.deliver(.service(service), draft, from: author, to: peer).id
        return SayAnswer(id: sent, chat: peer.botAPIID, ids: ids(of: sent, in: peer, author, telegram.world))
      }
      if let media = request.media?.value {
        let owner = try media.peer.map { try self.peer($0, seenBy: author, telegram) }
        let plain = try media.media(in: &telegram.world, owner: owner)
        draft.media = StoredMedia(content: .plain(plain))
      }
      var drafts: [Draft] = files.isEmpty ? [draft] : []
      var media = files.map { file in
        var media = file.store(in: &telegram.world, dc: request.dc)
        media.ttlSeconds = request.ttl?.seconds
        if request.spoiler == true { media.isSpoiler = true }
        return media
      }
      if let stars = request.stars {
        guard stars > 0 else { throw ControlError("stars is \(stars)") }
        media = [StoredMedia(content: .paid(stars: stars, media))]
      }
      let group = media.count > 1 ? Int64(bitPattern: telegram.world.generator.next() >> 1) : nil
      for (index, medium) in media.enumerated() {
        var item = draft
        // The text is the first file's caption, unless the file brings its own.
        if index > 0 { item.text = .empty }
        if !captions[index].string.isEmpty { item.text = captions[index] }
        (item.media, item.groupedID) = (medium, group)
        drafts.append(item)
      }
      let sent = try drafts.map { try telegram.world.send($0, from: author, to: peer).id }
      return SayAnswer(
        id: sent[0], chat: peer.botAPIID, ids: ids(of: sent[0], in: peer, author, telegram.world),
        album: sent.count > 1 ? sent : nil,
        albumIDs: sent.count > 1 ? sent.map { ids(of: $0, in: peer, author, telegram.world) } : nil)
    }
  }

  private func check(_ dc: Int32?, _ telegram: Telegram) throws {
    let known = telegram.endpoints.map(\.id).filter { $0 != telegram.cdn.dc }
    guard let dc, !known.contains(dc) else { return }
    throw ControlError("there is no data centre \(dc); there are \(known.map(String.init).joined(separator: ", "))")
  }

  /// - Returns: the new messages' ids, as whoever forwards them sees them.
  func forward(_ request: ForwardRequest) async throws -> [Int32] {
    try await hub.perform { telegram in
      let user = try account(request.from, telegram)
      let home = try peer(request.chat, seenBy: user, telegram)
      let target = try peer(request.to, seenBy: user, telegram)
      let numbers = request.ids.map { _ in Int64(bitPattern: telegram.world.generator.next() | 1) }
      let options = World.ForwardOptions(dropsAuthor: request.dropAuthor ?? false)
      return try telegram.world.forward(
        request.ids, from: home, to: target, by: user, randomIDs: numbers, options
      ).map(\.id)
    }
  }

  /// - Returns: 1 if the chat was not so before.
  func protect(_ request: ProtectRequest) async throws -> Int {
    try await hub.perform { telegram in
      let somebody = try account(.name("alice"), telegram)
      let peer = try peer(request.chat, seenBy: somebody, telegram)
      guard telegram.world.isProtected(peer) != request.isProtected else { return 0 }
      let creator: Int64?
      switch peer {
      case .user: throw ControlError("\(request.chat) is a private chat")
      case .group(let id): creator = telegram.world.groups[id]?.creator
      case .channel(let id): creator = telegram.world.channels[id]?.creator
      }
      try telegram.world.setNoForwards(request.isProtected, in: peer, by: creator ?? somebody)
      return 1
    }
  }

  /// - Returns: the supergroup's Bot API id.
  func migrate(_ request: MigrateRequest) async throws -> Int64 {
    try await hub.perform { telegram in
      let somebody = try account(.name("alice"), telegram)
      guard case .group(let id) = try peer(request.chat, seenBy: somebody, telegram),
        let creator = telegram.world.groups[id]?.creator
      else { throw ControlError("\(request.chat) is no basic group") }
      return PeerKey.channel(try telegram.world.migrate(group: id, by: creator)).botAPIID
    }
  }

  /// - Returns: the topic's id.
  func topic(_ request: TopicRequest) async throws -> Int32 {
    try await hub.perform { telegram in
      let author = try account(request.from, telegram)
      guard case .channel(let id) = try peer(request.chat, seenBy: author, telegram),
        let channel = telegram.world.channels[id], !channel.isBroadcast
      else { throw ControlError("\(request.chat) is no supergroup") }
      if !channel.isForum { try telegram.world.setForum(true, channel: id, by: channel.creator) }
      let number = Int64(bitPattern: telegram.world.generator.next() | 1)
      return try telegram.world.createTopic(
        request.title, iconColor: nil, iconEmoji: nil, channel: id, by: author, randomID: number
      ).id
    }
  }

  /// - Returns: how many messages' media were unread.
  func open(_ request: OpenRequest) async throws -> Int {
    try await hub.perform { telegram in
      let user = try account(request.user, telegram)
      let peer = try peer(request.chat, seenBy: user, telegram)
      let box = try telegram.world.box(of: peer, for: user)
      let ids = request.ids.filter { id in
        box[id].map { $0.peer == peer && $0.author != user && telegram.world.isMediaUnread($0, for: user) } ?? false
      }
      if case .channel(let id) = peer {
        try telegram.world.openMedia(ids, inChannel: id, by: user)
      } else {
        _ = try telegram.world.openMedia(ids, by: user)
      }
      return ids.count
    }
  }
}
