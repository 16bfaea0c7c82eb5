import MTProto
import MTProtoCrypto
import NIOCore
import TL
import TestSupport

@testable import TelegramSandbox

/// The server's side of a run: the sandbox's sessions and salts behind real framing, key exchange and encryption.
///
/// What it does is found in `outputs`.
struct ModelServer {
  enum Output {
    case bytes(ByteBuffer, pipe: Int)
    /// Close the connection, after a while that a later output replaces.
    case close(pipe: Int, after: Duration)
    case ran(call: Int, Payload.Kind)
    /// For the trace.
    case told(String)
    case answer(Answer, after: Duration)
  }

  /// The result of a call that takes its time.
  struct Answer {
    let key: Int64
    let session: Int64
    let message: Int64
    let body: ByteBuffer
  }

  struct Session {
    var session: ServerSession
    var pipe: Int?
    var wantsUpdates = false
    var isIntroduced = false
  }

  struct Key {
    let authKey: AuthKey
    var salts: SaltSchedule
    var sessions: [Int64: Session] = [:]
  }

  private struct Connection {
    var framing = ServerFraming()
    var exchange: ServerKeyExchange
    var isRefusing = false
  }

  var plan: FaultPlan
  var random: TestSupport.SeededGenerator
  var keys: [Int64: Key] = [:]
  var outputs: [Output] = []
  /// Whether the next connection is told that its key is not known.
  var refusesNext = false
  /// Updates so far, numbered from 1.
  private(set) var pushed = 0
  private var connections: [Int: Connection] = [:]
  /// What was sent lately, encrypted.
  private var history: [ByteBuffer] = []

  init(plan: FaultPlan, random: TestSupport.SeededGenerator) {
    self.plan = plan
    self.random = random
  }

  private func chance(_ share: Double, _ random: inout TestSupport.SeededGenerator) -> Bool {
    share > 0 && Double.random(in: 0...1, using: &random) < share
  }

  private func seconds(_ now: Moment) -> Int32 { Int32(truncatingIfNeeded: now.unixTime.components.seconds) }

  // MARK: Keys

  mutating func add(_ agreement: AuthKeyAgreement, now: Moment) {
    keys[agreement.authKey.id] = Key(
      authKey: agreement.authKey,
      salts: SaltSchedule(first: agreement.salt, now: seconds(now), period: plan.saltPeriod))
  }

  mutating func replaceSalts(now: Moment) {
    let seconds = seconds(now)
    for id in keys.keys.sorted() { keys[id]?.salts.replaceAll(now: seconds, using: &random) }
  }

  mutating func forgetSessions() { for id in Array(keys.keys) { keys[id]?.sessions = [:] } }

  // MARK: Connections

  mutating func accept(pipe: Int, privateKey: RSAPrivateKey) {
    connections[pipe] = Connection(
      exchange: ServerKeyExchange(privateKey: privateKey), isRefusing: refusesNext)
    refusesNext = false
  }

  mutating func closed(pipe: Int) {
    connections[pipe] = nil
    for key in Array(keys.keys) {
      for (id, session) in keys[key]?.sessions ?? [:] where session.pipe == pipe { keys[key]?.sessions[id]?.pipe = nil }
    }
  }

  mutating func received(_ bytes: ByteBuffer, pipe: Int, now: Moment) {
    connections[pipe]?.framing.receive(bytes)
    do {
      while let frame = try connections[pipe]?.framing.next() {
        guard case .packet(let packet) = frame else { continue }
        if PlainMessage.isPlain(packet) {
          try exchange(packet, pipe: pipe, now: now)
        } else {
          try encrypted(packet, pipe: pipe, now: now)
        }
      }
    } catch {
      outputs.append(.close(pipe: pipe, after: .zero))
    }
  }

  mutating func sendError(_ code: Int32, pipe: Int) {
    var bytes = ByteBuffer()
    connections[pipe]?.framing.encode(error: code, into: &bytes, using: &random)
    outputs.append(.bytes(bytes, pipe: pipe))
  }

