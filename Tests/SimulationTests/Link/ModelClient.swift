import MTProtoCrypto
import NIOCore
import Synchronization
import TestSupport

@testable import MTProto
@testable import TelegramClient

/// A call as the client's user sees it, over all its attempts.
struct SimulatedCall {
  let number: Int
  let kind: Payload.Kind
  let padding: Int
  /// Made when the faults are over, so that it has to succeed.
  var isProbe = false
  var policy = RetryPolicy(floodSleepThreshold: .seconds(60))
  var isMade = false
  /// Answers and errors its user was given; in the end one.
  var endings = 0
  var hasResult = false
  /// How often the server ran it.
  var runs = 0
}

/// What the shell around the machine keeps.
struct ModelClient {
  var machine: LinkMachine
  var random: RandomSource
  var pipe: Int?
  /// How far its time of day is off.
  var clock: Duration = .zero
  var salt: Int64 = 0
  var timeOffset: Duration = .zero
  var backoff = Backoff()
  var hasAnswered = false
  var wasUseful = false
  var unknownKey = 0
  /// The home data centre's key is lost: the client ends.
  var isTerminated = false
  var timer: (deadline: Duration, version: Int)?
  var timerVersion = 0
  /// Attempts under way and their calls.
  var attempts: [LinkMachine.RequestID: Int] = [:]
  var lastID: LinkMachine.RequestID = 0

  /// Updates that came, and how far a difference has covered them.
  var updates: Set<Int> = []
  var covered = 0
  /// The difference under way, and whether another one has to follow it.
  var difference: Int?
  var wantsDifference = false

  init(plan: FaultPlan, seed: UInt64) {
    let configuration = ClientConfiguration(
      apiID: 1, apiHash: "hash",
      servers: .custom(dc: 2, host: "server", port: 443, keys: simulationKey.map { [$0.publicKey] } ?? []),
      transport: plan.transport, appVersion: "simulation")
    machine = LinkMachine(wrapping: CallWrapping(configuration: configuration), withoutUpdates: !plan.isHome)
    let generator = SharedGenerator(seed: seed)
    random = RandomSource { generator.next() }
  }

  mutating func openSession(with key: AuthKey, salt: Int64, timeOffset: Duration, now: Moment) {
    self.salt = salt
    self.timeOffset = timeOffset
    let session = ClientSession(
      authKey: key, salt: salt, sessionID: Int64(bitPattern: random.next()), timeOffset: timeOffset)
    machine.keySaved(session, now: now)
  }
}

/// A seeded generator that copies share.
private final class SharedGenerator: Sendable {
  private let generator: Mutex<SeededGenerator>

  init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

  func next() -> UInt64 { generator.withLock { $0.next() } }
}
