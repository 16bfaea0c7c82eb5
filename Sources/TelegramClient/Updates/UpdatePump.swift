public import Logging
import MTProto
import Metrics
import TL

/// Moves updates from the client to the archive: orders them with `UpdatesEngine`, fetches what is missing, and commits
/// in batches that grow with the load.
///
/// At most one commit is under way. What arrives meanwhile is put together into the next one, and past a limit no
/// difference is asked for and nothing more is taken from the client, which then stops reading its socket.
public struct UpdatePump<Source: UpdateSource, Sink: UpdateSink>: Sendable {
  enum Event: Sendable {
    case payload(UpdatePayload?)
    case committed
    case beaten
    case difference(DifferenceRequest, Result<API.AnyUpdatesDifference, TelegramError>)
    case channelDifference(DifferenceRequest, Int64, Result<API.AnyUpdatesChannelDifference, TelegramError>)
    case serverState(Result<API.UpdatesState, TelegramError>, StateQuestion)
    /// To be asked for once more, by their bare ids, with their `pts`.
    case refusedChannels([Int64: Int32])
    /// Asked for at this uptime.
    case timer(Duration)
  }

  /// Why the server is asked where it is.
  enum StateQuestion: Sendable, Equatable {
    /// To say how much was missed.
    case start
    /// To find a stream that has silently dried up.
    case quiet
    /// The server was ahead a moment ago; what it is ahead by may just have been on its way.
    case again
    /// To go on from there, since the difference from where we are is refused.
    case restart
  }

  /// Silence after which the server is asked whether it is ahead.
  private let quietInterval: Duration = .seconds(180)
  /// How long an update may be on its way while `updates.getState` already counts it.
  private let travelTime: Duration = .seconds(2)
  /// Updates put together while a commit is under way, before reading stops.
  private let maximumBatch = 1_000
  private let maximumChannelDifferences = 3
  /// How often channels that were refused for good are asked for once more.
  private let lookAgainInterval: Duration = .seconds(24 * 3600)
  /// How long a batch that is not urgent waits for more; what is lost with it in a crash is told again.
  private let patience: Duration = .seconds(1)

  private let stalls = Counter(label: "tgl_update_stream_stalls_total")
  let source: Source
  let sink: Sink
  private let heartbeat: Duration?
  let logger: Logger
  /// How far behind it is.
  public let backlog: UpdateBacklog

  /// - Parameter heartbeat: how often the way to the sink is tried while there is nothing to keep; nil for never.
  public init(
    source: Source, sink: Sink, heartbeat: Duration? = nil, backlog: UpdateBacklog = UpdateBacklog(), logger: Logger
  ) {
    self.backlog = backlog
    self.source = source
    self.sink = sink
    self.heartbeat = heartbeat
    self.logger = logger
  }

  /// Runs until the task is cancelled.
  ///
  /// - Throws: what the sink throws, and what makes the session useless (`TelegramError.unauthorized` and the like).
  public func run() async throws {
    let stored = try await sink.updatesState()
    let state: UpdatesState
    if let stored { state = stored } else { state = try await firstState() }
    var pump = Running(
      engine: UpdatesEngine(state: state, behind: stored != nil, now: source.now()), start: state,
      catchingUp: stored != nil)
    if let stored {
      logger.debug(
        "resuming",
        metadata: ["pts": "\(stored.pts)", "date": "\(stored.date)", "channels": "\(stored.channels.count)"])
    } else {
      await sink.caughtUp()
    }
    pump.nextStateCheck = source.now().uptime + quietInterval
    pump.nextLookAgain = source.now().uptime + lookAgainInterval
    if stored != nil { lookAgain(at: try await sink.refusedChannels(), &pump, source.now()) }
    try await withThrowingTaskGroup(of: Event.self) { group in
      defer { group.cancelAll() }
      if stored != nil { ask(.start, after: .zero, &group) }
      next(&pump, &group)
      while let event = try await group.next() {
        guard try await handle(event, &pump, &group) else { break }
        next(&pump, &group)
      }
    }
    // What was put together but not yet committed comes again with the next start's difference.
  }

  struct Running {
    var engine: UpdatesEngine
    /// Where the archive was when this began.
    let start: UpdatesState
    /// What is to be committed next.
    var batch = UpdateBatch()
    /// When the batch is to be committed at the latest; nil for one that has not been looked at (uptime).
    var batchDue: Duration?
    var isReading = false
    var isCommitting = false
    var channelDifferences = 0
    /// When the timers end that are running (uptime).
    var timers: Set<Duration> = []
    var catchingUp: Bool
    /// How often the differences failed in a row; channels by their bare ids, nil for the account's own.
    var retries: [Int64?: Retries] = [:]
    var retryLog = RetryLog(work: "updates")
    /// How often the account's sequence had to start anew since its difference was last answered.
    var restarts = Retries(Patience(first: .seconds(1), longest: .seconds(900), attempts: 6))
    /// Channels this account is told to be no member of.
    var left: Set<Int64> = []
    /// When channels that were refused are asked for once more (uptime).
    var nextLookAgain: Duration = .zero
    /// When the server is asked where it is, unless something arrives (uptime).
    var nextStateCheck: Duration = .zero
    var isBeating = false
    /// When the way to the sink is tried next (uptime).
    var nextBeat: Duration = .zero
  }

