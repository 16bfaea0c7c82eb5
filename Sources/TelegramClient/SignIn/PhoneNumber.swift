/// Phone numbers as people write them.
enum PhoneNumber {
  /// International form, digits only; nil for what is no phone number.
  ///
  /// Source: ITU-T E.164: at most 15 digits. "00" is the usual international prefix.
  static func normalized(_ text: String) -> String? {
    var digits = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "0"..."9": digits.unicodeScalars.append(scalar)
      case "+" where digits.isEmpty: break
      case " ", "-", "(", ")", ".", "/", "\t", "\u{A0}": break
      default: return nil
      }
    }
    if digits.hasPrefix("00") { digits.removeFirst(2) }
    return (5...15).contains(digits.count) ? digits : nil
  }
}
