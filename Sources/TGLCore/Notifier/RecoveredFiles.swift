import TelegramClient

/// The files notices are posted with: what the archive says of them, and what is on the disk.
struct RecoveredFiles: Sendable {
  let archive: Archive
  /// Where they are; nil where notices are posted without files.
  let store: MediaStore?

  /// What there is of a notice's files, and those that are on the disk by their jobs.
  func media(
    of notice: Notice
  ) async throws(ArchiveError) -> (media: [NoticeMedium], files: [MediaJob.ID: LogChatMedia]) {
    guard let named = notice.files, store != nil else { return ([], [:]) }
    var media: [NoticeMedium] = []
    var files: [MediaJob.ID: LogChatMedia] = [:]
    for file in try await archive.recoveredFiles(named, in: notice.chat.id) {
      guard let description = file.job.file, description.role == .main else { continue }
      files[file.job.id] = self.file(file)
      let failure = files[file.job.id] == nil ? file.job.lastError ?? "it is not on the disk any more" : nil
      media.append(
        NoticeMedium(job: file.job.id, messageID: file.job.messageID, kind: description.kind, failure: failure))
    }
    return (media, files)
  }

  /// Those of some jobs that are on the disk.
  func files(of jobs: [MediaJob.ID]) async throws(ArchiveError) -> [LogChatMedia] {
    try await archive.recoveredFiles(jobs).compactMap(file)
  }

  /// Ready to be posted, with what goes with it; nil when it is not on the disk.
  private func file(_ file: RecoveredFile) -> LogChatMedia? {
    guard let description = file.job.file, let main = located(file.stored) else { return nil }
    var companion: (description: MediaFile, file: LogChatMedia.File)?
    for other in file.others where other.job.media == file.job.media {
      if let extra = other.job.file, extra.role != .main, extra.belongs(to: description),
        let file = located(other.stored)
      {
        companion = (extra, file)
      }
    }
    return LogChatMedia(
      medium: MediaRecord(kind: file.job.kind, raw: file.job.media), description: description, file: main,
      companion: companion)
  }

  private func located(_ file: StoredFile?) -> LogChatMedia.File? {
    guard let store, let file, store.exists(file) else { return nil }
    return LogChatMedia.File(path: store.path(of: file), isEncrypted: file.isEncrypted)
  }
}
