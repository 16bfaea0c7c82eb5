extension TelegramClient {
  /// Fetches `file` into the file at `path`, which holds what there is of it: its length is where a later call goes on.
  ///
  /// Parts are fetched side by side over connections of their own, within the memory that all transfers share, and
  /// written in order. On return everything is on disk; giving the file its final name is the caller's.
  /// - Parameter path: made with mode 0600 where it does not exist; links are not followed.
  /// - Throws: what is there is kept, but where a case of the error says otherwise.
  ///
  /// Source: core.telegram.org/api/files, "Downloading files".
  public func download(_ file: RemoteFile, to path: String) async throws(DownloadError) -> DownloadedFile {
    let target = try await PartialFile.open(path) { DownloadPlan.resumePoint(size: file.size, length: $0) }
    let plan = DownloadPlan(size: file.size, resumingAt: target.length)
    var job = DownloadJob(client: self, file: file, target: target, plan: plan)
    try await transfers.run(&job)
    return try await target.finish()
  }

  /// Runs transfers within the memory that all of them share.
  var transfers: TransferLoop {
    TransferLoop(
      budget: transferBudget, clock: environment.clock, floodSleepThreshold: configuration.floodSleepThreshold)
  }
}
