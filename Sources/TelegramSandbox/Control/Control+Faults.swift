import NIOCore

extension Control {
  /// Everything that can be made to go wrong.
  private enum Kind: String, CaseIterable {
    /// Close the connections of `user`, or all; again and again with `every` (seconds) or `every_ms`.
    case disconnect
    /// Answer the next `count` calls of `method` (`*` for any) with FLOOD_WAIT of `seconds`.
    case floodWait = "flood_wait"
    /// Answer the next `count` calls of `method` with `code` and `message`.
    case error
    /// Answer calls of `method` with `code` and `message`: `times` or all, one of `every`, of `chat`, of `user`.
    case rpcError = "rpc_error"
    /// Show messages, or their `part`, with a constructor of a newer layer.
    case newerLayer = "newer_layer"
    /// Leave `ids`, or all, of `chat` out of what `user` is answered by getMessages, `times` or always.
    case leaveOut = "leave_out"
    /// Let clients make `count` posts in `seconds` in a chat, or in `chat`.
    case postLimit = "post_limit"
    /// Send the updates that were held.
    case releaseUpdates = "release_updates"
    /// Make every salt invalid.
    case badSalt = "bad_salt"
    /// Forget the auth keys of `user`, or all.
    case authKeyLost = "auth_key_lost"
    /// End the sign-ins of `user`, or all.
    case sessionRevoked = "session_revoked"
    /// Lose, double, swap or (by `seconds`) delay the next `count` updates of every session, or one of `every` so many.
    case dropUpdates = "drop_updates"
    case duplicateUpdates = "duplicate_updates"
    case reorderUpdates = "reorder_updates"
    case delayUpdates = "delay_updates"
    /// Set the server's clock `seconds` ahead, or behind.
    case clockSkew = "clock_skew"
    /// Answer differences of more than `events` events with differenceTooLong.
    case differenceTooLong = "difference_too_long"
    /// Change the file reference of every file.
    case fileReferenceExpired = "file_reference_expired"
    /// Move every file to the data centre `dc`, or each to another.
    case fileMigrate = "file_migrate"
    /// Let every connection carry `bytes` a second each way, and everything take `ms` longer.
    case slowNetwork = "slow_network"
    /// Answer the next `count` calls of `method`, or of those that move files, with FLOOD_PREMIUM_WAIT of `seconds`.
    case floodPremiumWait = "flood_premium_wait"
    /// Send downloads of files from `bytes` on to the CDN; `corrupt`: `count` answers, or all, carry a wrong byte.
    case cdn
    /// Nothing goes wrong any more.
    case none
  }

