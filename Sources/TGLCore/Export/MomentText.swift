public import Foundation

/// A time as it is given on the command line.
public enum MomentText {
  /// Seconds since 1970: a day or a minute in this machine's zone, a time with its zone, or how long ago.
  ///
  /// Nil for what is none of these.
  public static func parse(_ text: String, now: Date = Date(), zone: TimeZone = .current) -> Int64? {
    if let age = age(text) { return Int64(now.timeIntervalSince1970) - age }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.calendar = Calendar(identifier: .gregorian)
    formatter.timeZone = zone
    formatter.isLenient = false
    for format in ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ssXXXXX"] {
      formatter.dateFormat = format
      if let date = formatter.date(from: text.replacingOccurrences(of: " ", with: "T")) {
        return Int64(date.timeIntervalSince1970)
      }
    }
    return nil
  }

  /// A length of time in seconds, as in `90s`, `30m`, `12h`, `7d`, `2w`; nil for what is none.
  public static func age(_ text: String) -> Int64? {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    // More than anybody means, and far from what a sum of times could overflow with.
    let longest: Int64 = 1_000_000 * 604_800
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...longest / unit).contains(count)
    else { return nil }
    return count * unit
  }
}
