/// Which files are worked on at the same time: a value.
///
/// Some room is kept from large files, so that small ones never wait for them, and some from everything that does not
/// destroy itself.
struct MediaSlots: Sendable {
  static let largeFile: Int64 = 20 * 1024 * 1024
  /// Of which one part is all there is to wait for.
  private static let smallFile: Int64 = 512 * 1024
  private static let large = 2
  private static let ordinary = 4
  private static let small = 8
  private static let all = 10

  private var running: [MediaJob.ID: (medium: Int64, isLarge: Bool)] = [:]

  var isEmpty: Bool { running.isEmpty }

  /// Takes a slot for the job; false when it has to wait, for one or for another download of the same file.
  mutating func take(_ job: MediaJob.Due) -> Bool {
    guard running[job.id] == nil, !running.values.contains(where: { $0.medium == job.mediumID }) else { return false }
    let isLarge = job.size >= Self.largeFile
    let isUrgent = job.priority == .selfDestructing
    let isSmall = (1...Self.smallFile).contains(job.size)
    guard running.count < (isUrgent ? Self.all : isSmall ? Self.small : Self.ordinary) else { return false }
    if isLarge, !isUrgent, running.values.filter(\.isLarge).count >= Self.large { return false }
    running[job.id] = (job.mediumID, isLarge)
    return true
  }

  mutating func free(_ job: MediaJob.ID) { running[job] = nil }

  func isWorking(on job: MediaJob.ID) -> Bool { running[job] != nil }
}
