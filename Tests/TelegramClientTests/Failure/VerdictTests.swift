import MTProto
import TL
import Testing

@testable import TelegramClient

@Suite struct VerdictTests {
  /// What the server may say, and what to do about it.
  private static let refusals: [(Int32, String, Verdict)] = [
    (420, "FLOOD_WAIT_42", .retry(after: .seconds(42))),
    (420, "FLOOD_PREMIUM_WAIT_3", .retry(after: .seconds(3))),
    (420, "SLOWMODE_WAIT_10", .retry(after: .seconds(10))),
    (400, "SLOWMODE_WAIT_10", .retry(after: .seconds(10))),
    // Nobody waits for 68 years, or for less than nothing.
    (420, "FLOOD_WAIT_2147483647", .retry(after: Patience.longestAsked)),
    (420, "FLOOD_WAIT_9223372036854775807", .retry(after: Patience.longestAsked)),
    (420, "FLOOD_WAIT_99999999999999999999", .retry(after: nil)),
    (420, "NEW_KIND_OF_WAIT_7", .retry(after: .seconds(7))),
    (420, "FLOOD_WAIT", .retry(after: nil)),
    (500, "INTERNAL", .retry(after: nil)), (500, "", .retry(after: nil)), (503, "Timeout", .retry(after: nil)),
    (-503, "Timeout", .retry(after: nil)), (500, "INTERDC_2_CALL_ERROR", .retry(after: nil)),
    (500, "NOBODY_KNOWS_THIS", .retry(after: nil)), (599, "X", .retry(after: nil)),
    (400, "MSG_WAIT_FAILED", .retry(after: nil)), (400, "RPC_CALL_FAIL", .retry(after: nil)),
    (500, "PERSISTENT_TIMESTAMP_OUTDATED", .retry(after: nil)),
    (-2, "MESSAGE_REJECTED", .retry(after: nil)), (Int32.min, "", .retry(after: nil)), (0, "", .retry(after: nil)),
    (303, "FILE_MIGRATE_5", .renew(.dataCenter(5))), (303, "USER_MIGRATE_2", .renew(.dataCenter(2))),
    (303, "FILE_MIGRATE_0", .renew(.dataCenter(nil))), (303, "FILE_MIGRATE_-2", .renew(.dataCenter(nil))),
    (303, "FILE_MIGRATE_99999", .renew(.dataCenter(nil))), (303, "NEW_MIGRATE_4", .renew(.dataCenter(4))),
    (303, "ELSEWHERE", .renew(.dataCenter(nil))),
    (400, "FILE_REFERENCE_EXPIRED", .renew(.fileReference)), (400, "FILE_REFERENCE_3_EXPIRED", .renew(.fileReference)),
    (406, "FILEREF_UPGRADE_NEEDED", .renew(.fileReference)),
    (400, "PERSISTENT_TIMESTAMP_INVALID", .renew(.updatesState)),
    (400, "PERSISTENT_TIMESTAMP_EMPTY", .renew(.updatesState)),
    (400, "FILE_PART_7_MISSING", .renew(.upload)), (500, "AUTH_RESTART", .renew(.loginCode)),
    (-1, "OUTCOME_UNKNOWN", .renew(.outcome)), (400, "CONNECTION_NOT_INITED", .renew(.introduction)),
    (400, "MSG_ID_INVALID", .setAside(.message, reason: "MSG_ID_INVALID")),
    (400, "CHANNEL_PRIVATE", .setAside(.peer, reason: "CHANNEL_PRIVATE")),
    (406, "CHANNEL_PRIVATE", .setAside(.peer, reason: "CHANNEL_PRIVATE")),
    (400, "TOPIC_CLOSED", .setAside(.peer, reason: "TOPIC_CLOSED")),
    (420, "FROZEN_METHOD_INVALID", .setAside(.account, reason: "FROZEN_METHOD_INVALID")),
    (400, "FILE_ID_INVALID", .setAside(.file, reason: "FILE_ID_INVALID")),
    (400, "NOBODY_KNOWS_THIS", .setAside(.request, reason: "NOBODY_KNOWS_THIS")),
    (403, "NOBODY_KNOWS_THIS_7", .setAside(.request, reason: "NOBODY_KNOWS_THIS_7")),
    (404, "METHOD_INVALID", .setAside(.request, reason: "METHOD_INVALID")), (400, "", .setAside(.request, reason: "")),
    (406, "NEW", .setAside(.request, reason: "NEW")), (299, "NEW", .setAside(.request, reason: "NEW")),
    (400, "RANDOM_ID_DUPLICATE", .alreadyDone), (500, "RANDOM_ID_DUPLICATE", .alreadyDone),
    (400, "MESSAGE_NOT_MODIFIED", .alreadyDone),
    (401, "AUTH_KEY_UNREGISTERED", .signIn(.signedOut("AUTH_KEY_UNREGISTERED"))),
    (401, "SESSION_REVOKED", .signIn(.signedOut("SESSION_REVOKED"))),
    (401, "USER_DEACTIVATED_BAN", .signIn(.banned("USER_DEACTIVATED_BAN"))),
    (406, "AUTH_KEY_DUPLICATED", .signIn(.duplicated)),
    (401, "SESSION_PASSWORD_NEEDED", .signIn(.passwordNeeded)),
    (401, "NOBODY_KNOWS_THIS", .signIn(.signedOut("NOBODY_KNOWS_THIS"))),
  ]

