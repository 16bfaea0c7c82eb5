import MTProto
import TestSupport

/// What can go wrong in one run.
///
/// A run has some of the faults and not the others, so that each also meets the rest undisturbed.
enum Fault: String, CaseIterable {
  /// The connection is cut, in the middle of whatever is on its way.
  case disconnect
  /// Bytes go nowhere from now on, and nobody is told.
  case blackHole
  /// The server comes up again without its sessions.
  case restart
  /// The server forgets its sessions, and the connection stays.
  case amnesia
  /// The server makes every salt invalid.
  case newSalts
  /// The client's time of day jumps.
  case clientClock
  /// The server's time of day jumps; it starts anew with it, as nobody sets the clock of a running server.
  case serverClock
  /// The server repeats what was not acknowledged.
  case repetition
  /// An earlier packet comes again, on whatever connection there is.
  case replay
  /// The server asks what the client has, or wants a message again.
  case question
  case transportError
  /// A byte is changed on its way.
  case corruption
  /// Many updates in one go.
  case flood
  /// The server does not know the key any more.
  case keyLoss
}

/// The faults of a run and how often they happen, by its seed.
struct FaultPlan {
  var kinds: [Fault]
  /// Time from one fault to the next, on average.
  var interval: Duration
  var latency: Duration
  /// Of connection attempts, those refused.
  var refusals = 0.0
  /// Of packets, those lost inside the server before and after they are handled.
  var lostCalls = 0.0
  var lostAnswers = 0.0
  var duplicates = 0.0
  /// Of answers, those only announced by `msg_detailed_info`.
  var announcements = 0.0
  /// Of answers, those that take very long or never come.
  var slowAnswers = 0.0
  /// Of calls, those refused with an error.
  var errors = 0.05
  /// In seconds.
  var saltPeriod: Int32
  let transport: Transport
  let isHome: Bool
  /// Whether the client starts with a key.
  let hasKey: Bool

  init(using random: inout SeededGenerator) {
    func chance(_ share: Double, _ most: Double, _ random: inout SeededGenerator) -> Double {
      Double.random(in: 0...1, using: &random) < share ? Double.random(in: 0...most, using: &random) : 0
    }
    kinds = Fault.allCases.filter { kind in
      let share = kind == .keyLoss ? 0.15 : kind == .flood ? 0.05 : 0.4
      return Double.random(in: 0...1, using: &random) < share
    }
    interval = .seconds(Double.random(in: 2...40, using: &random))
    latency = .milliseconds(Int.random(in: 1...400, using: &random))
    refusals = chance(0.4, 0.6, &random)
    lostCalls = chance(0.3, 0.2, &random)
    lostAnswers = chance(0.3, 0.2, &random)
    duplicates = chance(0.4, 0.3, &random)
    announcements = chance(0.3, 0.5, &random)
    slowAnswers = chance(0.4, 0.3, &random)
    saltPeriod = Int32.random(in: 0...2, using: &random) == 0 ? Int32.random(in: 40...400, using: &random) : 1_800
    transport = Transport.all.randomElement(using: &random) ?? Transport(.full, obfuscated: false)
    isHome = Int.random(in: 0..<4, using: &random) > 0
    hasKey = Int.random(in: 0..<8, using: &random) > 0
  }

  /// Nothing goes wrong any more.
  mutating func end() {
    kinds = []
    (refusals, lostCalls, lostAnswers, duplicates) = (0, 0, 0, 0)
    (announcements, slowAnswers, errors) = (0, 0, 0)
  }
}
