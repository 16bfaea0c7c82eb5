import Logging
import MTProto
import Metrics
import NIOCore
import TL

/// The link to one data centre: performs what its `LinkMachine` says, on one event loop, over successive connections.
///
/// `run()` (in `DataCenterLink+Run.swift`) owns the connection; calls made while there is none wait for it.
actor DataCenterLink {
  enum CallFailure: Error {
    case rpc(RPCError)
    case timeout
    case cancelled
    /// The link cannot carry the call.
    case link(TelegramError)
    /// The key was replaced while the call was under way; it may be made again.
    case keyReplaced
  }

  private struct PendingCall {
    let continuation: CheckedContinuation<Result<ByteBuffer, CallFailure>, Never>
    let timeout: Scheduled<Void>
  }

  nonisolated let dc: Int
  nonisolated let loop: any EventLoop
  nonisolated let environment: LinkEnvironment
  var machine: LinkMachine
  var random: RandomSource
  var isHome: Bool
  var backoff = Backoff()
  /// The connection in use.
  private(set) var channel: (any Channel)?
  /// Whether the connection has brought an answer to a call.
  private var hasAnswered = false
  /// Why the last attempt or connection failed; nil while one works.
  var lastFault: String?
  /// Whether the connection has brought anything that could be decrypted.
  var wasUseful = false
  /// Set when the link will never carry a call again.
  private(set) var terminal: TelegramError?

  private var calls: [LinkMachine.RequestID: PendingCall] = [:]
  private var lastID: LinkMachine.RequestID = 0
  private var gate = ReadGate()
  private var isReadingPaused = false
  private var isFlushScheduled = false
  private var timer: (deadline: Duration, task: Scheduled<Void>)?
  private var idleTimer: Scheduled<Void>?
  /// At most two a connection.
  private var signals: [Signal] = []
  /// `run()`, waiting for something to happen.
  private var waiter: CheckedContinuation<Void, Never>?
  private var isStopped = false

  /// What `run()` waits for.
  enum Signal {
    case keyAgreed(AuthKeyAgreement)
    case ended(LinkFault)
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  init(dc: Int, isHome: Bool, loop: any EventLoop, environment: LinkEnvironment) {
    self.dc = dc
    self.isHome = isHome
    self.loop = loop
    self.environment = environment
    random = environment.random
    machine = LinkMachine(
      wrapping: CallWrapping(configuration: environment.configuration),
      withoutUpdates: !(isHome && environment.configuration.receivesUpdates))
  }

  var now: Moment { environment.wallClock.moment(loop.now) }
  var isConnected: Bool { machine.isEncrypted }
  var hasCalls: Bool { !calls.isEmpty }

  /// Home is where updates come from and where the connection is kept up without calls.
  func setHome(_ isHome: Bool) {
    self.isHome = isHome
    machine.withoutUpdates = !(isHome && environment.configuration.receivesUpdates)
    wake()
    restartIdleTimer()
  }

  // MARK: Calls

  /// Sends `body`, a call's boxed form, and waits for the answer's bytes.
  func call(_ body: ByteBuffer, isBulk: Bool, timeout: Duration) async throws(CallFailure) -> ByteBuffer {
    if let terminal { throw .link(terminal) }
    lastID += 1
    let id = lastID
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        register(id, body: body, isBulk: isBulk, timeout: timeout, continuation)
      }
    } onCancel: {
      loop.execute { self.assumeIsolated { $0.abandon(id, .cancelled) } }
    }
    return try outcome.get()
  }

  private func register(
    _ id: LinkMachine.RequestID, body: ByteBuffer, isBulk: Bool, timeout: Duration,
    _ continuation: CheckedContinuation<Result<ByteBuffer, CallFailure>, Never>
  ) {
    let task = loop.scheduleTask(in: TimeAmount(timeout)) { self.assumeIsolated { $0.abandon(id, .timeout) } }
    calls[id] = PendingCall(continuation: continuation, timeout: task)
    gate.callStarted()
    idleTimer?.cancel()
    machine.invoke(id, body: body, isBulk: isBulk, now: now)
    wake()
    scheduleFlush()
  }

  private func abandon(_ id: LinkMachine.RequestID, _ failure: CallFailure) {
    guard calls[id] != nil else { return }
    machine.cancel(id, now: now)
    if case .timeout = failure, !isConnected {
      finish(id, .failure(.link(.unreachable(dc: dc, reason: lastFault ?? "no answer"))))
    } else {
      finish(id, .failure(failure))
    }
    scheduleFlush()
  }

  private func finish(_ id: LinkMachine.RequestID, _ outcome: Result<ByteBuffer, CallFailure>) {
    guard let call = calls.removeValue(forKey: id) else { return }
    call.timeout.cancel()
    gate.callEnded()
    call.continuation.resume(returning: outcome)
    if calls.isEmpty { restartIdleTimer() }
  }

  /// Ends every call under way.
  func failCalls(_ failure: CallFailure) {
    for id in calls.keys.sorted() {
      machine.cancel(id, now: now)
      finish(id, .failure(failure))
    }
  }

  /// Ends every call and refuses those to come.
  func terminate(_ error: TelegramError) {
    terminal = error
    failCalls(.link(error))
    idleTimer?.cancel()
  }

  /// A link that is not home lets its connection go when nothing was asked for a while.
  private func restartIdleTimer() {
    idleTimer?.cancel()
    guard !isHome, calls.isEmpty, terminal == nil else { return }
    idleTimer = loop.scheduleTask(in: TimeAmount(environment.idleTimeout)) {
      self.assumeIsolated { link in
        if !link.hasCalls, !link.isHome { link.end(.idle) }
      }
    }
  }

  // MARK: The connection

  /// Begins a conversation over `channel`.
  func attach(_ channel: any Channel) {
    self.channel = channel
    signals = []
    hasAnswered = false
    isReadingPaused = false
    machine.connected(
      transport: environment.configuration.transport, dc: environment.configuration.wireNumber(dc: dc),
      keys: environment.configuration.publicKeys, now: now, using: &random)
    if channel.isActive { flush() } else { end(.closed("closed at once")) }
  }

  /// Ends the conversation; `run()` learns why.
  func end(_ fault: LinkFault) {
    guard let channel else { return }
    self.channel = nil
    timer?.task.cancel()
    timer = nil
    machine.disconnected(now: now)
    channel.close(promise: nil)
    signal(.ended(fault))
  }

  private func perform(_ outputs: [LinkMachine.Output]) {
    for output in outputs {
      switch output {
      case .keyAgreed(let agreement): signal(.keyAgreed(agreement))
      case .fault(let fault): end(fault)
      case .session(let event): perform(event)
      }
    }
  }

  private func perform(_ event: ClientSession.Event) {
    if case .stalled = event {
      Counter(label: "tgl_connection_stalls_total").increment()
      end(.stalled)
    } else {
      wasUseful = true
    }
    switch event {
    case .result(let id, let bytes):
      hasAnswered = true
      finish(id, .success(bytes))
    case .failure(let id, let error):
      hasAnswered = true
      finish(id, .failure(.rpc(error)))
    case .updates(let bytes): if isHome { environment.feed?.offer(.received(bytes)) }
    case .sessionCreated:
      // Before the first answer it says no more than `connected` did: the difference is still to be asked for.
      if isHome, hasAnswered { environment.feed?.offer(.gap) }
    case .salt(let salt): environment.hints.note(dc: dc, salt: salt)
    case .timeOffset(let offset): environment.hints.note(dc: dc, timeOffset: offset)
    case .undecodable(let bytes):
      environment.logger.warning("unreadable message", metadata: ["dc": "\(dc)", "bytes": "\(bytes.readableBytes)"])
    case .pong, .stalled: break
    }
  }

  /// Answers what has been asked so far in this turn of the event loop together.
  private func scheduleFlush() {
    guard !isFlushScheduled, channel != nil else { return }
    isFlushScheduled = true
    loop.execute {
      self.assumeIsolated { link in
        link.isFlushScheduled = false
        link.flush()
      }
    }
  }

  /// Writes what is due and sets the timer for what comes next.
  func flush() {
    guard let channel else { return }
    let now = now
    if let bytes = machine.outgoing(now: now, using: &random) { channel.writeAndFlush(bytes, promise: nil) }
    applyGate(now: now)
    setTimer(now: now)
  }

  private func setTimer(now: Moment) {
    let due = [machine.nextDeadline, gate.deadline(at: now.uptime)].compactMap(\.self).min()
    if let timer, timer.deadline == due { return }
    timer?.task.cancel()
    timer = nil
    guard let due else { return }
    let task = loop.scheduleTask(deadline: .uptime(due)) {
      self.assumeIsolated { link in
        link.timer = nil
        link.perform(link.machine.tick(now: link.now))
        link.flush()
      }
    }
    timer = (due, task)
  }

  // MARK: Back-pressure

  func updateBufferChanged(hasRoom: Bool) {
    if hasRoom { gate.bufferDrained() } else { gate.bufferFilled(at: now.uptime) }
    flush()
  }

  private func applyGate(now: Moment) {
    let pause = gate.isPaused(at: now.uptime)
    guard pause != isReadingPaused else { return }
    isReadingPaused = pause
    channel?.triggerUserOutboundEvent(
      pause ? ConnectionHandler.ReadingEvent.pause : ConnectionHandler.ReadingEvent.resume, promise: nil)
  }

  // MARK: What run() waits for

  private func signal(_ signal: Signal) {
    signals.append(signal)
    wake()
  }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }

  /// Makes `run()` end.
  func stop() {
    isStopped = true
    end(.stopped)
    wake()
  }

  /// Waits until there is a reason to be connected; false when the link was stopped.
  func becomesWanted() async -> Bool {
    while !isStopped, !isHome, calls.isEmpty {
      await withCheckedContinuation { waiter = $0 }
    }
    return !isStopped
  }

  /// What the connection says next.
  func nextSignal() async -> Signal {
    while signals.isEmpty {
      await withCheckedContinuation { waiter = $0 }
    }
    return signals.removeFirst()
  }
}

extension DataCenterLink: ConnectionDelegate {
  nonisolated func received(_ bytes: ByteBuffer, on channel: any Channel) {
    assumeIsolated { link in
      guard link.channel === channel else { return }
      link.perform(link.machine.received(bytes, now: link.now, using: &link.random))
    }
  }

  nonisolated func receivedAll(on channel: any Channel) {
    assumeIsolated { link in
      guard link.channel === channel else { return }
      link.flush()
    }
  }

  nonisolated func closed(_ channel: any Channel, error: (any Error)?) {
    assumeIsolated { link in
      guard link.channel === channel else { return }
      link.end(.closed(error.map(describe) ?? "the server closed the connection"))
    }
  }
}
