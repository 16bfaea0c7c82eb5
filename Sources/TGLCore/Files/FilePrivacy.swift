import Foundation

/// Whether a file that holds secrets is kept from other users.
enum FilePrivacy {
  /// What to type when an open file's mode allows others more than `allowed`; nil when it is private, and for what has
  /// no mode of its own, as pipes.
  static func remedy(for descriptor: Int32, path: String, allowed: mode_t) -> String? {
    FileStatus(descriptor: descriptor).flatMap { remedy($0, path, allowed) }
  }

  /// The same of a file that is not open; nil when there is none.
  static func remedy(forFile path: String, allowed: mode_t) -> String? {
    FileStatus(path).flatMap { remedy($0, path, allowed) }
  }

  private static func remedy(_ status: FileStatus, _ path: String, _ allowed: mode_t) -> String? {
    guard status.isRegular, status.permissions & 0o777 & ~allowed != 0 else { return nil }
    let quoted =
      path.contains { !($0.isLetter || $0.isNumber || "/._-".contains($0)) }
      ? "'\(path.replacing("'", with: #"'\''"#))'" : path
    return "run: chmod 600 \(quoted)"
  }
}
