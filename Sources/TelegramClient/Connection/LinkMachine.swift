import MTProto
import MTProtoCrypto
import NIOCore

/// One data centre's conversation over successive connections.
///
/// Key exchange when there is no key yet, then the encrypted session. A value without IO; the link around it performs what it says.
struct LinkMachine {
  typealias RequestID = ClientSession.RequestID

  enum Output {
    /// A key was agreed; the session waits for `keySaved`.
    case keyAgreed(AuthKeyAgreement)
    case session(ClientSession.Event)
    /// The connection is of no use any more.
    case fault(LinkFault)
  }

  private enum Phase {
    case offline
    case exchanging(ClientKeyExchange)
    /// Until the new key is safely stored nothing may be said with it.
    case agreed
    case encrypted
  }

  struct HeldCall {
    let id: RequestID
    let body: ByteBuffer
    let isBulk: Bool
  }

  let wrapping: CallWrapping
  /// Whether calls are wrapped in `invokeWithoutUpdates`.
  var withoutUpdates: Bool

  private var phase = Phase.offline
  private var framing: ClientFraming?
  var session: ClientSession?
  /// Calls that wait for an encrypted connection, in order.
  private(set) var held: [HeldCall] = []
  /// Calls that carry `initConnection`; the first answer to one makes it unnecessary for later ones.
  private(set) var introductions: Set<RequestID> = []
  private var isIntroduced = false
  /// Bytes to write before anything of the session.
  private var unsent = ByteBuffer()

  init(wrapping: CallWrapping, withoutUpdates: Bool, session: ClientSession? = nil) {
    self.wrapping = wrapping
    self.withoutUpdates = withoutUpdates
    self.session = session
  }

  var hasKey: Bool { session != nil }
  /// Whether calls can be answered now.
  var isEncrypted: Bool { if case .encrypted = phase { true } else { false } }

  // MARK: Connections

  /// A connection stands: opens the transport, and begins a key exchange unless there is a key.
  mutating func connected(
    transport: Transport, dc: Int, secret: [UInt8]? = nil, keys: [RSAPublicKey], now: Moment,
    using random: inout RandomSource
  ) {
    var framing = ClientFraming(transport: transport, dc: Int16(clamping: dc), secret: secret, using: &random)
    unsent = framing.opening()
    if session == nil {
      var exchange = ClientKeyExchange(publicKeys: keys, dc: Int32(clamping: dc))
      let first = exchange.start(now: now, using: &random)
      framing.encode(first, into: &unsent, using: &random)
      phase = .exchanging(exchange)
      self.framing = framing
    } else {
      self.framing = framing
      beginEncrypted(now: now)
    }
  }

  /// The agreed key is stored: opens the session with it.
  mutating func keySaved(_ session: ClientSession, now: Moment) {
    self.session = session
    guard framing != nil else { return }
    beginEncrypted(now: now)
  }

  mutating func disconnected(now: Moment) {
    phase = .offline
    framing = nil
    unsent = ByteBuffer()
    isIntroduced = false
    session?.disconnected(now: now)
  }

  /// Gives up the key and every call made with it; the caller ends those calls.
  mutating func forgetKey() {
    session = nil
    held = []
    introductions = []
  }

  private mutating func beginEncrypted(now: Moment) {
    phase = .encrypted
    isIntroduced = false
    session?.connected(now: now)
    let calls = held
    held = []
    for call in calls { invoke(call.id, body: call.body, isBulk: call.isBulk, now: now) }
  }

  // MARK: Calls

  /// Sends `body`, a call's boxed form, now or as soon as a connection can carry it.
  mutating func invoke(_ id: RequestID, body: ByteBuffer, isBulk: Bool, now: Moment) {
    guard isEncrypted else {
      held.append(HeldCall(id: id, body: body, isBulk: isBulk))
      return
    }
    if !isIntroduced { introductions.insert(id) }
    let wrapped = wrapping.wrap(body, introduce: !isIntroduced, withoutUpdates: withoutUpdates)
    session?.invoke(id, body: wrapped, now: now, isBulk: isBulk)
  }

