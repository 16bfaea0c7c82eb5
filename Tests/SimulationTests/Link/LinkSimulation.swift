import MTProtoCrypto
import NIOCore
import TestSupport

@testable import MTProto
@testable import TelegramClient

/// One run: a link and a server with a faulty network between them, on fake time, all of it decided by a seed.
///
/// The client's half is `LinkMachine` with everything below it; the shell around it does what `DataCenterLink` does.
struct LinkSimulation {
  enum Event {
    case connect
    case clientTimer(version: Int)
    case callTimeout(LinkMachine.RequestID)
    case keyExchangeTimeout(pipe: Int)
    case makeCall(number: Int)
    case arrival(pipe: Int, Direction, ByteBuffer)
    case closed(pipe: Int, Direction)
    case serverClose(pipe: Int, version: Int)
    case answer(ModelServer.Answer)
    case push
    case fault
    case repetition
    case calm
    case probe
  }

  /// Where bytes, or the news of a connection's end, travel to.
  enum Direction { case toServer, toClient }

  /// Faults happen in the first part; in the rest everything must come right again.
  static let stormEnd: Duration = .seconds(400)
  static let probeTime: Duration = .seconds(700)
  static let end: Duration = .seconds(1_000)

  var plan: FaultPlan
  let sabotage: Sabotage?
  var random: SeededGenerator
  var events = EventQueue<Event>()
  var time: Duration = .zero
  var trace: Trace
  var pipes: [Int: Pipe] = [:]
  /// Connections so far.
  var connections = 0
  var server: ModelServer
  var serverClock: Duration = .zero
  var client: ModelClient
  var calls: [SimulatedCall] = []
  /// What went against the promises.
  var violations: [String] = []
  /// Faults that happened, by their names.
  var faults: [String: Int] = [:]

  init(seed: UInt64, sabotage: Sabotage? = nil, keepsTrace: Bool = false) {
    random = SeededGenerator(seed: seed)
    plan = FaultPlan(using: &random)
    self.sabotage = sabotage
    trace = Trace(isKept: keepsTrace)
    server = ModelServer(plan: plan, random: SeededGenerator(seed: random.next()))
    client = ModelClient(plan: plan, seed: random.next())
    if plan.hasKey, let key = AuthKey(bytes: random.bytes(256)) {
      let salt = Int64(bitPattern: random.next())
      server.add(AuthKeyAgreement(authKey: key, salt: salt, serverTimeOffset: .zero), now: serverNow)
      client.openSession(with: key, salt: Bool.random(using: &random) ? salt : 0, timeOffset: .zero, now: clientNow)
    }
  }

  var clientNow: Moment { Moment(uptime: time, unixTime: .seconds(1_800_000_000) + time + client.clock) }
  var serverNow: Moment { Moment(uptime: time, unixTime: .seconds(1_800_000_000) + time + serverClock) }

  mutating func chance(_ share: Double) -> Bool { share > 0 && Double.random(in: 0...1, using: &random) < share }

  mutating func add(_ event: Event, after delay: Duration) { events.add(event, at: time + delay) }

  mutating func note(_ text: String) { trace.note(time, text) }

  mutating func violate(_ text: String) {
    note("VIOLATION \(text)")
    violations.append(text)
  }

  // MARK: The run

  mutating func run() {
    note("plan \(plan)")
    add(.connect, after: .zero)
    add(.push, after: .seconds(1))
    add(.fault, after: plan.interval)
    add(.repetition, after: .seconds(20))
    events.add(.calm, at: Self.stormEnd)
    for number in 0..<5 { events.add(.probe, at: Self.probeTime + .seconds(number * 7)) }
    var at: Duration = .zero
    while at < Self.stormEnd {
      at += .seconds(Double.random(in: 0...12, using: &random))
      for _ in 0..<(chance(0.2) ? Int.random(in: 1...8, using: &random) : 1) { events.add(newCall(), at: at) }
    }
    var (steps, instant) = (0, Duration.zero)
    while let (time, event) = events.next(), time <= Self.end, !client.isTerminated {
      steps = time == instant ? steps + 1 : 0
      instant = time
      guard steps < 20_000 else {
        violate("time stands still")
        break
      }
      self.time = time
      handle(event)
      checkBounds()
    }
    checkEnd()
  }

  private mutating func newCall() -> Event {
    let padding = chance(0.1) ? Int.random(in: 0...3_000, using: &random) : 0
    let kind: Payload.Kind = Bool.random(using: &random) ? .read : .write
    calls.append(SimulatedCall(number: calls.count, kind: kind, padding: padding))
    return .makeCall(number: calls.count - 1)
  }

  private mutating func handle(_ event: Event) {
    switch event {
    case .connect: connect()
    case .clientTimer(let version): clientTimer(version)
    case .callTimeout(let id): abandon(id)
    case .keyExchangeTimeout(let pipe):
      if client.pipe == pipe, !client.machine.isEncrypted { endConnection(.closed("no answer to the key exchange")) }
    case .makeCall(let number): makeCall(number)
    case .arrival(let pipe, let direction, let bytes): arrived(bytes, pipe: pipe, direction)
    case .closed(let pipe, let direction): learnedClosed(pipe, direction)
    case .serverClose(let pipe, let version):
      if pipes[pipe]?.closeVersion == version { cut(pipe) }
    case .answer(let answer):
      server.answer(answer, now: serverNow)
      performServer()
    case .push: push()
    case .fault: injectFault()
    case .repetition:
      server.repeatUnacknowledged(now: serverNow)
      performServer()
      add(.repetition, after: .seconds(20))
    case .calm:
      note("calm")
      plan.end()
      server.plan.end()
    case .probe:
      calls.append(SimulatedCall(number: calls.count, kind: .read, padding: 0, isProbe: true))
      makeCall(calls.count - 1)
    }
  }

  private mutating func push() {
    server.push(chance(0.2) ? Int.random(in: 1...20, using: &random) : 1, now: serverNow)
    performServer()
    if time < Self.stormEnd + .seconds(100) {
      add(.push, after: .seconds(Double.random(in: 0...10, using: &random)))
    }
  }

  // MARK: The server

  mutating func performServer() {
    let outputs = server.outputs
    server.outputs = []
    for output in outputs {
      switch output {
      case .bytes(let bytes, let pipe): write(bytes, pipe: pipe, .toClient)
      case .close(let pipe, .zero): cut(pipe)
      case .close(let pipe, let delay):
        guard pipes[pipe] != nil else { break }
        let version = (pipes[pipe]?.closeVersion ?? 0) + 1
        pipes[pipe]?.closeVersion = version
        add(.serverClose(pipe: pipe, version: version), after: delay)
      case .ran(let number, let kind):
        note("server runs \(number)")
        calls[number].runs += 1
        if kind == .write, calls[number].runs > 1 { violate("call \(number) was run twice") }
      case .told(let text): note(text)
      case .answer(let answer, let delay): add(.answer(answer), after: delay)
      }
    }
  }
}
