/// Whole numbers as `LONG1` and `LONG4` write them: two's complement, the lowest byte first.
enum PickleNumber {
  /// Bytes; more digits than that are no number of Telegram's.
  private static let longest = 1024

  static func node(of bytes: ArraySlice<UInt8>) throws(PickleError) -> PickleReader.Node {
    guard bytes.count <= longest else { throw .tooLarge("it has a number of \(bytes.count) bytes") }
    let isNegative = bytes.last.map { $0 & 0x80 != 0 } ?? false
    if bytes.count <= 8 {
      let start: UInt64 = isNegative ? .max : 0
      return .int(Int64(bitPattern: bytes.reversed().reduce(start) { $0 << 8 | UInt64($1) }))
    }
    let text = (isNegative ? "-" : "") + decimal(isNegative ? negated(bytes) : Array(bytes))
    return Int64(text).map(PickleReader.Node.int) ?? .bigInt(text)
  }

  private static func negated(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var carry: UInt16 = 1
    return bytes.map { byte in
      let sum = UInt16(~byte) + carry
      carry = sum >> 8
      return UInt8(truncatingIfNeeded: sum)
    }
  }

  /// By repeated division, nine digits at a time.
  private static func decimal(_ bytes: [UInt8]) -> String {
    var number = bytes
    var groups: [String] = []
    while let top = number.lastIndex(where: { $0 != 0 }) {
      number.removeSubrange((top + 1)...)
      var remainder: UInt64 = 0
      for index in number.indices.reversed() {
        let value = remainder << 8 | UInt64(number[index])
        number[index] = UInt8(truncatingIfNeeded: value / 1_000_000_000)
        remainder = value % 1_000_000_000
      }
      let digits = String(remainder)
      let isLast = number.allSatisfy { $0 == 0 }
      groups.append(isLast ? digits : String(repeating: "0", count: 9 - digits.count) + digits)
    }
    return groups.isEmpty ? "0" : groups.reversed().joined()
  }
}
