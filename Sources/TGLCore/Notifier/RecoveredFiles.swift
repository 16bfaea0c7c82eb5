import TelegramClient

/// The files notices are posted with: what the archive says of them, and what is on the disk.
struct RecoveredFiles: Sendable {
  let archive: Archive
  /// Where they are; nil where notices are posted without files.
  let store: MediaStore?

  /// What there is of a notice's files.
  func media(of notice: Notice) async throws(ArchiveError) -> [NoticeMedium] {
    guard let files = notice.files, store != nil else { return [] }
    return try await archive.recoveredFiles(files, in: notice.chat.id).compactMap { file in
      guard let description = file.job.file, description.role == .main else { return nil }
      var failure: String?
      if located(file.stored) == nil { failure = file.job.lastError ?? "it is not on the disk any more" }
      return NoticeMedium(
        job: file.job.id, messageID: file.job.messageID, kind: description.kind, failure: failure)
    }
  }

  /// Those of some jobs that are on the disk, ready to be posted, each with what goes with it.
  func media(of jobs: [MediaJob.ID]) async throws(ArchiveError) -> [LogChatMedia] {
    try await archive.recoveredFiles(jobs).compactMap { file in
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
  }

  private func located(_ file: StoredFile?) -> LogChatMedia.File? {
    guard let store, let file, store.exists(file) else { return nil }
    return LogChatMedia.File(path: store.path(of: file), isEncrypted: file.isEncrypted)
  }
}
