import Foundation
import GRDB
import TelegramClient

extension Archive {
  func dueMedia(now: Int64, limit: Int) async throws(ArchiveError) -> [MediaJob.Due] {
    try await read { db in try MediaTable.due(now: now, limit: limit, db) }
  }

  /// When the next file after a time is to be fetched or copied; nil when none is.
  func nextMediaDue(after now: Int64) async throws(ArchiveError) -> Int64? {
    try await read { db in try MediaTable.nextDue(after: now, db) }
  }

  /// An open job, with what is there of it; nil when it is not open any more.
  func mediaTask(_ id: MediaJob.ID) async throws(ArchiveError) -> MediaTask? {
    try await read { db in try MediaTable.task(id, db) }
  }

  func mediaJob(_ id: MediaJob.ID) async throws(ArchiveError) -> MediaJob? {
    try await read { db in try MediaTable.find(id, db) }
  }

  func mediaJob(chat: PeerID, message: Int64, medium: Int64) async throws(ArchiveError) -> MediaJob? {
    try await read { db in try MediaTable.find(chat: chat, message: message, medium: medium, db) }
  }

  /// Files a notice names, as far as there are jobs for them.
  func recoveredFiles(_ files: [NoticeFile], in chat: PeerID) async throws(ArchiveError) -> [RecoveredFile] {
    try await read { db in
      try files.compactMap { file in
        guard let job = try MediaTable.find(chat: chat, message: file.messageID, medium: file.mediumID, db) else {
          return nil
        }
        return RecoveredFile(job: job, stored: try MediaTable.recovered(job, db))
      }
    }
  }

  /// Files by their jobs, with the other ones of their messages.
  func recoveredFiles(_ jobs: [MediaJob.ID]) async throws(ArchiveError) -> [RecoveredFile] {
    try await read { db in
      try jobs.compactMap { id in
        guard let job = try MediaTable.find(id, db) else { return nil }
        var file = RecoveredFile(job: job, stored: try MediaTable.recovered(job, db))
        for other in try MediaTable.jobs(chat: job.chat, message: job.messageID, db) where other.id != id {
          file.others.append((other, try MediaTable.recovered(other, db)))
        }
        return file
      }
    }
  }

  /// The jobs of a message's files.
  func mediaJobs(chat: PeerID, message: Int64) async throws(ArchiveError) -> [MediaJob] {
    try await read { db in try MediaTable.jobs(chat: chat, message: message, db) }
  }

  func storedFile(_ id: StoredFile.ID) async throws(ArchiveError) -> StoredFile? {
    try await read { db in try MediaTable.file(id, db) }
  }

  /// The file with this content, or a new one that is still to be written; nil when all its names are taken.
  func reserve(_ file: FileReservation, now: Int64) async throws(ArchiveError) -> StoredFile? {
    try await write { db in try MediaTable.reserve(file, now: now, db) }
  }

  /// Forgets a buffered file that no message needs any more; nil when one does.
  ///
  /// The caller removes it from the disk.
  func releaseBuffered(_ file: StoredFile.ID) async throws(ArchiveError) -> StoredFile? {
    try await write { db in try MediaTable.releaseBuffered(file, db) }
  }

  /// Records what became of a job.
  @discardableResult
  func apply(_ change: MediaChange, to job: MediaJob.ID, now: Int64) async throws(ArchiveError) -> MediaOutcome {
    try await write { db in try MediaTable.apply(change, to: job, now: now, db) }
  }
}