  /// Whether the server may have run the call: false only while it cannot have it.
  func mayHaveRun(_ id: RequestID) -> Bool { session?.mayHaveRun(id) ?? false }

  /// Takes the call back; the server is told when it may have it already.
  mutating func cancel(_ id: RequestID, now: Moment) {
    introductions.remove(id)
    if let index = held.firstIndex(where: { $0.id == id }) {
      held.remove(at: index)
    } else {
      session?.cancel(id, now: now)
    }
  }

  // MARK: Bytes and time

  mutating func received(_ bytes: ByteBuffer, now: Moment, using random: inout RandomSource) -> [Output] {
    var outputs: [Output] = []
    framing?.receive(bytes)
    do throws(LinkFault) {
      while let packet = try nextPacket() {
        try received(packet: consume packet, now: now, using: &random, outputs: &outputs)
      }
    } catch {
      outputs.append(.fault(error))
    }
    return outputs
  }

  private mutating func nextPacket() throws(LinkFault) -> ByteBuffer? {
    while true {
      let frame: Frame?
      do throws(FramingError) { frame = try framing?.next() } catch { throw .framing(error) }
      switch consume frame {
      case nil: return nil
      case .packet(let packet): return packet
      case .error(let code):
        if code == TransportErrorCode.authKeyUnknown { session?.keyRefused() }
        throw .transport(code)
      case .quickAck: continue
      }
    }
  }

  private mutating func received(
    packet: consuming ByteBuffer, now: Moment, using random: inout RandomSource, outputs: inout [Output]
  ) throws(LinkFault) {
    switch phase {
    case .offline, .agreed:
      // Nothing was asked that could be answered by this.
      break
    case .exchanging(var exchange):
      let step: ClientKeyExchange.Step
      do throws(KeyExchangeError) {
        step = try exchange.received(packet, now: now, using: &random)
      } catch { throw .keyExchange(error) }
      switch step {
      case .send(let reply):
        framing?.encode(reply, into: &unsent, using: &random)
        phase = .exchanging(exchange)
      case .done(let agreement):
        phase = .agreed
        outputs.append(.keyAgreed(agreement))
      }
    case .encrypted:
      do throws(SessionError) {
        for event in try session?.received(packet, now: now) ?? [] { note(event, outputs: &outputs) }
      } catch { throw .session(error) }
    }
  }

  /// What to write to the connection now; nil when nothing is due.
  mutating func outgoing(now: Moment, using random: inout RandomSource) -> ByteBuffer? {
    guard framing != nil else { return nil }
    var bytes = unsent
    unsent = ByteBuffer()
    if isEncrypted {
      var packets = CircularBuffer(session?.outgoing(now: now, using: &random) ?? [])
      while let packet = packets.popFirst() { framing?.encode(packet, into: &bytes, using: &random) }
    }
    return bytes.readableBytes > 0 ? bytes : nil
  }

  /// The event-loop time at which `tick` is due; nil when nothing waits for time.
  var nextDeadline: Duration? { isEncrypted ? session?.nextDeadline() : nil }

  mutating func tick(now: Moment) -> [Output] {
    guard isEncrypted else { return [] }
    var outputs: [Output] = []
    for event in session?.tick(now: now) ?? [] { note(event, outputs: &outputs) }
    return outputs
  }

  private mutating func note(_ event: ClientSession.Event, outputs: inout [Output]) {
    switch event {
    case .result(let id, _):
      if introductions.remove(id) != nil { isIntroduced = true }
    case .failure(let id, let error):
      let wasIntroduction = introductions.remove(id) != nil
      if RetryPolicy.introductionErrors.contains(error.name) {
        isIntroduced = false
      } else if wasIntroduction {
        isIntroduced = true
      }
    default: break
    }
    outputs.append(.session(event))
  }
}
