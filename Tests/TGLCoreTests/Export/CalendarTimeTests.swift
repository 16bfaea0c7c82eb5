import Foundation
import TestSupport
import Testing

@testable import TGLCore

@Suite struct CalendarTimeTests {
  private static let moments: [(Int64, String)] = [
    (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_795_428_371, "2026-11-23T10:06:11Z"),
    (4_107_542_400, "2100-03-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
    (Int64.max, "9999-12-31T23:59:59Z"), (-5, "1970-01-01T00:00:00Z"),
  ]

  @Test(arguments: moments)
  func momentsInUTC(time: Int64, text: String) { #expect(CalendarTime.utc(time) == text) }

  @Test(arguments: ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"])
  func localTimesAreThoseOfFoundation(name: String) throws {
    let zone = try #require(TimeZone(identifier: name))
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = zone
    formatter.dateFormat = "yyyy-MM-dd'T'HH:mm:ss"
    var time = CalendarTime(zone: zone)
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<500 {
      let moment = Int64.random(in: 0...4_000_000_000, using: &generator)
      let expected = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(moment)))
      #expect(time.local(moment) == expected)
      #expect(time.minute(moment) == expected.replacing("T", with: " ").dropLast(3))
      #expect(time.day(moment) == expected.prefix(10))
    }
  }

  private static let texts: [(String, Int64?)] = [
    ("1970-01-02", 86_400), ("1970-01-01T01:00", 3600), ("1970-01-01 01:00:05", 3605),
    ("1970-01-01T01:00:00+01:00", 0), ("1970-01-01T01:00:00Z", 3600), ("30m", 1_000_000 - 1800),
    ("12h", 1_000_000 - 43_200), ("7d", 1_000_000 - 604_800), ("0d", 1_000_000),
    ("", nil), ("d", nil), ("-1d", nil), ("7y", nil), ("1970-13-01", nil), ("1970-02-30", nil), ("yesterday", nil),
    ("99999999999999999999d", nil), ("1600000000s", 1_000_000 - 1_600_000_000), ("99999999999999w", nil),
  ]

  @Test(arguments: texts)
  func timesOfTheCommandLine(text: String, expected: Int64?) throws {
    let now = Date(timeIntervalSince1970: 1_000_000)
    #expect(MomentText.parse(text, now: now, zone: try #require(TimeZone(identifier: "UTC"))) == expected)
  }
}
