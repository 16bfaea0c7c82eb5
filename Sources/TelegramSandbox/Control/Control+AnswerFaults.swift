import TL

/// Faults of what methods answer.
extension Control {
  /// Answers calls with an error, until told otherwise.
  func failCalls(_ request: FaultRequest) async throws -> Int {
    guard let method = request.method, let code = request.code, let message = request.message else {
      throw ControlError("an rpc_error needs method (* for any), code and message")
    }
    guard method == "*" || TLSchema.api.id(of: method) != nil else {
      throw ControlError("there is no method \(method)")
    }
    let times = try times(request)
    let every = request.every ?? 1
    guard (1...1_000_000).contains(every) else { throw ControlError("every is \(every); 1 to 1000000 is possible") }
    return try await hub.perform { telegram in
      let user = try request.user.map { try account($0, telegram) }
      let viewer = try user ?? account(.name("alice"), telegram)
      telegram.faults.fail(
        CallFault(
          method: method, failure: RPCFailure(code, message), remaining: times, every: every,
          chat: try request.chat.map { try peer($0, seenBy: viewer, telegram) }, user: user))
      return times ?? 0
    }
  }

  /// Shows messages as a server of a newer layer would.
  func renderAsNewer(_ request: FaultRequest) async throws -> Int {
    guard let part = NewerLayer.Part(rawValue: request.part ?? "message") else {
      throw ControlError("part is one of \(NewerLayer.Part.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    let destination: Destination?
    switch request.method {
    case nil, "*": destination = nil
    case "push": destination = .push
    case let method?:
      guard TLSchema.api.id(of: method) != nil else { throw ControlError("there is no method \(method)") }
      destination = .answer(method)
    }
    let times = try times(request)
    return try await hub.perform { telegram in
      let viewer = try account(request.user ?? .name("alice"), telegram)
      let chat = try request.chat.map { try peer($0, seenBy: viewer, telegram) }
      let isPersonal: Bool
      switch chat {
      case .channel: isPersonal = request.user != nil
      case .user, .group: isPersonal = true
      case nil: isPersonal = request.user != nil || request.id != nil
      }
      telegram.world.newerLayers.append(
        NewerLayer(
          part: part, chat: chat, id: request.id, viewer: isPersonal ? viewer : nil, destination: destination,
          constructor: NewerLayer.firstConstructor + UInt32(telegram.world.newerLayers.count), remaining: times))
      return times ?? 0
    }
  }

  /// Says nothing of messages that are asked for by their ids.
  func leaveOut(_ request: FaultRequest) async throws -> Int {
    guard let chat = request.chat else { throw ControlError("leave_out needs a chat") }
    let ids = Set(request.ids ?? request.id.map { [$0] } ?? [])
    let times = try times(request)
    return try await hub.perform { telegram in
      let viewer = try account(request.user ?? .name("alice"), telegram)
      let peer = try peer(chat, seenBy: viewer, telegram)
      let channel: Int64? = if case .channel(let id) = peer { id } else { nil }
      // Private chats and basic groups share their numbers: without ids, what is there now is meant.
      let all = channel == nil ? try telegram.world.box(of: peer, for: viewer).histories[peer] ?? [] : []
      telegram.faults.omissions.append(
        Omission(ids: ids.isEmpty ? Set(all) : ids, channel: channel, viewer: viewer, remaining: times))
      return ids.count
    }
  }

  /// Lets clients post no faster than Telegram does.
  func limitPosts(_ request: FaultRequest) async throws -> Int {
    let posts = request.count ?? 20
    let seconds = request.seconds ?? 60
    guard (1...1_000_000).contains(posts), (1...86_400).contains(seconds) else {
      throw ControlError("a limit is of 1 to 1000000 posts in 1 to 86400 seconds")
    }
    return try await hub.perform { telegram in
      let viewer = try account(request.user ?? .name("alice"), telegram)
      let chat = try request.chat.map { try peer($0, seenBy: viewer, telegram) }
      telegram.world.postLimit = PostLimit(posts: posts, window: .seconds(seconds), chat: chat)
      return posts
    }
  }

  private func times(_ request: FaultRequest) throws -> Int? {
    guard let times = request.times ?? request.count else { return nil }
    guard (0...1_000_000).contains(times) else { throw ControlError("times is \(times); 0 to 1000000 is possible") }
    return times
  }
}
