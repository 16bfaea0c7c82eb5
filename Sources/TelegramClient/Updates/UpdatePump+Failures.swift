import Logging
import MTProto
import NIOCore
import TL

/// What the pump does about failures, by their verdicts.
extension UpdatePump {
  /// Before a channel is set aside whose difference the server fails to answer.
  private var channelPatience: Patience { Patience(first: .seconds(2), longest: .seconds(60), attempts: 10) }
  /// The same for private chats and basic groups, of which there is but one sequence.
  private var accountPatience: Patience { Patience(first: .seconds(2), longest: .seconds(60), attempts: 30) }

  /// Puts a batch behind what is to be committed next, and notes which channels the account is no member of.
  func add(_ batch: UpdateBatch, to pump: inout Running) {
    var batch = batch
    for chat in batch.chats {
      guard let (id, isLeft) = chat.membership else { continue }
      if isLeft {
        // A channel that was left is nothing that is missing.
        if pump.left.insert(id).inserted { batch.answered.insert(id) }
      } else {
        pump.left.remove(id)
      }
    }
    pump.batch.append(batch)
  }

  func failed(
    _ request: DifferenceRequest, _ error: TelegramError, _ pump: inout Running,
    _ group: inout ThrowingTaskGroup<Event, any Error>, _ now: Moment
  ) throws {
    if case .decoding(let problem, _, let answer?) = error {
      return unreadable(request, answer, "\(problem)", &pump, now)
    }
    switch error.verdict {
    case .signIn, .cancelled, .stop:
      throw error
    case .retry(let asked):
      retry(request, error, asked: asked, &pump, &group, now)
    case .renew(.outcome):
      retry(request, error, asked: nil, &pump, &group, now)
    case .setAside(.peer, let reason):
      guard case .channel(let id, _, _) = request else { return restart(error, &pump, &group) }
      logger.notice(
        "channel can no longer be read", metadata: ["channel": "\(Self.name(request))", "error": "\(error)"])
      var batch = pump.engine.lostAccess(channel: id)
      if !batch.isEmpty, !pump.left.contains(id) {
        batch.setAside.append(
          SetAsideEvent(channelID: id, pts: batch.gaps.first?.fromPts ?? 0, cause: .refused(reason: reason)))
      }
      add(batch, to: &pump)
    case .setAside, .renew, .alreadyDone:
      guard case .channel = request else { return restart(error, &pump, &group) }
      setAside(request, error, &pump, now)
    }
  }

  /// The account's sequence goes on from the server's own state, and what lies between is a gap.
  private func restart(
    _ error: TelegramError, _ pump: inout Running, _ group: inout ThrowingTaskGroup<Event, any Error>
  ) {
    logger.warning(
      "updates.getDifference was refused; going on from the server's state, with a gap",
      metadata: ["error": "\(error)"])
    let isFirst = pump.restarts.failures == 0
    guard let pause = pump.restarts.failed() else {
      return setAside(.account(pts: 0, qts: 0, date: 0), error, &pump, source.now())
    }
    ask(.restart, after: isFirst ? .zero : pause, &group)
  }

  func failed(
    _ question: StateQuestion, _ error: TelegramError, _ pump: inout Running,
    _ group: inout ThrowingTaskGroup<Event, any Error>, _ now: Moment
  ) throws {
    let verdict = error.verdict
    switch verdict {
    case .signIn, .cancelled, .stop: throw error
    case .retry, .renew, .setAside, .alreadyDone: break
    }
    guard question == .restart else {
      logger.debug("updates.getState failed", metadata: ["error": "\(error)", "question": "\(question)"])
      return
    }
    guard case .retry(let asked) = verdict, let pause = pump.restarts.failed(asked: asked) else {
      return setAside(.account(pts: 0, qts: 0, date: 0), error, &pump, now)
    }
    ask(.restart, after: pause, &group)
  }

