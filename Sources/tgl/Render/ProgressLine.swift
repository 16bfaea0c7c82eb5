import Foundation
import Synchronization

/// A line on standard error that says how far a command is, and goes when it is done; shown at a terminal only.
final class ProgressLine: Sendable {
  private let isShown: Bool
  /// Whether something stands on the line.
  private let isWritten = Mutex(false)

  init(quiet: Bool) {
    isShown = !quiet && isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// Shows what `text` says until `body` is through.
  func show<T>(_ text: @escaping @Sendable () -> String, while body: () async throws -> T) async rethrows -> T {
    guard isShown else { return try await body() }
    let painter = Task {
      while !Task.isCancelled {
        paint(text())
        try await Task.sleep(for: .milliseconds(200))
      }
    }
    defer {
      painter.cancel()
      clear()
    }
    return try await body()
  }

  /// A line that stays, above the one that is shown.
  func notice(_ line: String) {
    isWritten.withLock { isWritten in
      if isWritten { write("\r\u{1B}[K") }
      isWritten = false
      write(line + "\n")
    }
  }

  private func paint(_ text: String) {
    var size = winsize()
    let width = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) - 1 : 79
    isWritten.withLock { isWritten in
      if Task.isCancelled { return }
      write("\r\(text.prefix(width))\u{1B}[K")
      isWritten = true
    }
  }

  private func clear() {
    isWritten.withLock { isWritten in
      if isWritten { write("\r\u{1B}[K") }
      isWritten = false
    }
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

extension Int64 {
  /// A size as people read it, as in `1.4 GB`.
  var asSize: String {
    let units = ["bytes", "kB", "MB", "GB", "TB"]
    var value = Double(self)
    var unit = 0
    while value >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return unit == 0 ? "\(self) bytes" : String(format: value < 10 ? "%.1f %@" : "%.0f %@", value, units[unit])
  }
}
