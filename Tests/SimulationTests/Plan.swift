import TestSupport

@testable import TGLCore

/// How much of what goes wrong in one run: drawn by its seed, so that some runs are calm in some respects.
struct Plan {
  var actions = 0
  // Each push.
  var dropped = 0.0
  var doubled = 0.0
  var late = 0.0
  var unreadable = 0.0
  // Each call.
  var callFails = 0.0
  /// The server does not know the state it is asked to go on from.
  var forgets = 0.0
  var postFails = 0.0
  var answerLost = 0.0
  /// Something larger, at each action.
  var fault = 0.0
  var faults: [Fault] = []
  /// Messages with a file.
  var files = 0.0
  /// Whether all files are fetched as they come, or only those of messages that are deleted.
  var buffersAll = false
  /// How far the machine's clock jumps at a time, in seconds.
  var clockJump = 600
  /// A pause is days long.
  var absence = 0.0
  var reconciliation = Settings.Reconciliation(interval: .zero, window: .zero, requestsPerMinute: 0)

  enum Fault: CaseIterable {
    case endNow, endBeforeCommit, endInsideCommit, endBehindCommit, powerCut
    case busy, diskFull
    case disconnect, serverRestart, longOutage, tooLong, gap
    case channelLost, clockJump, logChatClosed, referencesExpire, amnesia
  }

  init(_ random: inout SeededGenerator) {
    func some(_ most: Double) -> Double {
      Int.random(in: 0..<3, using: &random) == 0 ? 0 : Double.random(in: 0...most, using: &random)
    }
    actions = Int.random(in: 20...100, using: &random)
    dropped = some(0.2)
    doubled = some(0.2)
    late = some(0.4)
    unreadable = some(0.05)
    callFails = some(0.3)
    forgets = Int.random(in: 0..<5, using: &random) == 0 ? 0.05 : 0
    postFails = some(0.3)
    answerLost = some(0.2)
    fault = some(0.15)
    faults = Fault.allCases.filter { _ in Bool.random(using: &random) }
    files = some(0.4)
    buffersAll = Bool.random(using: &random)
    absence = Int.random(in: 0..<5, using: &random) == 0 ? 0.2 : 0
    if Int.random(in: 0..<5, using: &random) > 0 {
      reconciliation = Settings.Reconciliation(
        interval: .seconds(Int.random(in: 600...7_200, using: &random)), window: .seconds(3 * 86_400),
        requestsPerMinute: Int.random(in: 20...120, using: &random))
    }
  }

  mutating func calm() {
    (dropped, doubled, late, unreadable) = (0, 0, 0, 0)
    (callFails, forgets, postFails, answerLost, fault) = (0, 0, 0, 0, 0)
  }
}

extension SeededGenerator {
  /// Never 0.
  mutating func number() -> Int64 { Int64.random(in: 1...Int64.max, using: &self) }
}
