import CQREncode

/// A QR code, drawn with half blocks: two modules a character, one above the other.
struct QRCode {
  /// Modules of white around the code.
  ///
  /// Source: ISO/IEC 18004, "Quiet zone".
  private static let quietZone = 4

  /// Rows of modules, true for a dark one; without the quiet zone.
  private let modules: [[Bool]]

  /// Nil when `text` is more than a code can hold.
  init?(_ text: String) {
    // A screen has no stains, so that the lowest level of correction makes the smallest code.
    guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L) else { return nil }
    defer { QRcode_free(code) }
    let width = Int(code.pointee.width)
    guard let data = code.pointee.data else { return nil }
    modules = (0..<width).map { row in (0..<width).map { data[row * width + $0] & 1 == 1 } }
  }

  /// Columns, quiet zone included.
  var width: Int { modules.count + 2 * Self.quietZone }
  /// Lines, quiet zone included.
  var height: Int { (width + 1) / 2 }

  /// The lines of the drawing.
  ///
  /// With colours black on white whatever the terminal's own are; without, the light modules are drawn, since most
  /// terminals are dark.
  func lines(isColoured: Bool) -> [String] {
    (0..<height).map { line in
      var text = isColoured ? "\u{1B}[30;47;107m" : ""
      for column in 0..<width {
        let upper = isDark(2 * line, column) == isColoured
        let lower = isDark(2 * line + 1, column) == isColoured
        text += upper ? lower ? "█" : "▀" : lower ? "▄" : " "
      }
      return isColoured ? text + "\u{1B}[0m" : text
    }
  }

  private func isDark(_ row: Int, _ column: Int) -> Bool {
    let (row, column) = (row - Self.quietZone, column - Self.quietZone)
    return modules.indices.contains(row) && modules.indices.contains(column) && modules[row][column]
  }
}
