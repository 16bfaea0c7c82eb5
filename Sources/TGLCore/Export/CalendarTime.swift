import Foundation

/// Times as text, without a formatter's cost for each.
struct CalendarTime {
  private let zone: TimeZone
  /// The offset of the quarter of an hour that was asked for last: zones change at such moments only.
  private var cached: (quarter: Int64, offset: Int64)?

  init(zone: TimeZone) { self.zone = zone }

  /// Year, month, day, hour, minute and second in the proleptic Gregorian calendar, in UTC.
  ///
  /// Source: "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`, by Howard Hinnant.
  private static func fields(_ time: Int64) -> (Int64, Int64, Int64, Int64, Int64, Int64) {
    let days = (time >= 0 ? time : time - 86_399) / 86_400
    let second = time - days * 86_400
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, day, second / 3600, second / 60 % 60, second % 60)
  }

  /// What no calendar shows is shown as its end.
  private static func text(_ time: Int64, _ separator: String, seconds: Bool = true) -> String {
    let (year, month, day, hour, minute, second) = fields(min(max(time, 0), 253_402_300_799))
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let tail = seconds ? ":\(two(second))" : ""
    let years = String(repeating: "0", count: max(0, 4 - "\(year)".count)) + "\(year)"
    return "\(years)-\(two(month))-\(two(day))\(separator)\(two(hour)):\(two(minute))\(tail)"
  }

  /// As in `2026-11-23T05:06:11Z` (RFC 3339).
  static func utc(_ time: Int64) -> String { text(time, "T") + "Z" }

  private mutating func offset(_ time: Int64) -> Int64 {
    let quarter = time / 900
    if let cached, cached.quarter == quarter { return cached.offset }
    let offset = Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(time))))
    cached = (quarter, offset)
    return offset
  }

  /// As in `2026-11-23T06:06:11`, in the zone, without saying which.
  mutating func local(_ time: Int64) -> String { Self.text(time + offset(time), "T") }

  /// As in `2026-11-23 06:06`.
  mutating func minute(_ time: Int64) -> String { Self.text(time + offset(time), " ", seconds: false) }

  /// As in `2026-11-23`.
  mutating func day(_ time: Int64) -> String { String(local(time).prefix(10)) }
}
