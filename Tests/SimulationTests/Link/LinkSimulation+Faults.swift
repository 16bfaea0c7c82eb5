import NIOCore

@testable import MTProto
@testable import TelegramClient

/// What goes wrong.
extension LinkSimulation {
  mutating func injectFault() {
    guard let kind = plan.kinds.randomElement(using: &random) else { return }
    add(.fault, after: plan.interval * Double.random(in: 0...2, using: &random))
    note("fault injected: \(kind)")
    faults[kind.rawValue, default: 0] += 1
    let pipe = client.pipe
    switch kind {
    case .disconnect:
      if let pipe { cut(pipe) }
    case .blackHole:
      guard let pipe else { break }
      let both = Bool.random(using: &random)
      if both || Bool.random(using: &random) { pipes[pipe]?.toServer.isBlackHole = true }
      if both || pipes[pipe]?.toServer.isBlackHole != true { pipes[pipe]?.toClient.isBlackHole = true }
    case .restart:
      restartServer()
    case .amnesia:
      server.forgetSessions()
    case .newSalts:
      server.replaceSalts(now: serverNow)
    case .clientClock:
      client.clock += jump()
    case .serverClock:
      serverClock += jump()
      restartServer()
      server.replaceSalts(now: serverNow)
    case .repetition:
      server.repeatUnacknowledged(now: serverNow)
    case .replay:
      if let pipe { server.replay(pipe: pipe) }
    case .question:
      let carried = unreceivedMessages()
      let containers = client.machine.session?.packets.suffix(2).map(\.id) ?? []
      server.ask(carried + containers + [Int64(bitPattern: random.next()) & ~3], now: serverNow)
    case .transportError:
      server.refusesNext = Bool.random(using: &random)
      if let pipe { server.sendError(-429, pipe: pipe) }
    case .corruption:
      guard let pipe else { break }
      if Bool.random(using: &random) {
        pipes[pipe]?.toServer.isCorrupt = true
      } else {
        pipes[pipe]?.toClient.isCorrupt = true
      }
    case .flood:
      server.push(Int.random(in: 500...2_500, using: &random), now: serverNow)
    case .keyLoss:
      server.keys = [:]
    }
    performServer()
  }

  /// Messages of the client's whose calls were not run: no server wants one again that it has acted on.
  private func unreceivedMessages() -> [Int64] {
    guard let carried = client.machine.session?.carried else { return [] }
    return carried.sorted { $0.key < $1.key }.filter { _, id in
      client.attempts[id].map { calls[$0].runs == 0 } ?? false
    }.map(\.key)
  }

  private mutating func restartServer() {
    server.forgetSessions()
    for pipe in pipes.keys.sorted() { cut(pipe) }
  }

  /// Seconds to days, forward or back.
  private mutating func jump() -> Duration {
    let size: Double =
      switch Int.random(in: 0..<3, using: &random) {
      case 0: Double.random(in: 0...40, using: &random)
      case 1: Double.random(in: 40...4_000, using: &random)
      default: Double.random(in: 4_000...200_000, using: &random)
      }
    return .seconds(Bool.random(using: &random) ? size : -size)
  }
}
