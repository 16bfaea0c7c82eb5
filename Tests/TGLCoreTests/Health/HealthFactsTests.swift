import Foundation
import Testing

@testable import TGLCore

@Suite struct HealthFactsTests {
  private static let limits = HealthFacts.Limits(
    errorWindow: .seconds(300), housekeeping: .seconds(900), stall: .seconds(120))

  private static func well() -> HealthFacts {
    var facts = HealthFacts(now: 1_800_000_000, startedAt: 1_799_990_000, version: "1.2.3")
    facts.lastHousekeepingAt = 1_799_999_900
    return facts
  }

  @Test func whatIsSetAsideDegradesAndStopsNothing() throws {
    var facts = Self.well()
    #expect(facts.report(Self.limits).degraded == [])
    facts.backlog.setAside = SetAsideSummary(
      counts: [.updates: 7], bytes: 3,
      entries: [
        .init(
          kind: .updates, scope: .channel(ArchiveFixture.logChat), chat: ArchiveFixture.logChat, title: "Team",
          reason: "MSG_ID_INVALID")
      ])
    facts.impairments = ["the clock is wrong"]
    let report = facts.report(Self.limits)
    #expect(report.status == .degraded && report.lastErrorMessage == nil)
    #expect(
      report.degraded == [
        "the clock is wrong", "set aside: updates of Team (-1000000009999): MSG_ID_INVALID", "set aside: 6 more",
      ])
    #expect(facts.summary(Self.limits).hasPrefix("up to date; degraded: the clock is wrong; set aside: "))
    facts.lastError = .init(at: facts.now, message: "e")
    #expect(facts.report(Self.limits).status == .error)
    let page = StatusPage.html(.init(facts: facts, report: report))
    #expect(page.contains("<li>the clock is wrong</li>") && page.contains("class=\"degraded\""))
  }

  @Test func theFiveNamesOfOldAreAlwaysThere() throws {
    var facts = Self.well()
    facts.lastHousekeepingAt = nil
    let json = try JSONEncoder().encode(facts.report(Self.limits))
    let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    for name in ["status", "started_at", "last_housekeeping_at", "last_error_at", "last_error_msg"] {
      #expect(object.keys.contains(name), "\(name)")
    }
    #expect(object["last_housekeeping_at"] is NSNull)
    #expect(try JSONDecoder().decode(HealthReport.self, from: json) == facts.report(Self.limits))
  }

  struct Case: CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (inout HealthFacts) -> Void
    /// Nil for well.
    var reason: String?
  }

  static let cases: [Case] = [
    Case(testDescription: "nothing wrong", change: { _ in }),
    Case(
      testDescription: "an error just now", change: { $0.lastError = .init(at: $0.now - 299, message: "e") },
      reason: "e"),
    Case(testDescription: "an error past", change: { $0.lastError = .init(at: $0.now - 300, message: "e") }),
    Case(
      testDescription: "housekeeping stuck", change: { $0.lastHousekeepingAt = $0.now - 901 },
      reason: "housekeeping was last through 901 s ago"),
    Case(
      testDescription: "housekeeping never through", change: { $0.lastHousekeepingAt = nil },
      reason: "housekeeping was last through 10000 s ago"),
    Case(
      testDescription: "housekeeping not due yet",
      change: {
        $0.lastHousekeepingAt = nil
        $0.startedAt = $0.now - 900
      }),
    Case(
      testDescription: "link down",
      change: {
        $0.downFor = .seconds(121)
        $0.connection = "not connected: no route"
        // What follows of it is not told as well.
        $0.sinceBeat = .seconds(500)
        $0.backlogAge = .seconds(500)
        $0.sinceProgress = .seconds(500)
      }, reason: "Telegram has not been reached for 121 s (not connected: no route)"),
    Case(testDescription: "link down for a moment", change: { $0.downFor = .seconds(120) }),
    Case(
      testDescription: "path stuck", change: { $0.sinceBeat = .seconds(121) },
      reason: "nothing has gone from Telegram to the archive for 121 s"),
    Case(
      testDescription: "stream stalled",
      change: {
        $0.backlogAge = .seconds(400)
        $0.sinceProgress = .seconds(121)
      }, reason: "updates have been waiting for 400 s"),
    Case(
      testDescription: "long catching up",
      change: {
        $0.backlogAge = .seconds(400)
        $0.sinceProgress = .seconds(2)
      }),
    Case(
      testDescription: "parked",
      change: {
        $0.backlog.outboxParked = 2
        $0.backlog.outboxError = "CHAT_WRITE_FORBIDDEN"
      }, reason: "2 notices were refused by the log chat: CHAT_WRITE_FORBIDDEN"),
    Case(
      testDescription: "log chat closed",
      change: { $0.outboxPause = .init(reason: "CHANNEL_PRIVATE", lasted: .seconds(121)) },
      reason: "the log chat has taken nothing for 121 s: CHANNEL_PRIVATE"),
    Case(
      testDescription: "log chat closed for a moment",
      change: { $0.outboxPause = .init(reason: "CHANNEL_PRIVATE", lasted: .seconds(5)) }),
    Case(
      testDescription: "disk full", change: { $0.storageProblem = "no space left" }, reason: "no space left"),
    Case(
      testDescription: "no room for media",
      change: {
        $0.tooFewFreeBytes = 5
        $0.backlog.mediaToFetch = 3
      }, reason: "3 files wait for room on the disk, where 5 bytes are free"),
    Case(testDescription: "little room, nothing to fetch", change: { $0.tooFewFreeBytes = 5 }),
    Case(
      testDescription: "canary", change: { $0.canaryFailure = .init(at: 1, message: "it did not come back") },
      reason: "it did not come back"),
  ]

  @Test(arguments: cases.indices) func eachStateIsRedWithItsReason(index: Int) {
    let test = Self.cases[index]
    var facts = Self.well()
    test.change(&facts)
    let report = facts.report(Self.limits)
    #expect(report.status == (test.reason == nil ? .ok : .error), "\(test.testDescription)")
    if let reason = test.reason { #expect(report.lastErrorMessage == reason) }
    #expect(report.startedAt?.hasSuffix("Z") == true)
    #expect(facts.summary(Self.limits).isEmpty == false)
  }

  @Test func whatIsWrongNowIsToldTogetherAndBeforeWhatWasLogged() {
    var facts = Self.well()
    facts.storageProblem = "no space left"
    facts.backlog.outboxParked = 1
    facts.lastError = .init(at: facts.now - 1, message: "logged")
    let report = facts.report(Self.limits)
    #expect(report.lastErrorMessage == "no space left; 1 notices were refused by the log chat: it did not say why")
    #expect(report.lastErrorAt == "2027-01-15T08:00:00Z")
  }

  @Test func anErrorOfThePastIsStillTold() {
    var facts = Self.well()
    facts.lastError = .init(at: 1_799_999_000, message: "logged")
    let report = facts.report(Self.limits)
    #expect(report.status == .ok && report.lastErrorMessage == "logged")
    #expect(report.lastErrorAt == "2027-01-15T07:43:20Z" && report.lastHousekeepingAt == "2027-01-15T07:58:20Z")
  }

  @Test func thePageShowsNamesAsTextOnly() {
    var facts = Self.well()
    facts.lastError = .init(at: facts.now, message: "<script>alert(1)</script> & \u{1B}[31m")
    let page = StatusPage.html(.init(facts: facts, report: facts.report(Self.limits)))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; "))
    #expect(!page.contains("<script") && !page.contains("\u{1B}"))
    #expect(page.contains("Something is wrong"))
  }

  @Test(arguments: [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3_600, "1 h"), (90_061, "1 d 1 h"), (-5, "0 s")])
  func spansAreShort(seconds: Int64, text: String) {
    #expect(StatusPage.span(seconds) == text)
  }

  @Test func theTokenIsTakenInBothSchemesAndNothingElse() {
    let token = "0123456789abcdef"
    #expect(TokenCheck.shows(token, "Bearer \(token)"))
    #expect(TokenCheck.shows(token, "bearer  \(token) "))
    // base64 of "me:0123456789abcdef"
    #expect(TokenCheck.shows(token, "Basic bWU6MDEyMzQ1Njc4OWFiY2RlZg=="))
    for header in [
      nil, "", "Bearer", "Bearer ", token, "Bearer 0123456789abcdeg", "Bearer 0123456789abcde", "Basic \(token)",
      "Basic !", "Digest \(token)", "Basic bWU=",
    ] {
      #expect(!TokenCheck.shows(token, header))
    }
  }

  @Test(arguments: [
    ("127.0.0.1", true), ("::1", true), ("localhost", true), ("0.0.0.0", false), ("127.evil.org", false),
  ])
  func loopbackIsKnown(host: String, isLoopback: Bool) {
    #expect(StatusServer.isLoopback(host) == isLoopback)
  }
}
