import Logging
import MTProto
import NIOCore
import TL

/// Where everything meets: the auth keys and sessions of every data centre, and the one `Telegram` they call.
///
/// Calls run one at a time in the order they came.
actor Hub {
  struct Settings: Sendable {
    /// How long a salt is the current one, in seconds.
    var saltPeriod: Int32 = 1800
  }

  private struct Key {
    let authKey: AuthKey
    var salts: SaltSchedule
  }

  private struct SessionAddress: Hashable {
    let key: AuthKeyAddress
    let id: Int64
  }

  private struct Record {
    var session: ServerSession
    var connection: ServerConnection?
    /// Whether the session is told what happens: it has made a call without forbidding it.
    var wantsUpdates = false
    /// Whether something happened that the session was not told.
    var hasMissed = false
    var lastActive: Duration
  }

  var telegram: Telegram
  private let settings: Settings
  private let clock: @Sendable () -> Moment
  /// How far the wall clock is ahead.
  private var skew: Duration = .zero
  private var generator: SystemRandomNumberGenerator
  private var keys: [AuthKeyAddress: Key] = [:]
  private var sessions: [SessionAddress: Record] = [:]
  private let logger: Logger
  /// Pushes that wait to be released.
  private var held: [(SessionAddress, ByteBuffer)] = []
  /// The cuts under way.
  private var cuts: Task<Void, any Error>?

  /// Sessions without a connection are forgotten after this long.
  private static let sessionLifetime = Duration.seconds(900)

  init(telegram: Telegram, settings: Settings, logger: Logger, now: @escaping @Sendable () -> Moment) {
    self.telegram = telegram
    self.settings = settings
    self.logger = logger
    clock = now
    generator = SystemRandomNumberGenerator()
  }

  private func now() -> Moment {
    var moment = clock()
    moment.unixTime += skew
    return moment
  }

  /// Sets the server's clock ahead, or behind for a negative time.
  ///
  /// - Returns: how many connections it concerns.
  func setClock(ahead time: Duration) -> Int {
    skew = time
    return sessions.values.filter { $0.connection != nil }.count
  }

  private func seconds(_ moment: Moment) -> Int32 { Int32(truncatingIfNeeded: moment.unixTime.components.seconds) }

  func setEndpoints(_ endpoints: [Telegram.Endpoint], cdn: CDN) {
    telegram.endpoints = endpoints
    telegram.cdn = cdn
  }

  // MARK: Keys

  func add(_ agreement: AuthKeyAgreement, dc: Int32) {
    let address = AuthKeyAddress(dc: dc, id: agreement.authKey.id)
    keys[address] = Key(
      authKey: agreement.authKey,
      salts: SaltSchedule(first: agreement.salt, now: seconds(now()), period: settings.saltPeriod))
  }

  func key(_ id: Int64, dc: Int32) -> AuthKey? { keys[AuthKeyAddress(dc: dc, id: id)]?.authKey }

  // MARK: Messages

  /// Takes in a decrypted message and sends what it brings about.
  func received(_ message: SessionMessage, authKeyID: Int64, dc: Int32, on connection: ServerConnection) {
    let moment = now()
    let keyAddress = AuthKeyAddress(dc: dc, id: authKeyID)
    keys[keyAddress]?.salts.extend(now: seconds(moment), count: 64, using: &generator)
    guard let salts = keys[keyAddress]?.salts else { return connection.send(.error(-404)) }
    let address = SessionAddress(key: keyAddress, id: message.sessionID)
    attach(address, to: connection, at: moment)
    let events = sessions[address]?.session.received(message, salts: salts, now: moment) ?? []
    for event in events {
      switch event {
      case .call(let id, let body): run(id, body, address, at: moment)
      case .disconnect(let delay): connection.send(.close(after: .seconds(Int64(delay))))
      case .destroySession(let id, let request): destroySession(id, request, address, at: moment)
      case .destroyAuthKey: destroyAuthKey(address, at: moment)
      }
    }
    flush(address, at: moment)
  }

  private func attach(_ address: SessionAddress, to connection: ServerConnection, at moment: Moment) {
    if sessions[address] == nil {
      forgetOldSessions(at: moment)
      sessions[address] = Record(
        session: ServerSession(id: address.id, uniqueID: Int64(bitPattern: generator.next())), lastActive: moment.uptime
      )
    }
    guard sessions[address]?.connection != connection else { return }
    let isBack = sessions[address]?.connection != nil || sessions[address]?.wantsUpdates == true
    sessions[address]?.connection = connection
    sessions[address]?.lastActive = moment.uptime
    if isBack { sessions[address]?.session.reconnected(now: moment) }
  }

  func disconnected(_ connection: ServerConnection) {
    let moment = now()
    for address in sessions.keys where sessions[address]?.connection == connection {
      sessions[address]?.connection = nil
      sessions[address]?.lastActive = moment.uptime
    }
  }

  private func forgetOldSessions(at moment: Moment) {
    sessions = sessions.filter {
      $0.value.connection != nil || moment.uptime - $0.value.lastActive < Self.sessionLifetime
    }
  }

  private func run(_ id: Int64, _ body: ByteBuffer, _ address: SessionAddress, at moment: Moment) {
    telegram.world.preciseTime = moment.unixTime
    let outcome = telegram.call(body, dc: address.key.dc, authKeyID: address.key.id, now: seconds(moment))
    if outcome.wantsUpdates { sessions[address]?.wantsUpdates = true }
    sessions[address]?.session.answer(outcome.response, to: id, now: moment)
    deliver(except: address, at: moment)
  }

  private func destroySession(_ id: Int64, _ request: Int64, _ address: SessionAddress, at moment: Moment) {
    let doomed = SessionAddress(key: address.key, id: id)
    let existed = id != address.id && sessions.removeValue(forKey: doomed) != nil
    sessions[address]?.session.reply(
      existed ? MT.DestroySessionOk(sessionId: id).encoded() : MT.DestroySessionNone(sessionId: id).encoded(),
      now: moment)
  }

  private func destroyAuthKey(_ address: SessionAddress, at moment: Moment) {
    sessions[address]?.session.reply(MT.DestroyAuthKeyOk().encoded(), now: moment)
    flush(address, at: moment)
    dropKey(address.key)
  }

  private func dropKey(_ address: AuthKeyAddress) {
    keys[address] = nil
    telegram.authorizations[address] = nil
    for session in sessions.keys where session.key == address { sessions[session] = nil }
  }

  private func flush(_ address: SessionAddress, at moment: Moment) {
    guard let key = keys[address.key], let connection = sessions[address]?.connection else { return }
    let salt = key.salts.current(now: seconds(moment))
    for message in sessions[address]?.session.takeOutgoing(salt: salt, now: moment) ?? [] {
      connection.send(.message(message, key.authKey))
    }
  }

  // MARK: Updates

  /// Tells every session of the accounts concerned what happened; the one whose call it was has the answer instead.
  private func deliver(except caller: SessionAddress?, _ passage: Passage = .now, at moment: Moment) {
    tellAcceptedKeys(at: moment)
    let announcements = telegram.world.takeAnnouncements()
    let containers = telegram.world.takeContainers()
    guard !announcements.isEmpty || !containers.isEmpty else { return }
    for (user, own) in Dictionary(grouping: announcements, by: \.user) {
      let listeners = listeners(of: user, except: caller)
      guard !listeners.isEmpty else { continue }
      let body = Telegram.envelope(own, for: user, in: telegram.world).encoded()
      deliver(body, to: listeners, passage, at: moment)
    }
    for container in containers {
      deliver(container.body, to: listeners(of: container.user, except: caller), passage, at: moment)
    }
  }

  /// The sessions that are told what concerns an account.
  private func listeners(of user: Int64, except caller: SessionAddress?) -> [SessionAddress] {
    sessions.keys.filter { address in
      address != caller && address.key.dc == telegram.world.homeDC && sessions[address]?.wantsUpdates == true
        && telegram.authorizations[address.key]?.user == user
        && telegram.authorizations[address.key]?.isRevoked == false
    }
  }

  private func deliver(
    _ body: ByteBuffer, to listeners: [SessionAddress], _ passage: Passage, at moment: Moment
  ) {
    telegram.world.noteSent(body)
    for address in listeners {
      switch passage {
      case .now: send(body, to: address, at: moment)
      case .after(let time): pushLater(.init(body: body, after: time), to: address)
      case .held: held.append((address, body))
      }
    }
  }

  /// Sends what was held, in the order in which it happened.
  ///
  /// - Returns: how many pushes that were.
  func releaseUpdates() -> Int {
    defer { held = [] }
    let moment = now()
    for (address, body) in held { send(body, to: address, at: moment) }
    return held.count
  }

  /// Tells the devices whose login tokens have been accepted; nobody is signed in there yet.
  private func tellAcceptedKeys(at moment: Moment) {
    let keys = telegram.takeAcceptedKeys()
    guard !keys.isEmpty else { return }
    let update = API.UpdateShort(update: .updateLoginToken(.init()), date: seconds(moment))
    let body = API.AnyUpdates.updateShort(update).encoded()
    for address in sessions.keys where keys.contains(address.key) && sessions[address]?.wantsUpdates == true {
      send(body, to: address, at: moment)
    }
  }

  /// Sends an update as far as the faults let it through.
  private func send(_ body: ByteBuffer, to address: SessionAddress, at moment: Moment) {
    for delivery in telegram.faults.updates.pass(body, to: address.id) {
      if delivery.after == .zero {
        push(delivery.body, to: address, at: moment)
      } else {
        pushLater(delivery, to: address)
      }
    }
  }

  private func pushLater(_ delivery: UpdateFaults.Delivery, to address: SessionAddress) {
    // Ends by itself; what comes too late for its session goes nowhere.
    Task {
      try await Task.sleep(for: delivery.after)
      push(delivery.body, to: address, at: now())
    }
  }

  private func push(_ body: ByteBuffer, to address: SessionAddress, at moment: Moment) {
    guard let connection = sessions[address]?.connection, connection.isWritable else {
      // It has to catch up by itself; said when it is listening again.
      sessions[address]?.hasMissed = true
      return
    }
    if sessions[address]?.hasMissed == true {
      sessions[address]?.hasMissed = false
      sessions[address]?.session.push(API.AnyUpdates.updatesTooLong(.init()).encoded(), now: moment)
    } else {
      sessions[address]?.session.push(body, now: moment)
    }
    flush(address, at: moment)
  }

  // MARK: From outside

  /// Changes the world as somebody's client would, and tells everybody concerned when `passage` says.
  func perform<Result: Sendable>(
    _ passage: Passage = .now, _ change: @Sendable (inout Telegram) throws -> Result
  ) rethrows -> Result {
    let moment = now()
    telegram.world.now = seconds(moment)
    telegram.world.preciseTime = moment.unixTime
    // What a failed change announced before it failed has happened all the same.
    defer { deliver(except: nil, passage, at: moment) }
    return try change(&telegram)
  }

  /// Closes the connections of an account, or all.
  func disconnect(_ user: Int64?) -> Int {
    var count = 0
    for (address, record) in sessions {
      guard let connection = record.connection,
        user == nil || telegram.authorizations[address.key]?.user == user
      else { continue }
      connection.send(.close(after: nil))
      count += 1
    }
    return count
  }

  /// Closes connections again and again, until told to stop.
  func disconnect(_ user: Int64?, every pause: Duration) -> Int {
    stopDisconnecting()
    cuts = Task {
      while true {
        try await Task.sleep(for: pause)
        _ = disconnect(user)
      }
    }
    return disconnect(user)
  }

  func stopDisconnecting() {
    cuts?.cancel()
    cuts = nil
  }

  /// Makes every salt of an account's keys, or of all, invalid.
  func replaceSalts(_ user: Int64?) -> Int {
    let affected = keys.keys.filter { user == nil || telegram.authorizations[$0]?.user == user }
    for address in affected { keys[address]?.salts.replaceAll(now: seconds(now()), using: &generator) }
    return affected.count
  }

  /// Forgets the auth keys of an account, or all: their next packet is answered -404.
  func loseKeys(_ user: Int64?) -> Int {
    let affected = keys.keys.filter { user == nil || telegram.authorizations[$0]?.user == user }
    for address in affected { closeConnections(of: address) }
    for address in affected { dropKey(address) }
    return affected.count
  }

  /// Ends the sign-ins of an account, as its owner does from another device.
  func revoke(_ user: Int64?) -> Int {
    let affected = telegram.authorizations.filter { $0.value.user != nil && (user == nil || $0.value.user == user) }
    let moment = now()
    for address in affected.keys {
      telegram.authorizations[address]?.isRevoked = true
      // Telegram makes the device notice by telling it to catch up.
      for session in sessions.keys where session.key == address {
        sessions[session]?.session.push(API.AnyUpdates.updatesTooLong(.init()).encoded(), now: moment)
        flush(session, at: moment)
      }
    }
    return affected.count
  }

  private func closeConnections(of key: AuthKeyAddress) {
    for (address, record) in sessions where address.key == key { record.connection?.send(.close(after: nil)) }
  }

  /// Connected sessions, by account.
  func connectedSessions() -> [Int64: Int] {
    var counts: [Int64: Int] = [:]
    for (address, record) in sessions where record.connection != nil {
      if let user = telegram.authorizations[address.key]?.user { counts[user, default: 0] += 1 }
    }
    return counts
  }
}
