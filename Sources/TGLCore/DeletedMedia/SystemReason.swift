import Glibc

enum SystemReason {
  /// What `errno` says, as it stands in the middle of a sentence.
  static func last() -> String { of(errno) }

  static func of(_ code: CInt) -> String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
