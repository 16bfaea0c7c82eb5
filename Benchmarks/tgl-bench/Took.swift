import Foundation

/// CPU seconds of the whole process and time, added up over pieces of work.
struct Took {
  private(set) var cpu = 0.0
  private(set) var wall = 0.0

  mutating func measure<T>(_ body: () async throws -> T) async rethrows -> T {
    let (cpuBefore, wallBefore) = (Self.seconds(CLOCK_PROCESS_CPUTIME_ID), Self.seconds(CLOCK_MONOTONIC))
    let value = try await body()
    cpu += Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpuBefore
    wall += Self.seconds(CLOCK_MONOTONIC) - wallBefore
    return value
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

func printJSON(_ value: some Encodable) throws {
  print(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
}