  private mutating func exchange(_ packet: ByteBuffer, pipe: Int, now: Moment) throws {
    guard let reply = try connections[pipe]?.exchange.received(packet, now: now, using: &random) else { return }
    if let agreement = reply.agreement { add(agreement, now: now) }
    send(reply.packet, pipe: pipe)
  }

  private mutating func encrypted(_ packet: ByteBuffer, pipe: Int, now: Moment) throws {
    let id = packet.getInteger(at: packet.readerIndex, endianness: .little, as: Int64.self) ?? 0
    let seconds = seconds(now)
    keys[id]?.salts.extend(now: seconds, count: 64, using: &random)
    guard let key = keys[id], connections[pipe]?.isRefusing != true else { return sendError(-404, pipe: pipe) }
    let message = try MessageCipher.open(packet, authKey: key.authKey, sender: .client)
    if chance(plan.lostCalls, &random) { return }
    outputs.append(.told("server has \(Payload.describe(message.body)) as \(message.id)"))
    attach(message.sessionID, of: id, to: pipe, now: now)
    let events = keys[id]?.sessions[message.sessionID]?.session.received(message, salts: key.salts, now: now) ?? []
    for event in events {
      switch event {
      case .call(let call, let body): run(call, body, session: message.sessionID, key: id, now: now)
      case .disconnect(let delay): outputs.append(.close(pipe: pipe, after: .seconds(Int64(delay))))
      case .destroySession, .destroyAuthKey: break
      }
    }
    flush(message.sessionID, of: id, now: now)
  }

  private mutating func attach(_ session: Int64, of key: Int64, to pipe: Int, now: Moment) {
    if keys[key]?.sessions[session] == nil {
      keys[key]?.sessions[session] = Session(
        session: ServerSession(id: session, uniqueID: Int64(bitPattern: random.next())))
    }
    guard keys[key]?.sessions[session]?.pipe != pipe else { return }
    let isBack = keys[key]?.sessions[session]?.wantsUpdates == true
    keys[key]?.sessions[session]?.pipe = pipe
    if isBack { keys[key]?.sessions[session]?.session.reconnected(now: now) }
  }

  // MARK: Calls

  private mutating func run(_ message: Int64, _ body: ByteBuffer, session: Int64, key: Int64, now: Moment) {
    guard let call = Payload.unwrap(body), let (number, value) = Payload.read(Payload.call, call.body),
      let kind = Payload.Kind(rawValue: Int32(value))
    else { return }
    if call.isIntroduced { keys[key]?.sessions[session]?.isIntroduced = true }
    if !call.isWithoutUpdates { keys[key]?.sessions[session]?.wantsUpdates = true }
    var answer: ByteBuffer
    if keys[key]?.sessions[session]?.isIntroduced != true {
      answer = MT.RpcError(errorCode: 400, errorMessage: "CONNECTION_NOT_INITED").encoded()
    } else if chance(plan.errors, &random) {
      let errors = [(420, "FLOOD_WAIT_3"), (500, "INTERNAL"), (400, "PEER_ID_INVALID")] as [(Int32, String)]
      let (code, name) = errors.randomElement(using: &random) ?? (500, "INTERNAL")
      answer = MT.RpcError(errorCode: code, errorMessage: name).encoded()
    } else {
      outputs.append(.ran(call: number, kind))
      let padding = Int.random(in: 0..<8, using: &random) == 0 ? Int.random(in: 0...40_000, using: &random) : 0
      answer = Payload.answer(to: number, pushed, padding: padding)
    }
    var delay: Duration = .milliseconds(Int.random(in: 0...50, using: &random))
    if chance(plan.slowAnswers, &random) {
      // A third never comes.
      guard Int.random(in: 0..<3, using: &random) > 0 else { return }
      delay = .seconds(Double.random(in: 1...80, using: &random))
    }
    outputs.append(.answer(Answer(key: key, session: session, message: message, body: answer), after: delay))
  }

  mutating func answer(_ answer: Answer, now: Moment) {
    keys[answer.key]?.sessions[answer.session]?.session.answer(answer.body, to: answer.message, now: now)
    flush(answer.session, of: answer.key, now: now)
  }

  // MARK: What it says by itself

