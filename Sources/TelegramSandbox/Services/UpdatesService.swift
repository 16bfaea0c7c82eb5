import TL

/// `updates.*`: catching up.
extension Dispatcher {
  mutating func registerUpdates() {
    on(API.UpdatesGetState.self) { telegram, caller, _ in try telegram.world.state(of: caller.viewer()) }
    on(API.UpdatesGetDifference.self) { telegram, caller, request in
      try telegram.world.difference(for: caller.viewer(), since: request)
    }
    on(API.UpdatesGetChannelDifference.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.world.resolve(request.channel, for: viewer)
      return try telegram.world.channelDifference(for: viewer, channel: id, since: request.pts, limit: request.limit)
    }
  }
}
