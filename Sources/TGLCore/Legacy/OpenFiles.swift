import Foundation

/// Who else has a file open, as far as this account may know.
enum OpenFiles {
  struct Holder: Sendable, Hashable, CustomStringConvertible {
    var pid: Int32
    var command: String

    var description: String { "\(command) (process \(pid))" }
  }

  /// Another process with the file open, whether it holds a lock or not.
  ///
  /// Source: proc(5), `/proc/pid/fd`.
  static func holder(of path: String) -> Holder? {
    guard let wanted = FileStatus(path) else { return nil }
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = Int32(entry), pid != getpid() else { continue }
      // Not readable: another account's, which cannot have opened what is ours alone.
      for descriptor in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? [] {
        guard FileStatus("/proc/\(pid)/fd/\(descriptor)")?.isSame(as: wanted) == true else { continue }
        let name = (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)) ?? "a program"
        return Holder(pid: pid, command: name.trimmingCharacters(in: .whitespacesAndNewlines).escapingControls())
      }
    }
    return nil
  }
}
