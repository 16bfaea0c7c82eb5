// See FileStatus.swift.
import CDispatch
import Foundation

/// What this process takes of the machine, as the operating system counts it.
struct ProcessUsage: Sendable, Equatable {
  var cpuSeconds = 0.0
  var residentBytes: Int64 = 0
  /// Resident memory that is no file's.
  var anonymousBytes: Int64 = 0
  var openDescriptors = 0
  var maximumDescriptors = 0

  /// Source: proc_pid_status(5), getrusage(2).
  static func now() -> ProcessUsage {
    var usage = ProcessUsage()
    var times = rusage()
    if getrusage(RUSAGE_SELF.rawValue, &times) == 0 {
      usage.cpuSeconds = [times.ru_utime, times.ru_stime]
        .reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    usage.residentBytes = field("VmRSS", in: status)
    usage.anonymousBytes = field("RssAnon", in: status)
    usage.openDescriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      usage.maximumDescriptors = Int(clamping: limit.rlim_cur)
    }
    return usage
  }

  /// In bytes; 0 when it is not there.
  private static func field(_ name: String, in status: String) -> Int64 {
    for line in status.split(separator: "\n") where line.hasPrefix("\(name):") {
      let kibibytes = line.split { $0.isWhitespace }.lazy.compactMap { Int64($0) }.first
      return (kibibytes ?? 0) * 1_024
    }
    return 0
  }
}
