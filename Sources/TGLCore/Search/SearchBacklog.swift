public import Logging

/// Takes messages that were there before the search index into it, a little at a time.
public struct SearchBacklog: Sendable {
  let archive: Archive
  let logger: Logger
  let limit = TransactionLimit(rows: 2_000, time: .milliseconds(8))
  /// As of `Purge`: long enough for whoever waits.
  var pause = Duration.milliseconds(25)
  /// Called now and then with how many messages have been dealt with.
  var progress: @Sendable (Int) -> Void = { _ in }

  /// - Parameter isAlone: whether nobody else is waiting to write.
  public init(
    archive: Archive, isAlone: Bool = false, logger: Logger, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.archive = archive
    if isAlone { pause = .zero }
    self.logger = logger
    self.progress = progress
  }

  /// Runs until the index is complete.
  ///
  /// - Throws: `ArchiveError`, `CancellationError`; it goes on from there the next time.
  public func run() async throws {
    var total = 0
    while true {
      do throws(ArchiveError) {
        guard let done = try await archive.indexBacklog(limit) else { break }
        total += done
        progress(total)
      } catch {
        guard error.isTransient else { throw error }
        try await DiskTurns.pause(for: .seconds(5))
      }
      try await DiskTurns.pause(for: pause)
    }
    if total > 0 { logger.info("earlier messages can be searched now", metadata: ["messages": "\(total)"]) }
  }
}