  /// - Returns: how many connections, keys, sign-ins or calls are concerned.
  func fault(_ request: FaultRequest) async throws -> Int {
    let name = request.kind.lowercased().replacing(/[ -]/, with: "_")
    let alias: Kind? = name == "skip" ? .dropUpdates : nil
    guard let kind = Kind(rawValue: name) ?? Kind(rawValue: "\(name)_updates") ?? alias else {
      let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw ControlError("unknown kind '\(request.kind)'; known are \(known)")
    }
    let user = try await hub.perform { telegram in try request.user.map { try account($0, telegram) } }
    let count = request.count ?? 1
    guard (0...1_000_000).contains(count) else { throw ControlError("count is \(count); 0 to 1000000 is possible") }
    switch kind {
    case .disconnect:
      guard request.every != nil || request.everyMilliseconds != nil else { return await hub.disconnect(user) }
      let pause = Duration.milliseconds(request.everyMilliseconds ?? 0) + .seconds(request.every ?? 0)
      guard pause >= .milliseconds(10), pause <= .seconds(3600) else {
        throw ControlError("10 ms to an hour may lie between cuts")
      }
      return await hub.disconnect(user, every: pause)
    case .fileMigrate: return try await migrate(to: request.dc)
    case .slowNetwork: return try slowDown(request)
    case .floodPremiumWait:
      let failure = RPCFailure.floodPremiumWait(request.seconds ?? 3)
      let methods = request.method.map { [$0] } ?? ["upload.getFile", "upload.saveFilePart", "upload.saveBigFilePart"]
      await hub.perform { telegram in
        for method in methods { telegram.faults.fail(method, with: failure, times: count) }
      }
      return count
    case .cdn:
      let minimum = max(request.bytes ?? 0, 0)
      let corrupt = request.corrupt == true ? request.count ?? .max : 0
      return await hub.perform { telegram in
        telegram.cdn.redirect = CDN.Redirect(minimumSize: minimum, corruptAnswers: corrupt)
        return telegram.world.files.values.count { $0.size >= minimum }
      }
    case .badSalt: return await hub.replaceSalts(user)
    case .authKeyLost: return await hub.loseKeys(user)
    case .sessionRevoked: return await hub.revoke(user)
    case .floodWait: return try await fail(request, with: .floodWait(request.seconds ?? 3), count)
    case .error:
      guard let code = request.code, let message = request.message else {
        throw ControlError("an error needs code and message")
      }
      return try await fail(request, with: RPCFailure(code, message), count)
    case .rpcError: return try await failCalls(request)
    case .newerLayer: return try await renderAsNewer(request)
    case .leaveOut: return try await leaveOut(request)
    case .postLimit: return try await limitPosts(request)
    case .releaseUpdates: return await hub.releaseUpdates()
    case .dropUpdates: return try await spoil(.drop, request, count)
    case .duplicateUpdates: return try await spoil(.duplicate, request, count)
    case .reorderUpdates: return try await spoil(.reorder, request, count)
    case .delayUpdates: return try await spoil(.delay(.seconds(request.seconds ?? 3)), request, count)
    case .clockSkew: return await hub.setClock(ahead: .seconds(request.seconds ?? 60))
    case .differenceTooLong:
      let events = max(request.events ?? 0, 0)
      await hub.perform { telegram in
        telegram.world.limits.total = events
        telegram.world.limits.channelTotal = events
      }
      return events
    case .fileReferenceExpired:
      return await hub.perform { telegram in
        for id in telegram.world.files.keys.sorted() {
          telegram.world.files[id]?.reference = telegram.world.generator.bytes(24)
        }
        return telegram.world.files.count
      }
    case .none:
      _ = await hub.setClock(ahead: .zero)
      await hub.stopDisconnecting()
      pace.set(nil)
      await hub.perform { telegram in
        telegram.cdn.redirect = nil
        telegram.faults = Faults()
        telegram.world.limits = DifferenceLimits()
        telegram.world.newerLayers = []
        telegram.world.postLimit = nil
      }
      return 0
    }
  }

  private func migrate(to wanted: Int32?) async throws -> Int {
    try await hub.perform { telegram in
      let known = telegram.endpoints.map(\.id).filter { $0 != telegram.cdn.dc }
      if let wanted, !known.contains(wanted) { throw ControlError("there is no data centre \(wanted)") }
      var moved = 0
      for (id, file) in telegram.world.files {
        let next = wanted ?? known.first { $0 > file.dc } ?? known.first ?? file.dc
        guard next != file.dc else { continue }
        telegram.world.files[id]?.dc = next
        moved += 1
      }
      return moved
    }
  }

  private func slowDown(_ request: FaultRequest) throws -> Int {
    let rate = request.bytes ?? .max
    let delay = request.milliseconds ?? 0
    guard rate >= 1024, (0...60_000).contains(delay) else {
      throw ControlError("a slow network carries 1024 bytes a second or more, and delays by a minute or less")
    }
    pace.set(.init(bytesPerSecond: rate, delay: .milliseconds(Int64(delay))))
    return 0
  }

  private func fail(_ request: FaultRequest, with failure: RPCFailure, _ count: Int) async throws -> Int {
    guard let method = request.method else { throw ControlError("which method? (* for any)") }
    await hub.perform { $0.faults.fail(method, with: failure, times: count) }
    return count
  }

  private func spoil(_ kind: UpdateFaults.Kind, _ request: FaultRequest, _ count: Int) async throws -> Int {
    guard let every = request.every else {
      await hub.perform { $0.faults.updates.start(kind, count: count) }
      return count
    }
    guard (1...1_000_000).contains(every) else { throw ControlError("every is \(every); 1 to 1000000 is possible") }
    await hub.perform { $0.faults.updates.spoil(kind, oneOf: every) }
    return every
  }
}