  /// Tells the sessions that something happened.
  mutating func push(_ count: Int, now: Moment) {
    for _ in 0..<count {
      pushed += 1
      let padding = Int.random(in: 0..<10, using: &random) == 0 ? Int.random(in: 0...5_000, using: &random) : 0
      let body = Payload.update(pushed, padding: padding)
      eachSession { session in
        if session.wantsUpdates, session.pipe != nil { session.session.push(body, now: now) }
      }
    }
    flushAll(now: now)
  }

  /// Sends again whatever was not acknowledged.
  mutating func repeatUnacknowledged(now: Moment) {
    eachSession { session in if session.pipe != nil { session.session.reconnected(now: now) } }
    flushAll(now: now)
  }

  /// Asks about messages of its own, or for messages of the client's.
  mutating func ask(_ messages: [Int64], now: Moment) {
    let isAboutOwn = Bool.random(using: &random)
    eachSession { session in
      guard session.pipe != nil else { return }
      if isAboutOwn {
        let own = session.session.unacknowledged.keys.sorted()
        session.session.push(MT.MsgsStateReq(msgIds: own + messages).encoded(), now: now)
      } else {
        session.session.push(MT.MsgResendReq(msgIds: messages).encoded(), now: now)
      }
    }
    flushAll(now: now)
  }

  /// Sends an earlier packet again, as it was.
  mutating func replay(pipe: Int) {
    if let packet = history.randomElement(using: &random) { send(packet, pipe: pipe) }
  }

  private mutating func eachSession(_ body: (inout Session) -> Void) {
    for key in keys.keys.sorted() {
      for id in keys[key]?.sessions.keys.sorted() ?? [] {
        guard var session = keys[key]?.sessions[id] else { continue }
        body(&session)
        keys[key]?.sessions[id] = session
      }
    }
  }

  private mutating func flushAll(now: Moment) {
    for key in keys.keys.sorted() {
      for id in keys[key]?.sessions.keys.sorted() ?? [] { flush(id, of: key, now: now) }
    }
  }

  // MARK: Sending

  private mutating func flush(_ session: Int64, of key: Int64, now: Moment) {
    guard let record = keys[key], let pipe = record.sessions[session]?.pipe else { return }
    let salt = record.salts.current(now: seconds(now))
    var messages = keys[key]?.sessions[session]?.session.takeOutgoing(salt: salt, now: now) ?? []
    while !messages.isEmpty {
      for message in messages { pass(message, session: session, key: key, pipe: pipe, now: now) }
      messages = keys[key]?.sessions[session]?.session.takeOutgoing(salt: salt, now: now) ?? []
    }
  }

  private mutating func pass(_ message: SessionMessage, session: Int64, key: Int64, pipe: Int, now: Moment) {
    guard let authKey = keys[key]?.authKey else { return }
    if message.seqno & 1 == 1, chance(plan.announcements, &random) {
      let length = Int32(message.body.readableBytes)
      let announcement =
        if let call = keys[key]?.sessions[session]?.session.unacknowledged[message.id]?.answers {
          MT.MsgDetailedInfo(msgId: call, answerMsgId: message.id, bytes: length, status: 0).encoded()
        } else {
          MT.MsgNewDetailedInfo(answerMsgId: message.id, bytes: length, status: 0).encoded()
        }
      keys[key]?.sessions[session]?.session.reply(announcement, now: now)
      return
    }
    outputs.append(.told("server sends \(Payload.describe(message.body)) as \(message.id)"))
    if chance(plan.lostAnswers, &random) { return }
    guard let packet = try? MessageCipher.seal(message, authKey: authKey, sender: .server, using: &random) else {
      return
    }
    history.append(packet)
    if history.count > 30 { history.removeFirst() }
    send(packet, pipe: pipe)
    if chance(plan.duplicates, &random) { send(packet, pipe: pipe) }
  }

  private mutating func send(_ packet: ByteBuffer, pipe: Int) {
    guard connections[pipe] != nil else { return }
    var bytes = ByteBuffer()
    connections[pipe]?.framing.encode(packet, into: &bytes, using: &random)
    outputs.append(.bytes(bytes, pipe: pipe))
  }
}
