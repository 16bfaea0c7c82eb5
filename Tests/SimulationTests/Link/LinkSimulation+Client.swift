import MTProtoCrypto
import NIOCore
import TL

@testable import MTProto
@testable import TelegramClient

/// The shell around the machine: what `DataCenterLink` does with connections, and its client with refused calls.
extension LinkSimulation {
  private static let patience = 3

  // MARK: Connections

  mutating func connect() {
    guard client.pipe == nil, !client.isTerminated else { return }
    guard let key = simulationKey, !chance(plan.refusals) else {
      note("refused")
      return reconnect()
    }
    connections += 1
    let number = connections
    pipes[number] = Pipe()
    server.accept(pipe: number, privateKey: key)
    note("connected \(number)")
    client.pipe = number
    client.hasAnswered = false
    client.machine.connected(
      transport: plan.transport, dc: 2, keys: [key.publicKey], now: clientNow, using: &client.random)
    saboteConnected()
    if client.machine.isEncrypted { stands() } else { add(.keyExchangeTimeout(pipe: number), after: .seconds(20)) }
    flush()
  }

  /// Waits before the next attempt.
  private mutating func reconnect(atLeast shortest: Duration = .zero) {
    add(.connect, after: max(client.backoff.failed(using: &client.random), shortest))
  }

  private mutating func stands() { if plan.isHome { fetchDifference() } }

  mutating func endConnection(_ fault: LinkFault) {
    guard let pipe = client.pipe else { return }
    note("fault \(fault)")
    client.pipe = nil
    client.timer = nil
    client.machine.disconnected(now: clientNow)
    cut(pipe)
    recover(from: fault)
  }

  private mutating func recover(from fault: LinkFault) {
    if case .transport(TransportErrorCode.authKeyUnknown) = fault {
      client.unknownKey += 1
    } else if client.wasUseful {
      client.unknownKey = 0
    }
    if client.wasUseful { client.backoff.succeeded() }
    client.wasUseful = false
    if case .transport(TransportErrorCode.authKeyUnknown) = fault, client.machine.hasKey,
      client.unknownKey >= Self.patience
    {
      loseKey()
    }
    reconnect(atLeast: fault == .transport(TransportErrorCode.flood) ? .seconds(10) : .zero)
  }

  private mutating func loseKey() {
    note("key lost")
    let attempts = client.attempts.sorted { $0.key < $1.key }
    if plan.isHome { client.isTerminated = true }
    for (id, number) in attempts {
      let mayHaveRun = client.machine.mayHaveRun(id)
      client.machine.cancel(id, now: clientNow)
      client.attempts[id] = nil
      if plan.isHome {
        end(number, "key lost")
      } else if mayHaveRun {
        refused(number, .outcomeUnknown)
      } else {
        add(.makeCall(number: number), after: .zero)
      }
    }
    if !plan.isHome { client.machine.forgetKey() }
  }

  // MARK: Bytes and time

  mutating func clientReceived(_ bytes: ByteBuffer) {
    sabote()
    let salts = client.machine.session?.salts
    let outputs = client.machine.received(bytes, now: clientNow, using: &client.random)
    if sabotage == .ignoredSalts, let salts { client.machine.session?.salts = salts }
    perform(outputs)
    flush()
  }

  mutating func clientTimer(_ version: Int) {
    guard client.pipe != nil, client.timer?.version == version else { return }
    client.timer = nil
    perform(client.machine.tick(now: clientNow))
    flush()
  }

  private mutating func flush() {
    guard let pipe = client.pipe else { return }
    sabote()
    if let bytes = client.machine.outgoing(now: clientNow, using: &client.random) {
      note("client sends \(bytes.readableBytes)")
      write(bytes, pipe: pipe, .toServer)
    }
    let due = client.machine.nextDeadline
    if let timer = client.timer, timer.deadline == due { return }
    client.timer = nil
    guard let due else { return }
    client.timerVersion += 1
    client.timer = (due, client.timerVersion)
    events.add(.clientTimer(version: client.timerVersion), at: max(due, time))
  }

  private mutating func perform(_ outputs: [LinkMachine.Output]) {
    for output in outputs {
      switch output {
      case .keyAgreed(let agreement):
        note("key agreed")
        client.openSession(
          with: agreement.authKey, salt: agreement.salt, timeOffset: agreement.serverTimeOffset, now: clientNow)
        if client.machine.isEncrypted { stands() }
      case .fault(let fault): endConnection(fault)
      case .session(let event): perform(event)
      }
    }
  }

