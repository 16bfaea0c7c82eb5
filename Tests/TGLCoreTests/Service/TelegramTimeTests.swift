import Logging
import Synchronization
import Testing

@testable import TGLCore

@Suite struct TelegramTimeTests {
  private static let right = Duration.seconds(1_900_000_000)

  private func clock(ahead: Duration, isKnown: Bool = true) -> TelegramTime {
    TelegramTime(telegram: { isKnown ? Self.right : nil }, machine: { Self.right + ahead })
  }

  @Test func whatHappensIsDatedByTelegram() {
    #expect(clock(ahead: .seconds(31_536_000)).serviceTime.now() == 1_900_000_000)
    #expect(clock(ahead: .seconds(-9_000)).serviceTime.now() == 1_900_000_000)
    #expect(clock(ahead: .seconds(40), isKnown: false).serviceTime.now() == 1_900_000_040)
    #expect(clock(ahead: .zero, isKnown: false).offset == nil)
  }

  @Test(
    arguments: [
      (.seconds(60), nil), (.seconds(-60), nil),
      (.seconds(90), "this machine's clock is 90.0 s ahead of Telegram's; see timedatectl(1)"),
      (.seconds(-3_600), "this machine's clock is 3600.0 s behind Telegram's; see timedatectl(1)"),
      (.seconds(30 * 86_400), "this machine's clock is 30 days ahead of Telegram's; see timedatectl(1)"),
    ] as [(Duration, String?)])
  func onlyAnOffsetOfMoreThanAMinuteIsToldOf(ahead: Duration, complaint: String?) {
    #expect(clock(ahead: ahead).complaint == complaint)
    #expect(clock(ahead: ahead, isKnown: false).complaint == nil)
  }

  @Test func healthIsDegradedWhileTheClockIsOff() async throws {
    let vitals = ServiceVitals()
    let ahead = Mutex(Duration.seconds(7_200))
    let seen = Mutex<[[String: String]]>([])
    let clock = TelegramTime(telegram: { Self.right }, machine: { Self.right + ahead.withLock { $0 } })
    await #expect(throws: CancellationError.self) {
      try await clock.watch(vitals, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { _ in
        let rounds = seen.withLock { seen in
          seen.append(vitals.current.impairments)
          return seen.count
        }
        ahead.withLock { $0 = .seconds(1) }
        if rounds == 2 { throw CancellationError() }
      }
    }
    #expect(
      seen.withLock { $0 } == [
        ["clock": "this machine's clock is 7200.0 s ahead of Telegram's; see timedatectl(1)"], [:],
      ])
  }
}
