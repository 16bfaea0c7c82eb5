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

  /// Files a notice names, as far as there are jobs for them, each with the other ones of its message.
  func recoveredFiles(_ files: [NoticeFile], in chat: PeerID) async throws(ArchiveError) -> [RecoveredFile] {
    try await read { db in
      try files.compactMap { file in
        try MediaTable.find(chat: chat, message: file.messageID, medium: file.mediumID, db)
          .map { try MediaTable.recovered($0, db) }
      }
    }
  }

  /// Files by their jobs.
  func recoveredFiles(_ jobs: [MediaJob.ID]) async throws(ArchiveError) -> [RecoveredFile] {
    try await read { db in
      try jobs.compactMap { try MediaTable.find($0, db).map { try MediaTable.recovered($0, db) } }
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

  /// Gives a file whose name its file system does not take the first of these names that is free; nil when none is.
  func rename(_ file: StoredFile.ID, to names: [String]) async throws(ArchiveError) -> StoredFile? {
    try await write { db in try MediaTable.rename(file, to: names, db) }
  }

  /// Records what became of a job.
  @discardableResult
  func apply(_ change: MediaChange, to job: MediaJob.ID, now: Int64) async throws(ArchiveError) -> MediaOutcome {
    try await write { db in try MediaTable.apply(change, to: job, now: now, db) }
  }
}
