import MTProto
import NIOCore
import TL
import TelegramClient

/// Something on its way to the client, with what it shows.
struct Delivery {
  var payload: UpdatePayload
  var shown: [Shown] = []
}

/// Telegram, as the client of one process sees it.
struct SimulatedSource: UpdateSource {
  let process: Process

  private var world: Simulation { process.world }

  func nextUpdate() async -> UpdatePayload? {
    let delivery: Delivery? = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if process.isDead || Task.isCancelled { return continuation.resume(returning: nil) }
        if process.feed.isEmpty {
          process.feedWaiter = continuation
        } else {
          continuation.resume(returning: process.feed.removeFirst())
        }
      }
    } onCancel: {
      process.feedWaiter?.resume(returning: nil)
      process.feedWaiter = nil
    }
    guard let delivery, !process.isDead else { return nil }
    world.oracle.pushed(delivery.shown)
    return world.sabotage == .holesIgnored ? process.closingHoles(delivery.payload) : delivery.payload
  }

  func updatesState() async throws(TelegramError) -> API.UpdatesState {
    try await call("getState") { world in
      let state = world.server.state
      // Only a first start goes on from it; later it is asked for to be compared.
      let isFirst = world.oracle.reached[nil] == nil
      return (state, { if isFirst { world.oracle.answered([], channel: nil, reached: state.pts) } })
    }
  }

  func dialogs(from offset: DialogOffset) async throws(TelegramError) -> API.AnyMessagesDialogs {
    try await call("getDialogs") { world in
      let answer = world.server.dialogs()
      return (
        answer,
        {
          for (channel, pts) in DialogPage(answer)?.channelStates ?? [:] {
            world.oracle.answered([], channel: channel, reached: pts)
          }
        }
      )
    }
  }

  func difference(
    pts: Int32, qts: Int32, date: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesDifference {
    let result: Result<API.AnyUpdatesDifference, TelegramError> = try await call("getDifference \(pts)") { world in
      if world.roll(world.loop.now < world.amnesiaEnd ? 0.6 : world.plan.forgets) {
        world.count("state forgotten")
        let refusal = TelegramError.rpc(
          RPCError(code: 400, message: "PERSISTENT_TIMESTAMP_INVALID"), method: API.UpdatesGetDifference.name)
        return (.failure(refusal), {})
      }
      let (answer, shown) = world.server.difference(pts: pts, qts: qts)
      let reached: Int32? =
        switch answer {
        case .updatesDifference(let difference): difference.state.pts
        case .updatesDifferenceSlice(let slice): slice.intermediateState.pts
        case .updatesDifferenceTooLong(let tooLong): tooLong.pts
        default: nil
        }
      return (.success(answer), { world.oracle.answered(shown, channel: nil, reached: reached) })
    }
    return try result.get()
  }

  func channelDifference(
    id: Int64, pts: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesChannelDifference {
    let result: Result<API.AnyUpdatesChannelDifference, TelegramError> =
      try await call("getChannelDifference \(id) \(pts)") { world in
        guard let (answer, shown) = world.server.channelDifference(id: id, pts: pts) else {
          let refusal = TelegramError.rpc(
            RPCError(code: 400, message: "CHANNEL_PRIVATE"), method: API.UpdatesGetChannelDifference.name)
          return (.failure(refusal), { world.oracle.lost(channel: id) })
        }
        let reached: Int32? =
          switch answer {
          case .updatesChannelDifference(let difference): difference.pts
          case .updatesChannelDifferenceTooLong(let tooLong):
            if case .dialog(let dialog) = tooLong.dialog { dialog.pts } else { nil }
          default: nil
          }
        return (.success(answer), { world.oracle.answered(shown, channel: id, reached: reached) })
      }
    return try result.get()
  }

  func now() -> Moment { Moment(uptime: world.loop.now, unixTime: world.wallTime) }

  func sleep(until uptime: Duration) async throws {
    guard await world.loop.sleep(uptime - world.loop.now) else { throw CancellationError() }
  }

  /// A call: there, what may go wrong, and back.
  ///
  /// `answer` tells what the server says, and what to note when that arrives.
  func call<T>(
    _ name: String, _ answer: (Simulation) -> (T, () -> Void)
  ) async throws(TelegramError) -> T {
    let world = world
    guard await world.loop.sleep(world.latency()), !process.isDead else { throw .closed }
    while !process.isConnected {
      guard await world.loop.sleep(.milliseconds(500)), !process.isDead else { throw .closed }
    }
    if world.roll(world.plan.callFails) {
      world.trace("\(name) fails")
      switch Int.random(in: 0..<4, using: &world.random) {
      case 0: throw .floodWait(.seconds(Int64.random(in: 1...60, using: &world.random)), method: name)
      case 1: throw .rpc(RPCError(code: 500, message: "INTERNAL"), method: name)
      case 2: throw .unreachable(dc: 2, reason: "simulated")
      default:
        guard await world.loop.sleep(.seconds(30)), !process.isDead else { throw .closed }
        throw .timeout(method: name)
      }
    }
    let (value, arrived) = answer(world)
    guard await world.loop.sleep(world.latency()), !process.isDead else { throw .closed }
    world.trace("\(name) answered")
    arrived()
    return value
  }
}
