import Logging
import MTProto
import MTProtoCrypto
import Metrics
import NIOCore

/// Connecting, key exchange, and what to do when a connection ends.
extension DataCenterLink {
  /// How often a fault that will hardly pass is met before the link gives up.
  private static let patience = 3

  /// Keeps the link usable until the task is cancelled.
  ///
  /// Throws only where retrying cannot help: the home data centre's key is lost, the server is not who it should be,
  /// the store fails. Calls under way then fail with the same error.
  func run() async throws(TelegramError) {
    let error: TelegramError
    do throws(TelegramError) {
      try await withLinkCancellation { () async throws(TelegramError) in try await converse() }
      error = .closed
    } catch let fault {
      error = fault
    }
    terminate(error)
    if case .closed = error { return }
    throw error
  }

  private func withLinkCancellation(
    _ body: () async throws(TelegramError) -> Void
  ) async throws(TelegramError) {
    let outcome: Result<Void, TelegramError> = await withTaskCancellationHandler {
      do throws(TelegramError) {
        try await body()
        return .success(())
      } catch {
        return .failure(error)
      }
    } onCancel: {
      loop.execute { self.assumeIsolated { $0.stop() } }
    }
    try outcome.get()
  }

  private func converse() async throws(TelegramError) {
    if purpose == .calls { try await loadKey() }
    var faults = Faults()
    while await becomesWanted() {
      guard try await hasUsableKey() else {
        failCalls(.keyReplaced)
        continue
      }
      report(.connecting)
      guard let (channel, endpoint) = await connect() else { continue }
      let fault = try await serve(channel, at: endpoint, faults: &faults)
      try await recover(from: fault, faults: &faults)
    }
  }

  /// Faults of one kind in a row.
  private struct Faults {
    var unknownKey = 0
    var keyExchange = 0
  }

  // MARK: Connecting