  // MARK: What to do next

  /// Starts whatever can be started: a commit, a read, differences, a timer.
  private func next(_ pump: inout Running, _ group: inout ThrowingTaskGroup<Event, any Error>) {
    let now = source.now()
    pump.engine.tick(now: now)
    if !pump.isCommitting, isDue(&pump, now) {
      let batch = pump.batch
      pump.batch = UpdateBatch()
      pump.batchDue = nil
      pump.isCommitting = true
      group.addTask {
        try await sink.commit(batch)
        return .committed
      }
    }
    // What was missed can be any number of messages: more of them are asked for when there is room.
    let hasRoom = pump.batch.updates.count < maximumBatch
    while hasRoom, pump.channelDifferences < maximumChannelDifferences,
      let request = pump.engine.nextRequest(now: now)
    {
      fetch(request, &pump, &group)
    }
    if hasRoom, !pump.isReading {
      pump.isReading = true
      group.addTask { .payload(await source.nextUpdate()) }
    }
    if now.uptime >= pump.nextStateCheck {
      pump.nextStateCheck = now.uptime + quietInterval
      if pump.engine.isCurrent { ask(.quiet, after: .zero, &group) }
    }
    if now.uptime >= pump.nextLookAgain {
      pump.nextLookAgain = now.uptime + lookAgainInterval
      group.addTask { .refusedChannels(try await sink.refusedChannels()) }
    }
    beat(&pump, now, &group)
    backlog.note(
      // A batch that waits for its time is no backlog.
      isBehind: pump.isCommitting || !pump.batch.isEmpty && pump.batchDue == nil || !pump.engine.isCurrent,
      sequences: pump.engine.behind, at: now.uptime)
    let engineDeadline = pump.engine.nextDeadline.flatMap { $0 > now.uptime ? $0 : nil }
    var deadline = min(pump.nextStateCheck, pump.nextLookAgain, engineDeadline ?? pump.nextStateCheck)
    if !pump.isCommitting, let due = pump.batchDue { deadline = min(deadline, due) }
    if heartbeat != nil, !pump.isBeating, !pump.isCommitting { deadline = min(deadline, pump.nextBeat) }
    // What is due next may be sooner than it was; a timer that ends later than that stays, and may be of use.
    if pump.timers.allSatisfy({ deadline < $0 }) {
      pump.timers.insert(deadline)
      group.addTask {
        // Cancelled only together with everything else.
        try? await source.sleep(until: deadline)
        return .timer(deadline)
      }
    }
  }

  /// Whether the batch is to be committed now: what concerns nobody but the state may wait for what comes next.
  private func isDue(_ pump: inout Running, _ now: Moment) -> Bool {
    if pump.batch.isEmpty { return false }
    if pump.catchingUp || sink.isUrgent(pump.batch) { return true }
    let due = pump.batchDue ?? now.uptime + patience
    pump.batchDue = due
    return now.uptime >= due
  }

  /// A commit under way shows as much by ending.
  private func beat(_ pump: inout Running, _ now: Moment, _ group: inout ThrowingTaskGroup<Event, any Error>) {
    guard let heartbeat, !pump.isBeating, !pump.isCommitting, now.uptime >= pump.nextBeat else { return }
    pump.isBeating = true
    pump.nextBeat = now.uptime + heartbeat
    group.addTask {
      try await sink.heartbeat()
      return .beaten
    }
  }

  func ask(
    _ question: StateQuestion, after delay: Duration, _ group: inout ThrowingTaskGroup<Event, any Error>
  ) {
    group.addTask {
      if delay > .zero { try? await source.sleep(until: source.now().uptime + delay) }
      return .serverState(
        await outcome { () async throws(TelegramError) in try await source.updatesState() }, question)
    }
  }

  private func fetch(
    _ request: DifferenceRequest, _ pump: inout Running, _ group: inout ThrowingTaskGroup<Event, any Error>
  ) {
    switch request {
    case .account(let pts, let qts, let date, let limit):
      group.addTask {
        .difference(
          request,
          await outcome { () async throws(TelegramError) in
            try await source.difference(pts: pts, qts: qts, date: date, limit: limit)
          })
      }
    case .channel(let id, let pts, let limit):
      pump.channelDifferences += 1
      group.addTask {
        .channelDifference(
          request, id,
          await outcome { () async throws(TelegramError) in
            try await source.channelDifference(id: id, pts: pts, limit: limit)
          })
      }
    }
  }

