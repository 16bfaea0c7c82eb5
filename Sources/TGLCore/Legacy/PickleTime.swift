/// Python's `datetime`, as pickles hold it.
///
/// Source: `datetime.__reduce_ex__` of CPython: ten bytes, and the time zone as its offset.
enum PickleTime {
  /// Seconds since 1970; nil for what is no time.
  ///
  /// A time without a zone is UTC, as Telethon takes it.
  static func seconds(_ object: PickleObject) -> Int64? {
    guard object.module == "datetime", object.name == "datetime", (1...2).contains(object.arguments.count),
      let bytes = bytes(object.arguments[0]), bytes.count == 10
    else { return nil }
    // The month's highest bit says which of two equal local times is meant; in UTC there are none.
    let (year, month, day) = (Int64(bytes[0]) << 8 | Int64(bytes[1]), Int64(bytes[2] & 0x7F), Int64(bytes[3]))
    let (hour, minute, second) = (Int64(bytes[4]), Int64(bytes[5]), Int64(bytes[6]))
    var offset: Int64? = 0
    if object.arguments.count == 2, object.arguments[1] != .none { offset = zoneOffset(object.arguments[1]) }
    guard let offset, let days = CivilDate.days(year, month, day), hour < 24, minute < 60, second < 60 else {
      return nil
    }
    return days * 86_400 + hour * 3600 + minute * 60 + second - offset
  }

  /// Protocols 0 to 2 write the bytes as a text of Latin-1.
  private static func bytes(_ value: PickleValue) -> [UInt8]? {
    switch value {
    case .bytes(let bytes): return bytes
    case .string(let text):
      let bytes = text.unicodeScalars.map { UInt8(exactly: $0.value) }
      return bytes.contains(nil) ? nil : bytes.compactMap(\.self)
    default: return nil
    }
  }

  private static func zoneOffset(_ value: PickleValue) -> Int64? {
    guard case .object(let zone) = value, zone.module == "datetime", zone.name == "timezone",
      case .object(let delta)? = zone.arguments.first, delta.module == "datetime", delta.name == "timedelta",
      case .int(let days)? = delta.arguments.first, (-1...1).contains(days)
    else { return nil }
    guard delta.arguments.count > 1 else { return days * 86_400 }
    guard case .int(let seconds) = delta.arguments[1], (0..<86_400).contains(seconds) else { return nil }
    return days * 86_400 + seconds
  }
}

/// The Gregorian calendar.
enum CivilDate {
  /// Days from 1970-01-01 on; nil for a day there is not.
  ///
  /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
  static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64? {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= length(of: month, year) else {
      return nil
    }
    let y = month <= 2 ? year - 1 : year
    let era = y / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func length(of month: Int64, _ year: Int64) -> Int64 {
    switch month {
    case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