  private mutating func perform(_ event: ClientSession.Event) {
    if case .stalled = event { endConnection(.stalled) } else { client.wasUseful = true }
    switch event {
    case .result(let id, let bytes):
      client.hasAnswered = true
      answered(id, bytes)
    case .failure(let id, let error):
      client.hasAnswered = true
      guard let number = client.attempts.removeValue(forKey: id) else {
        return violate("attempt \(id) failed after its end: \(error)")
      }
      refused(number, error)
    case .updates(let bytes): tookUpdate(bytes)
    case .sessionCreated, .messagesDropped:
      note("session created")
      if plan.isHome, client.hasAnswered, sabotage != .ignoredNewSessions { fetchDifference() }
    case .salt(let salt): client.salt = salt
    case .timeOffset(let offset):
      note("clock corrected")
      client.timeOffset = offset
    case .undecodable(let bytes): violate("\(bytes.readableBytes) unreadable bytes")
    case .pong, .stalled: break
    }
  }

  private mutating func tookUpdate(_ bytes: ByteBuffer) {
    guard let (number, _) = Payload.read(Payload.update, bytes) else { return violate("an update that was not sent") }
    note("update \(number)")
    if !client.updates.insert(number).inserted { violate("update \(number) came twice") }
  }

  // MARK: Calls

  mutating func makeCall(_ number: Int) {
    guard calls[number].endings == 0 else { return violate("call \(number) is made after its end") }
    calls[number].isMade = true
    guard !client.isTerminated else { return end(number, "terminated") }
    client.lastID += 1
    let id = client.lastID
    client.attempts[id] = number
    note("call \(number) as \(id)")
    let call = calls[number]
    client.machine.invoke(
      id, body: Payload.call(number, call.kind, padding: call.padding), isBulk: false, now: clientNow)
    add(.callTimeout(id), after: .seconds(90))
    flush()
  }

  mutating func abandon(_ id: LinkMachine.RequestID) {
    guard let number = client.attempts.removeValue(forKey: id) else { return }
    client.machine.cancel(id, now: clientNow)
    end(number, "timeout")
    flush()
  }

  private mutating func answered(_ id: LinkMachine.RequestID, _ bytes: ByteBuffer) {
    guard let number = client.attempts.removeValue(forKey: id) else {
      return violate("attempt \(id) is answered after its end")
    }
    guard let answer = Payload.read(Payload.answer, bytes), answer.number == number else {
      return violate("call \(number) has another call's answer")
    }
    calls[number].hasResult = true
    if calls[number].kind == .difference { client.covered = max(client.covered, answer.value) }
    end(number, "result")
  }

  private mutating func refused(_ number: Int, _ error: RPCError) {
    note("call \(number) refused: \(error)")
    if sabotage == .repeatedOutcomes, error.kind == .outcomeUnknown {
      return add(.makeCall(number: number), after: .zero)
    }
    let decision = calls[number].policy.decide(
      error, method: calls[number].kind.method, isHome: plan.isHome, isOpen: false)
    switch decision {
    case .retry: add(.makeCall(number: number), after: .zero)
    case .wait(let wait): add(.makeCall(number: number), after: wait)
    case .fail, .moveHome, .ask, .authorize: end(number, "\(error)")
    }
  }

  private mutating func end(_ number: Int, _ outcome: String) {
    note("call \(number) ends: \(outcome)")
    calls[number].endings += 1
    if calls[number].endings > 1 { violate("call \(number) has ended twice") }
    if number == client.difference {
      client.difference = nil
      if client.wantsDifference || !calls[number].hasResult { fetchDifference() }
    }
  }

  /// Asks what was missed, after the question under way.
  private mutating func fetchDifference() {
    guard !client.isTerminated else { return }
    client.wantsDifference = client.difference != nil
    guard client.difference == nil else { return }
    let number = calls.count
    calls.append(SimulatedCall(number: number, kind: .difference, padding: 0))
    client.difference = number
    add(.makeCall(number: number), after: .milliseconds(1))
  }

  // MARK: Broken on purpose

  private mutating func sabote() {
    switch sabotage {
    case .noDuplicateCheck: client.machine.session?.received = ReceivedIDs()
    case .noAcknowledgments: client.machine.session?.acknowledgments = []
    default: break
    }
  }

  private mutating func saboteConnected() {
    let carried = client.machine.session?.carried.sorted { $0.key < $1.key } ?? []
    switch sabotage {
    case .newIdentifiersOnReconnect:
      for (message, _) in carried { _ = client.machine.session?.sendAnew(message) }
    case .noQuestionOnReconnect:
      client.machine.session?.unaskedStates = []
      client.machine.session?.queue = carried.map(\.value)
    default: break
    }
  }
}
