import CLinux
import Foundation

/// What the operating system is asked for before the session's key is in memory.
enum ProcessHardening {
  /// Connections of the health endpoint, media and database files, with room to spare.
  private static let wantedDescriptors: rlim_t = 8_192

  /// Forbids core dumps and looking into the process's memory, which holds the session's key, and allows as many open
  /// files as there may be use for.
  ///
  /// Source: prctl(2), `PR_SET_DUMPABLE`; setrlimit(2). A limit of 0 alone does not keep a dump from a program that
  /// `core_pattern` pipes it to.
  static func apply() {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    _ = clinux_forbid_dumps()
    var files = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 else { return }
    files.rlim_cur = max(files.rlim_cur, min(files.rlim_max, wantedDescriptors))
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
  }
}