  /// Asks again later; what the server itself fails to answer is set aside in the end.
  private func retry(
    _ request: DifferenceRequest, _ error: TelegramError, asked: Duration?, _ pump: inout Running,
    _ group: inout ThrowingTaskGroup<Event, any Error>, _ now: Moment
  ) {
    var channel: Int64?
    if case .channel(let id, _, _) = request { channel = id }
    var retries = pump.retries[channel] ?? Retries(channel == nil ? accountPatience : channelPatience)
    var wait = retries.failed(asked: asked.map { $0 + .seconds(1) })
    // Without a server there is nobody who refuses: that lasts as long as it lasts.
    if wait == nil, !error.isAnswer { wait = retries.patience.longest }
    pump.retries[channel] = retries
    guard let wait else {
      pump.retries[channel] = nil
      guard channel != nil else { return restart(error, &pump, &group) }
      return setAside(request, error, &pump, now)
    }
    if let failures = pump.retryLog.failed(at: now.uptime) {
      logger.warning(
        "difference not fetched; trying again",
        metadata: [
          "scope": "\(Self.name(request))", "error": "\(error)", "seconds": "\(wait.components.seconds)",
          "failures": "\(failures)",
        ])
    }
    pump.engine.failed(request, retryAt: now.uptime + wait)
  }

  /// Leaves the sequence alone for a day; everything else goes on.
  private func setAside(
    _ request: DifferenceRequest, _ error: TelegramError, _ pump: inout Running, _ now: Moment
  ) {
    let reason = if case .setAside(_, let reason) = error.verdict { reason } else { "\(error)" }
    logger.warning(
      "difference refused; set aside for a day",
      metadata: ["scope": "\(Self.name(request))", "error": "\(error)"])
    add(pump.engine.refused(request, reason: reason, now: now), to: &pump)
  }

  /// Asks for less, and in the end steps over one event and keeps its bytes.
  func unreadable(
    _ request: DifferenceRequest, _ answer: ByteBuffer, _ reason: String, _ pump: inout Running, _ now: Moment
  ) {
    let batch = pump.engine.unreadable(request, answer: answer, reason: reason, now: now)
    if !batch.setAside.isEmpty, let failures = pump.retryLog.failed(at: now.uptime) {
      logger.warning(
        "event cannot be read; set aside as it came",
        metadata: ["scope": "\(Self.name(request))", "error": "\(reason)", "failures": "\(failures)"])
    }
    add(batch, to: &pump)
  }

  /// Follows channels again that were given up, and asks what happened in them.
  func lookAgain(at channels: [Int64: Int32], _ pump: inout Running, _ now: Moment) {
    for (id, pts) in channels.sorted(by: { $0.key < $1.key }) where !pump.left.contains(id) {
      add(pump.engine.follow(channel: id, pts: pts, now: now), to: &pump)
      pump.engine.wantDifference(channel: id, now: now)
    }
  }

  /// Asks until there is an answer, or the session is of no use any more; nil for one that is refused for good.
  ///
  /// - Parameter isNeeded: whether nothing can begin without it, so that a refusal is borne, too.
  func answer<T>(isNeeded: Bool, _ call: () async throws(TelegramError) -> T) async throws -> T? {
    var retries = Retries(Patience(first: .seconds(2), longest: .seconds(60), attempts: nil))
    var log = RetryLog(work: "updates")
    while true {
      let error: TelegramError
      do throws(TelegramError) { return try await call() } catch let failure { error = failure }
      var asked: Duration?
      switch error.verdict {
      case .signIn, .cancelled, .stop: throw error
      case .retry(let delay): asked = delay.map { $0 + .seconds(1) }
      case .setAside, .renew, .alreadyDone: if !isNeeded { return nil }
      }
      let wait = retries.failed(asked: asked) ?? retries.patience.longest
      if let failures = log.failed(at: source.now().uptime) {
        logger.warning(
          "the state of the updates not fetched; trying again",
          metadata: [
            "error": "\(error)", "seconds": "\(wait.components.seconds)", "failures": "\(failures)",
          ])
      }
      try await source.sleep(until: source.now().uptime + wait)
    }
  }

  /// For the log.
  private static func name(_ request: DifferenceRequest) -> String {
    switch request {
    case .account: "private chats and basic groups"
    case .channel(let id, _, _): PeerID.channel(id).map { "\($0)" } ?? "channel \(id)"
    }
  }
}

extension TelegramError {
  /// Whether a server has answered, so that it may go on answering like that.
  fileprivate var isAnswer: Bool { if case .rpc = self { true } else { false } }
}

extension API.AnyChat {
  /// A channel's bare id, and whether this account is no member; nil for what does not tell.
  fileprivate var membership: (id: Int64, isLeft: Bool)? {
    switch self {
    case .channel(let channel) where !channel.min: (channel.id, channel.left)
    case .channelForbidden(let channel): (channel.id, true)
    default: nil
    }
  }
}