  private func outcome<T>(_ call: () async throws(TelegramError) -> T) async -> Result<T, TelegramError> {
    do throws(TelegramError) { return .success(try await call()) } catch { return .failure(error) }
  }

  // MARK: What happened

  /// Takes an event in; false when the client has stopped.
  private func handle(
    _ event: Event, _ pump: inout Running, _ group: inout ThrowingTaskGroup<Event, any Error>
  ) async throws -> Bool {
    let now = source.now()
    switch event {
    case .payload(nil):
      return false
    case .payload(let payload?):
      pump.isReading = false
      pump.nextStateCheck = now.uptime + quietInterval
      try await take(payload, &pump, now)
    case .committed:
      pump.isCommitting = false
      backlog.noteProgress(at: now.uptime)
    case .beaten:
      pump.isBeating = false
    case .timer(let due):
      pump.timers.remove(due)
    case .difference(let request, .success(.other(let raw))):
      unreadable(request, raw.bytes, "\(TLError.unexpectedConstructor(raw.constructor, offset: 0))", &pump, now)
    case .difference(let request, .success(let difference)):
      pump.retries[nil] = nil
      pump.restarts.succeeded()
      backlog.noteProgress(at: now.uptime)
      add(pump.engine.apply(difference, now: now), to: &pump)
      if case .updatesDifferenceTooLong = difference {
        logger.debug("difference too long", metadata: ["request": "\(request)"])
      }
    case .channelDifference(let request, _, .success(.other(let raw))):
      pump.channelDifferences -= 1
      unreadable(request, raw.bytes, "\(TLError.unexpectedConstructor(raw.constructor, offset: 0))", &pump, now)
    case .channelDifference(_, let id, .success(let difference)):
      pump.channelDifferences -= 1
      pump.retries[id] = nil
      backlog.noteProgress(at: now.uptime)
      add(pump.engine.apply(difference, channel: id, now: now), to: &pump)
      if case .updatesChannelDifferenceTooLong = difference {
        logger.debug("difference too long", metadata: ["channel": "\(id)"])
      }
    case .serverState(.success(let state), .restart):
      add(pump.engine.restart(from: state, now: now), to: &pump)
    case .serverState(.success(let state), let question):
      compare(state, question, &pump, &group, now)
    case .serverState(.failure(let error), let question):
      try failed(question, error, &pump, &group, now)
    case .refusedChannels(let channels):
      lookAgain(at: channels, &pump, now)
    case .difference(let request, .failure(let error)):
      try failed(request, error, &pump, &group, now)
    case .channelDifference(let request, _, .failure(let error)):
      pump.channelDifferences -= 1
      try failed(request, error, &pump, &group, now)
    }
    if pump.catchingUp, !pump.isCommitting, pump.batch.isEmpty, pump.engine.isCurrent {
      pump.catchingUp = false
      await sink.caughtUp()
    }
    return true
  }

  /// Compares our state with the server's.
  private func compare(
    _ state: API.UpdatesState, _ question: StateQuestion, _ pump: inout Running,
    _ group: inout ThrowingTaskGroup<Event, any Error>, _ now: Moment
  ) {
    let ours = question == .start ? pump.start : pump.engine.state
    let missed = Int64(state.pts) - Int64(ours.pts)
    switch question {
    case .start:
      logger.notice(
        "catching up with what happened while this was off",
        metadata: [
          "missed_events": "\(max(missed, 0))", "seconds": "\(max(Int64(state.date) - Int64(ours.date), 0))",
        ])
    case .quiet, .again, .restart:
      guard missed > 0 || state.qts > ours.qts, pump.engine.isCurrent else { return }
      guard question == .again else { return ask(.again, after: travelTime, &group) }
      logger.warning(
        "the stream of updates had stalled; asking for what is missing", metadata: ["missed_events": "\(missed)"])
      stalls.increment()
      pump.engine.wantAllDifferences(now: now)
    }
  }

  private func take(_ payload: UpdatePayload, _ pump: inout Running, _ now: Moment) async throws {
    switch payload {
    case .updates(let updates):
      add(pump.engine.receive(updates, now: now), to: &pump)
    case .undecodable(let bytes, let error):
      logger.error("an update could not be read and is kept as it came", metadata: ["error": "\(error)"])
      try await sink.keep(undecodable: bytes)
      var channel: Int64?
      if case .channel(let id)? = UnreadableMessage(in: bytes)?.peer { channel = id }
      pump.engine.wantDifference(channel: channel, now: now)
    case .connected, .gap:
      pump.engine.wantAllDifferences(now: now)
    }
  }
}
