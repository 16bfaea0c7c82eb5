import NIOCore

@testable import TelegramClient

/// One connection: two lanes of bytes.
struct Pipe {
  struct Lane {
    /// When the last bytes under way arrive; none overtake them.
    var lastArrival: Duration = .zero
    /// What arrives later is lost.
    var end: Duration?
    var isBlackHole = false
    var isCorrupt = false
  }

  var toServer = Lane()
  var toClient = Lane()
  /// Counts the server's wishes to close it later.
  var closeVersion = 0
  /// The ends that have not heard that it is closed.
  var clientIsOpen = true
  var serverIsOpen = true

  subscript(direction: LinkSimulation.Direction) -> Lane {
    get { direction == .toServer ? toServer : toClient }
    set { if direction == .toServer { toServer = newValue } else { toClient = newValue } }
  }
}

/// The network: bytes arrive late, cut anywhere, and not at all after a cut.
extension LinkSimulation {
  mutating func write(_ bytes: ByteBuffer, pipe: Int, _ direction: Direction) {
    guard var lane = pipes[pipe]?[direction], lane.end == nil, !lane.isBlackHole else { return }
    var rest = bytes
    if lane.isCorrupt, rest.readableBytes > 0 {
      lane.isCorrupt = false
      let index = rest.readerIndex + Int.random(in: 0..<rest.readableBytes, using: &random)
      rest.setInteger((rest.getInteger(at: index, as: UInt8.self) ?? 0) ^ 0x10, at: index)
    }
    while rest.readableBytes > 0 {
      let most = chance(0.05) ? min(rest.readableBytes, 7) : rest.readableBytes
      let length = chance(0.6) ? rest.readableBytes : Int.random(in: 1...most, using: &random)
      guard let part = rest.readSlice(length: length) else { break }
      let delay = plan.latency * Double.random(in: 0.5...1.5, using: &random)
      lane.lastArrival = max(lane.lastArrival, time + delay)
      events.add(.arrival(pipe: pipe, direction, part), at: lane.lastArrival)
    }
    pipes[pipe]?[direction] = lane
  }

  mutating func arrived(_ bytes: ByteBuffer, pipe: Int, _ direction: Direction) {
    guard let lane = pipes[pipe]?[direction], lane.end.map({ time <= $0 }) ?? true, !lane.isBlackHole else { return }
    switch direction {
    case .toServer:
      server.received(bytes, pipe: pipe, now: serverNow)
      performServer()
    case .toClient:
      if client.pipe == pipe { clientReceived(bytes) }
    }
  }

  /// Cuts a connection: of what is under way each side still gets a part, and hears of the end after it.
  mutating func cut(_ pipe: Int) {
    for direction in [Direction.toServer, .toClient] {
      guard let lane = pipes[pipe]?[direction], lane.end == nil else { continue }
      let left = max(lane.lastArrival - time, .zero)
      let end = time + left * Double.random(in: 0...1, using: &random)
      pipes[pipe]?[direction].end = end
      guard !lane.isBlackHole else { continue }
      events.add(.closed(pipe: pipe, direction), at: end + .milliseconds(Int.random(in: 0...300, using: &random)))
    }
  }

  mutating func learnedClosed(_ pipe: Int, _ direction: Direction) {
    switch direction {
    case .toServer:
      pipes[pipe]?.serverIsOpen = false
      server.closed(pipe: pipe)
    case .toClient:
      pipes[pipe]?.clientIsOpen = false
      if client.pipe == pipe { endConnection(.closed("the server closed the connection")) }
    }
    if let known = pipes[pipe], !known.clientIsOpen, !known.serverIsOpen { pipes[pipe] = nil }
  }
}