  @Test(arguments: refusals)
  func refusalIsJudgedByNameElseByCode(code: Int32, message: String, verdict: Verdict) {
    #expect(RPCError(code: code, message: message).verdict == verdict)
    #expect(TelegramError.rpc(RPCError(code: code, message: message), method: "m").verdict == verdict)
  }

  private static let failures: [(TelegramError, Verdict)] = [
    (.floodWait(.seconds(90), method: "m"), .retry(after: .seconds(90))),
    (.floodWait(.seconds(1 << 40), method: "m"), .retry(after: Patience.longestAsked)),
    (.unauthorized("SESSION_REVOKED"), .signIn(.signedOut("SESSION_REVOKED"))),
    (.unauthorized("USER_DEACTIVATED"), .signIn(.banned("USER_DEACTIVATED"))), (.authKeyLost(dc: 2), .signIn(.keyLost)),
    (.unreachable(dc: 2, reason: "x"), .retry(after: nil)), (.timeout(method: "m"), .retry(after: nil)),
    (.store("x"), .retry(after: nil)), (.unknownUsername("x"), .setAside(.peer, reason: "nobody has the username @x")),
    (.file("gone"), .setAside(.file, reason: "gone")), (.cancelled, .cancelled), (.closed, .cancelled),
  ]

  @Test(arguments: failures)
  func failureOfACallIsJudged(error: TelegramError, verdict: Verdict) {
    #expect(error.verdict == verdict)
  }

  /// A name that the parser would never produce is a row that never counts.
  @Test func everyRowOfTheTableIsReachedByWhatAServerMaySend() {
    var seen: Set<String> = []
    for row in RPCError.table {
      for name in row.names {
        #expect(seen.insert(name).inserted, "\(name) stands twice")
        let sent = name.split(separator: "_").map { $0 == "X" ? "7" : String($0) }.joined(separator: "_")
        let error = RPCError(code: 400, message: sent)
        #expect(error.name == name)
        #expect(matches(error.verdict, row.judgement), "\(name) is judged \(error.verdict)")
      }
    }
    #expect(seen.count > 250)
  }

  private func matches(_ verdict: Verdict, _ judgement: RPCError.Judgement) -> Bool {
    switch (verdict, judgement) {
    case (.retry, .wait), (.retry, .passes), (.renew(.dataCenter), .moved), (.alreadyDone, .done), (.signIn, .signIn):
      true
    case (.renew(let what), .renew(let expected)): what == expected
    case (.setAside(let subject, _), .refused(let expected)): subject == expected
    default: false
    }
  }
}

@Suite struct PatienceTests {
  @Test func pausesDoubleUpToTheLongestAndEnd() {
    let patience = Patience(first: .seconds(1), longest: .seconds(5), attempts: 6)
    let pauses = (1...6).map { patience.pause(afterFailures: $0) }
    #expect(pauses == [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5), nil])
  }

  @Test func theServersDelayIsKeptToWithinADay() {
    let patience = Patience(first: .seconds(1), longest: .seconds(5), attempts: nil)
    #expect(patience.pause(afterFailures: 1, asked: .seconds(90)) == .seconds(90))
    #expect(patience.pause(afterFailures: 3, asked: .seconds(1)) == .seconds(4))
    #expect(patience.pause(afterFailures: 1, asked: .seconds(1 << 50)) == Patience.longestAsked)
    #expect(patience.pause(afterFailures: 1, asked: .seconds(-5)) == .seconds(1))
  }

  @Test func noTryComesWithoutAPause() {
    for patience in [
      Patience(first: .zero, longest: .zero, attempts: nil),
      Patience(first: .seconds(-1), longest: .seconds(-2), attempts: 9),
    ] {
      for failures in [Int.min, -1, 0, 1, 2, 8] {
        #expect((patience.pause(afterFailures: failures) ?? .zero) > .zero)
      }
    }
    let endless = Patience(first: .milliseconds(200), longest: .seconds(60), attempts: nil)
    #expect(endless.pause(afterFailures: .max) == .seconds(60))
  }

  @Test func successBeginsTheCountAnew() {
    var retries = Retries(Patience(first: .seconds(1), longest: .seconds(9), attempts: 3))
    #expect(retries.failed() == .seconds(1))
    #expect(retries.failed() == .seconds(2))
    #expect(retries.failed() == nil)
    retries.succeeded()
    #expect(retries.failed() == .seconds(1))
  }
}
