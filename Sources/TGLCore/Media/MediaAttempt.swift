import Foundation
import Logging
import TL
import TelegramClient

/// One attempt at one job; says what came of it, and changes nothing but files.
struct MediaAttempt {
  let source: any MediaSource
  let archive: Archive
  let store: MediaStore
  let time: ServiceTime
  let logger: Logger

  /// Attempts after which a file counts as not to be had.
  static let maximumAttempts = 6
  /// The same while it is the disk that has no room.
  static let maximumAttemptsWithoutRoom = 30

  /// Nil when the program is ending: the job stays as it is.
  func run(_ task: MediaTask) async throws -> MediaChange? {
    switch task.job.state {
    case .fetch:
      if let twin = task.stored, store.exists(twin) { return .fetched(twin.id, size: twin.size) }
      return try await fetch(task.job)
    case .preserve: return try await preserve(task.job, task.stored)
    case .buffered, .kept, .failed, .skipped: return nil
    }
  }

  // MARK: Fetching

  private func fetch(_ job: MediaJob) async throws -> MediaChange? {
    var job = job
    // A reference may expire again while a large file is on its way.
    for _ in 0..<4 {
      guard let file = job.file, var remote = file.remote else { return .failed("its description cannot be read") }
      // What was announced has proven wrong before.
      if job.attempts >= 2 { remote.size = 0 }
      let partial = store.partialPath(medium: job.mediumID)
      guard store.hasRoom(for: max(file.size - DurableFile.size(of: partial), 0)) else {
        return waitForRoom(job, "fetching it would leave less than MEDIA_MIN_FREE_BYTES (\(store.minimumFree)) free")
      }
      do throws(DownloadError) {
        let downloaded = try await source.download(remote, to: partial)
        return try await adopt(downloaded, partial: partial, file: file, job: job)
      } catch {
        if Task.isCancelled { return nil }
        guard case .referenceExpired = error else { return decide(error, job, partial: partial) }
        switch try await renewed(job) {
        case .renewed(let media): job.media = media
        case .other(let change): return change
        }
      }
    }
    return postponed(job, "its file reference expired again and again", after: 60)
  }

  private func adopt(
    _ downloaded: DownloadedFile, partial: String, file: MediaFile, job: MediaJob
  ) async throws(DownloadError) -> MediaChange {
    do {
      let stored = try await reserve(
        file, job, place: .buffer, size: downloaded.size, sha256: Data(downloaded.sha256))
      guard let stored else { return .failed("all names for it are taken in \(store.buffer)") }
      if store.exists(stored) {
        store.remove(partial)
      } else {
        try await store.adopt(partial: partial, as: stored.name)
      }
      return .fetched(stored.id, size: stored.size)
    } catch let error as MediaStore.Failure {
      if case .full(let path) = error { throw .diskFull(path: path) }
      throw .file("\(error)")
    } catch { throw .file("\(error)") }
  }

  private func decide(_ error: DownloadError, _ job: MediaJob, partial: String) -> MediaChange {
    switch error {
    case .referenceExpired, .gone: return .failed("\(error)")
    case .floodWait(let wait):
      return .postponed(
        until: StoredDeadline.after(wait.components.seconds + 1, now: time.now()), reason: "\(error)",
        countsAsAttempt: false)
    case .diskFull: return waitForRoom(job, "\(error)")
    case .sizeMismatch, .hashMismatch:
      store.remove(partial)
      return postponed(job, "\(error)", after: 5)
    case .file: return postponed(job, "\(error)", after: 30)
    case .telegram(let telegram):
      switch telegram {
      case .unreachable, .timeout, .cancelled, .closed, .keyExchange, .store, .unauthorized, .authKeyLost:
        return .postponed(until: time.now() + 10, reason: "\(error)", countsAsAttempt: false)
      case .floodWait(let wait, _):
        return .postponed(
          until: StoredDeadline.after(wait.components.seconds + 1, now: time.now()), reason: "\(error)",
          countsAsAttempt: false)
      case .rpc, .decoding, .unknownPeer, .unknownUsername, .file: return postponed(job, "\(error)", after: 5)
      }
    }
  }

  private func waitForRoom(_ job: MediaJob, _ reason: String) -> MediaChange {
    // A notice must not wait for a disk without end; what nothing waits for may.
    if job.isDeleted, job.attempts >= Self.maximumAttemptsWithoutRoom { return .failed(reason) }
    return .postponed(until: time.now() + 20, reason: reason, countsAsAttempt: job.isDeleted)
  }

  /// Twice as long each time, until there have been enough.
  private func postponed(_ job: MediaJob, _ reason: String, after first: Int64) -> MediaChange {
    if job.attempts + 1 >= Self.maximumAttempts { return .failed(reason) }
    return .postponed(until: time.now() + first << Int64(min(job.attempts, 8)), reason: reason, countsAsAttempt: true)
  }

  // MARK: References

  private enum Renewal {
    case renewed(Data)
    case other(MediaChange)
  }

  /// What the message says of its media now.
  private func renewed(_ job: MediaJob) async throws -> Renewal {
    let scope = job.chat.kind == .channel ? MessageScope.channel(job.chat) : .common
    let fetched: FetchedMessages
    do throws(TelegramError) {
      fetched = try await source.messages([job.messageID], in: scope)
    } catch {
      return .other(decide(.telegram(error), job, partial: store.partialPath(medium: job.mediumID)))
    }
    for case .message(let message) in fetched.messages where Int64(message.id) == job.messageID {
      guard PeerID(message.peerId) == job.chat, let media = message.media.flatMap(MediaRecord.init) else { continue }
      guard MediaFile.files(of: media).contains(where: { $0.mediumID == job.mediumID }) else { continue }
      _ = try await archive.apply(.refreshed(media: media.raw), to: job.id, now: time.now())
      return .renewed(media.raw)
    }
    return .other(.failed("its reference has expired, and the message does not have it any more"))
  }

  // MARK: Preserving

  private func preserve(_ job: MediaJob, _ buffered: StoredFile?) async throws -> MediaChange? {
    guard let file = buffered, store.exists(file) else { return .lost }
    guard let described = job.file else { return .failed("its description cannot be read") }
    let stored = try await reserve(described, job, place: .deleted, size: file.size, sha256: file.sha256)
    guard let stored else { return .failed("all names for it are taken in \(store.deleted)") }
    if store.exists(stored) { return .preserved(stored.id) }
    do throws(MediaStore.Failure) {
      try await store.preserve(file, as: stored.name)
      return .preserved(stored.id)
    } catch {
      switch error {
      case .full: return waitForRoom(job, "\(error)")
      case .missing: return .lost
      case .unusable: return postponed(job, "\(error)", after: 30)
      }
    }
  }

  /// A place for the file under its name, or under one with a mark when another content has that.
  private func reserve(
    _ file: MediaFile, _ job: MediaJob, place: StoredFile.Place, size: Int64, sha256: Data
  ) async throws -> StoredFile? {
    let isEncrypted = place == .deleted && store.key != nil
    let mark = String(UInt64(bitPattern: job.mediumID), radix: 36)
    let names = ["", mark].map { mark in
      MediaFileName.name(chat: job.chat, message: job.messageID, name: file.name, mark: mark)
        + (isEncrypted ? EncryptedFile.suffix : "")
    }
    let wanted = FileReservation(place: place, names: names, size: size, sha256: sha256, isEncrypted: isEncrypted)
    return try await archive.reserve(wanted, now: time.now())
  }
}
