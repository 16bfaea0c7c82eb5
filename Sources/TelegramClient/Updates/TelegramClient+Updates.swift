public import MTProto
import NIOCore
public import TL

extension TelegramClient: UpdateSource {
  public func nextUpdate() async -> UpdatePayload? {
    var iterator = updates.makeAsyncIterator()
    return await iterator.next()
  }

  public func updatesState() async throws(TelegramError) -> API.UpdatesState {
    try await invoke(API.UpdatesGetState())
  }

  public func dialogs(from offset: DialogOffset) async throws(TelegramError) -> API.AnyMessagesDialogs {
    try await inHalves(of: 100) { limit throws(TelegramError) in
      try await self.invoke(
        API.MessagesGetDialogs(
          offsetDate: offset.date, offsetId: offset.messageID, offsetPeer: offset.peer, limit: limit, hash: 0))
    }
  }

  public func difference(
    pts: Int32, qts: Int32, date: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesDifference {
    try await invoke(API.UpdatesGetDifference(pts: pts, ptsLimit: limit, date: date, qts: qts, qtsLimit: limit))
  }

  public func channelDifference(
    id: Int64, pts: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesChannelDifference {
    guard let peer = PeerID.channel(id) else {
      throw .rpc(RPCError(code: 400, message: "CHANNEL_INVALID"), method: API.UpdatesGetChannelDifference.name)
    }
    return try await invoke(
      API.UpdatesGetChannelDifference(
        channel: try await inputChannel(peer),
        filter: .channelMessagesFilterEmpty(API.ChannelMessagesFilterEmpty()), pts: pts, limit: limit ?? 100))
  }

  /// Has the updates' consumer ask for what happened in a channel (its bare id), or outside of channels, as when the
  /// server says that there was too much to tell.
  public func lookAgain(inChannel channel: Int64?) {
    guard let channel else { environment.feed?.offer(.answered(.updatesTooLong(API.UpdatesTooLong()))); return }
    let update = API.AnyUpdate.updateChannelTooLong(API.UpdateChannelTooLong(channelId: channel))
    environment.feed?.offer(.answered(.updateShort(API.UpdateShort(update: update, date: 0))))
  }

  /// How far Telegram's clock is ahead of this machine's; nil before it is known.
  public func serverTimeOffset(ofDC dc: Int) -> Duration? { environment.hints.known(dc: dc)?.timeOffset }

  /// Telegram's time since 1970-01-01 UTC, whatever this machine's clock says; nil before anything was heard.
  public var telegramTime: Duration? { environment.serverClock.time(at: now().uptime) }

  public func now() -> Moment { environment.wallClock.moment(.now()) }

  public func sleep(until uptime: Duration) async throws {
    let wait = uptime - now().uptime
    if wait > .zero { try await environment.clock.sleep(for: wait) }
  }
}
