import MTProto
import MTProtoCrypto
import NIOCore

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
    /// The key was replaced, or there is none yet, before the server had the call; it may be made again.
    case keyReplaced
  }

  private struct PendingCall {
    let continuation: CheckedContinuation<Result<ByteBuffer, CallFailure>, Never>
    let timeout: Scheduled<Void>
  }

  nonisolated let dc: Int
  nonisolated let purpose: LinkPurpose
  nonisolated let loop: any EventLoop
  nonisolated let environment: LinkEnvironment
  var machine: LinkMachine
  var random: RandomSource
  /// Whether updates come here and the connection is kept up without calls.
  var isHome: Bool
  /// The RSA keys the server may prove itself with.
  var publicKeys: [RSAPublicKey]
  /// The key the machine's session speaks with.
  var authKey: AuthKey?
  var backoff = Backoff()
  /// The connection in use.
  var channel: (any Channel)?
  /// Whether the connection has brought an answer to a call.
  var hasAnswered = false
  /// Why the last attempt or connection failed; nil while one works.
  var lastFault: String?
  /// Whether the connection has brought anything that could be decrypted.
  var wasUseful = false
  /// Set when the link will never carry a call again.
  private(set) var terminal: TelegramError?

  private var calls: [LinkMachine.RequestID: PendingCall] = [:]
  private var lastID: LinkMachine.RequestID = 0
  var gate = ReadGate()
  var isReadingPaused = false
  var isFlushScheduled = false
  var timer: (deadline: Duration, task: Scheduled<Void>)?
  private var idleTimer: Scheduled<Void>?
  /// At most two a connection.
  var signals: [Signal] = []
  /// `run()`, waiting for something to happen.
  private var waiter: CheckedContinuation<Void, Never>?
  private var isStopped = false

  /// What `run()` waits for.
  enum Signal {
    case keyAgreed(AuthKeyAgreement)
    case ended(LinkFault)
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  init(
    dc: Int, purpose: LinkPurpose = .calls, isHome: Bool, loop: any EventLoop, environment: LinkEnvironment,
    terminal: TelegramError? = nil
  ) {
    self.dc = dc
    self.terminal = terminal
    self.purpose = purpose
    // A CDN proves itself with keys of its own, which home tells.
    publicKeys = purpose == .cdn ? [] : environment.configuration.publicKeys
    self.isHome = isHome
    self.loop = loop
    self.environment = environment
    random = environment.random
    machine = LinkMachine(
      wrapping: CallWrapping(configuration: environment.configuration),
      // A CDN sends none and does not know the wrapper.
      withoutUpdates: purpose != .cdn && !(isHome && environment.configuration.receivesUpdates))
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

  /// What the next key exchange accepts.
  func accept(_ keys: [RSAPublicKey]) { publicKeys = keys }

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

  func finish(_ id: LinkMachine.RequestID, _ outcome: Result<ByteBuffer, CallFailure>) {
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

  /// Ends every call under way because the key it was made with is gone.
  func failCallsOfLostKey() {
    for id in calls.keys.sorted() {
      let failure = machine.mayHaveRun(id) ? CallFailure.rpc(.outcomeUnknown) : .keyReplaced
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

  // MARK: What run() waits for

  func signal(_ signal: Signal) {
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