  /// A connection to one of the data centre's addresses; nil after a failure and the wait that follows it.
  private func connect() async -> (any Channel, Endpoint)? {
    let known = environment.addresses.withBook { [dc, purpose] in $0.endpoints(of: dc, for: purpose) }
    // An MTProxy knows the addresses itself.
    let isChosenByProxy = environment.configuration.proxy?.mtproxySecret != nil
    let endpoints = isChosenByProxy ? Array(known.prefix(1)) : known
    let race = DialRace(
      dialer: environment.dialer, loop: loop, clock: environment.clock,
      timeout: environment.configuration.connectTimeout)
    do {
      let (channel, endpoint) = try await race.connect(endpoints) { [self] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ConnectionHandler(delegate: self))
        }
      }
      if purpose != .cdn, !isChosenByProxy { environment.addresses.withBook { [dc] in $0.connected(dc, at: endpoint) } }
      return (channel, endpoint)
    } catch {
      guard !Task.isCancelled else { return nil }
      lastFault = describe(error)
      if !isHome, backoff.failures + 1 >= Self.patience {
        failCalls(.link(.unreachable(dc: dc, reason: describe(error))))
      }
      await pause(after: describe(error))
      return nil
    }
  }

  /// Waits before the next attempt.
  private func pause(after reason: String, atLeast shortest: Duration = .zero) async {
    let wait = max(backoff.failed(using: &random), shortest)
    report(.waiting(wait, reason: reason))
    environment.logger.warning(
      "not connected", metadata: ["dc": "\(dc)", "reason": "\(reason)", "retry_in": "\(wait.inTenths)"])
    try? await environment.clock.sleep(for: wait)
  }

  // MARK: One connection

  private func serve(
    _ channel: any Channel, at endpoint: Endpoint, faults: inout Faults
  ) async throws(TelegramError) -> LinkFault {
    let deadline = machine.hasKey ? nil : keyExchangeDeadline()
    defer { deadline?.cancel() }
    attach(channel)
    if isConnected { stands(at: endpoint) }
    while true {
      switch await nextSignal() {
      case .ended(let fault): return fault
      case .keyAgreed(let agreement):
        deadline?.cancel()
        faults.keyExchange = 0
        do throws(TelegramError) {
          try await save(agreement, endpoint: endpoint)
        } catch {
          end(.stopped)
          throw error
        }
        machine.keySaved(session(with: agreement.authKey, hint: hint(of: agreement)), now: now)
        flush()
        if isConnected { stands(at: endpoint) }
      }
    }
  }

  private func keyExchangeDeadline() -> Scheduled<Void> {
    loop.scheduleTask(in: TimeAmount(environment.keyExchangeTimeout)) {
      self.assumeIsolated { $0.end(.closed("the key exchange was not answered in time")) }
    }
  }

  private func stands(at endpoint: Endpoint) {
    lastFault = nil
    Counter(label: "tgl_connections_total", dimensions: [("dc", "\(dc)")]).increment()
    environment.logger.info(
      "connected",
      metadata: [
        "dc": "\(dc)", "for": "\(purpose)",
        "address": "\(environment.configuration.proxy.map { "\($0)" } ?? "\(endpoint)")",
      ])
    guard isHome else { return }
    environment.feed?.offer(.connected)
  }

  private func report(_ state: ConnectionState) {
    if isHome { environment.state.report(state) }
  }

  // MARK: After a connection

  private func recover(from fault: LinkFault, faults: inout Faults) async throws(TelegramError) {
    if case .transport(TransportErrorCode.authKeyUnknown) = fault {
      faults.unknownKey += 1
    } else if wasUseful {
      faults.unknownKey = 0
    }
    let isFirstWord = !wasUseful
    if wasUseful { backoff.succeeded() }
    wasUseful = false
    switch fault {
    case .stopped, .idle:
      return
    case .transport(TransportErrorCode.authKeyUnknown) where machine.hasKey && faults.unknownKey >= Self.patience:
      guard !isHome else { throw .authKeyLost(dc: dc) }
      environment.logger.notice("key not known any more, agreeing a new one", metadata: ["dc": "\(dc)"])
      try await forgetKey()
    case .keyExchange(let error):
      faults.keyExchange += 1
      guard error.isFinal || faults.keyExchange >= Self.patience else { break }
      guard !isHome else { throw .keyExchange(error, dc: dc) }
      failCalls(.link(.keyExchange(error, dc: dc)))
    default: break
    }
    let shortest: Duration = fault == .transport(TransportErrorCode.flood) ? .seconds(10) : .zero
    let reason = reason(of: fault, isFirstWord: isFirstWord)
    lastFault = reason
    await pause(after: reason, atLeast: shortest)
  }

  /// A connection that ended before it brought anything may be the proxy's doing: an MTProxy says nothing to whoever does
  /// not know its secret.
  private func reason(of fault: LinkFault, isFirstWord: Bool) -> String {
    guard isFirstWord, case .closed = fault, let proxy = environment.configuration.proxy else {
      return fault.description
    }
    let remedy = proxy.mtproxySecret == nil ? "" : "; if that goes on, check the secret in PROXY_URL"
    return "\(fault) (through the proxy \(proxy)\(remedy))"
  }

  // MARK: Keys

  /// Whether a connection is of use: for files only with the key that was agreed for calls, which may have changed.
  private func hasUsableKey() async throws(TelegramError) -> Bool {
    guard purpose == .files else { return true }
    try await loadKey()
    return machine.hasKey
  }

  private func loadKey() async throws(TelegramError) {
    let known: (StoredDC?, StoredSessionHint?)
    do {
      let home = try await environment.store.home()
      let stored = home?.id == dc ? home : try await environment.store.authorization(dc: dc)
      known = (stored, try await environment.store.sessionHint(dc: dc))
    } catch { throw .store("\(error)") }
    guard let stored = known.0 else { return }
    environment.addresses.withBook { $0.remember(stored) }
    guard let bytes = stored.authKey else { return }
    guard let key = AuthKey(bytes: bytes) else {
      throw .store("the key of DC\(dc) has \(bytes.count) bytes, not 256")
    }
    if let authKey {
      guard authKey.id != key.id else { return }
      failCallsOfLostKey()
      machine.forgetKey()
    }
    // What the link for calls has learned meanwhile is newer than what is stored.
    let hint = environment.hints.known(dc: dc) ?? known.1 ?? StoredSessionHint(dc: dc, salt: 0, timeOffset: .zero)
    machine.keySaved(session(with: key, hint: hint), now: now)
  }

  private func save(_ agreement: AuthKeyAgreement, endpoint: Endpoint) async throws(TelegramError) {
    // A CDN's key is worth a round trip and nothing else.
    guard purpose == .calls else { return }
    let stored = StoredDC(id: dc, host: endpoint.host, port: endpoint.port, authKey: agreement.authKey.bytes)
    do {
      if isHome {
        try await environment.store.setHome(stored)
      } else {
        try await environment.store.setAuthorization(stored)
      }
      try await environment.store.setSessionHint(hint(of: agreement))
    } catch { throw .store("\(error)") }
  }

  private func forgetKey() async throws(TelegramError) {
    failCallsOfLostKey()
    machine.forgetKey()
    authKey = nil
    guard purpose == .calls else { return }
    do {
      if var stored = try await environment.store.authorization(dc: dc) {
        stored.authKey = nil
        try await environment.store.setAuthorization(stored)
      }
    } catch { throw .store("\(error)") }
  }

  private func hint(of agreement: AuthKeyAgreement) -> StoredSessionHint {
    StoredSessionHint(dc: dc, salt: agreement.salt, timeOffset: agreement.serverTimeOffset)
  }

  private func session(with key: AuthKey, hint: StoredSessionHint) -> ClientSession {
    authKey = key
    if purpose != .cdn { environment.hints.start(hint) }
    return ClientSession(
      authKey: key, salt: hint.salt, sessionID: Int64(bitPattern: random.next()), timeOffset: hint.timeOffset)
  }
}

extension KeyExchangeError {
  /// Whether another attempt with the same keys must end the same way.
  var isFinal: Bool {
    if case .unknownFingerprints = self { true } else { false }
  }
}
