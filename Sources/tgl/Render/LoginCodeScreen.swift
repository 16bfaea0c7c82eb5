import Foundation
import TelegramClient

/// Shows login links on standard error: as codes in each other's place at a terminal, one below the other elsewhere.
actor LoginCodeScreen: LoginLinkDisplay {
  private struct Size: Equatable {
    var columns: Int
    var rows: Int
  }

  private let isTerminal = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  private let isColoured = Style.isWanted(of: STDERR_FILENO)
  private var isIntroduced = false
  /// Terminal lines that are drawn, above the one that counts the seconds.
  private var drawn: Int?

  func show(_ link: LoginLink) async throws {
    if !isIntroduced {
      Output.notice("Scan this code with Telegram on your phone: Settings > Devices > Link Desktop Device.")
      isIntroduced = true
    }
    guard isTerminal else { return drawing(of: link, size: nil).forEach(Output.notice) }
    let end = ContinuousClock.now + link.lifetime
    var size: Size?
    while true {
      let current = Self.size()
      if size != current {
        redraw(link, current)
        size = current
      }
      let seconds = max((end - .now) / .seconds(1), 0).rounded(.up)
      write("\r\("A new code in \(Int(seconds)) s. Ctrl-C: stop".prefix(current.columns - 1))\u{1B}[K")
      try await Task.sleep(for: .milliseconds(500))
    }
  }

  func finish() { erase() }

  private func redraw(_ link: LoginLink, _ size: Size) {
    erase()
    let lines = drawing(of: link, size: size)
    write(lines.map { $0 + "\n" }.joined())
    // What is longer than a line of the terminal takes several of them.
    drawn = lines.map { $0.hasPrefix("\u{1B}") ? 1 : max(($0.count + size.columns - 1) / size.columns, 1) }.reduce(0, +)
  }

  /// Takes away what is drawn; the cursor is where it began.
  private func erase() {
    guard let lines = drawn else { return }
    write("\r\(lines > 0 ? "\u{1B}[\(lines)A" : "")\u{1B}[J")
    drawn = nil
  }

  /// The lines that show `link`; `size` is nil where it does not matter.
  private func drawing(of link: LoginLink, size: Size?) -> [String] {
    guard let code = QRCode(link.url) else { return [link.url] }
    if let size, code.width > size.columns || code.height + 1 > size.rows {
      return [
        "The terminal is too small for the code: \(size.columns) by \(size.rows), and \(code.width) by "
          + "\(code.height + 1) are needed. Make it larger, or show this link as a QR code elsewhere:",
        link.url,
      ]
    }
    return code.lines(isColoured: isColoured) + (isColoured ? [] : [link.url])
  }

  private static func size() -> Size {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1, size.ws_row > 0 else {
      return Size(columns: 80, rows: 24)
    }
    return Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
