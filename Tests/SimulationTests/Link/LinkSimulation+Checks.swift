@testable import MTProto
@testable import TelegramClient
@testable import TelegramSandbox

/// What must hold during a run and after it.
extension LinkSimulation {
  /// Nothing grows without limit.
  mutating func checkBounds() {
    guard let session = client.machine.session else { return }
    let active = client.attempts.count
    let sizes: [(String, Int, limit: Int)] = [
      ("requests", session.requests.count, active),
      ("messages carrying calls", session.carried.count, active),
      ("queued calls", session.queue.count, active),
      ("held calls", client.machine.held.count, active),
      ("introductions", client.machine.introductions.count, active),
      ("service messages", session.services.count, active + 1_000),
      ("acknowledgments", session.acknowledgments.count, ClientSession.maximumPendingAcknowledgments),
      ("packets", session.packets.count, ClientSession.rememberedPackets),
      ("sent acknowledgments", session.sentAcknowledgments.count, ClientSession.rememberedPackets),
      ("questions", session.stateQuestions.count, 50),
      ("received identifiers", session.received.count, ReceivedIDs.capacity),
      ("session names", session.knownUniqueIDs.count, 10),
    ]
    for (name, size, limit) in sizes where size > limit { violate("\(size) \(name), \(limit) at most") }
  }

  /// Once the faults are over everything has come right.
  mutating func checkEnd() {
    for call in calls where call.isMade && call.endings != 1 {
      violate("call \(call.number) has ended \(call.endings) times")
    }
    guard !client.isTerminated else { return }
    for call in calls where call.isProbe && !call.hasResult {
      violate("probe \(call.number) has no result")
    }
    if client.pipe == nil || !client.machine.isEncrypted { violate("not connected") }
    if plan.isHome {
      let lost = (1...max(1, server.pushed)).filter { $0 <= server.pushed && $0 > client.covered }
        .filter { !client.updates.contains($0) }
      if !lost.isEmpty { violate("updates lost: \(lost.prefix(5)), \(lost.count) in all") }
    }
    guard let session = client.machine.session else { return violate("no session") }
    if !session.requests.isEmpty || !session.carried.isEmpty { violate("calls left over") }
    let unacknowledged = server.keys[session.authKey.id]?.sessions[session.sessionID]?.session.unacknowledged.count
    if unacknowledged != 0 { violate("\(unacknowledged ?? -1) messages never acknowledged") }
  }
}
