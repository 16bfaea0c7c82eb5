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

  /// For a file that a notice names, and whose server or disk is in trouble: about twenty minutes.
  static let needed = Patience(first: .seconds(5), longest: .seconds(600), attempts: 9)
  /// The same for a file that is wanted in case its message vanishes: about ten hours.
  static let precaution = Patience(first: .seconds(5), longest: .seconds(3_600), attempts: 18)
  /// For what is not the file's fault, such as a lost connection: about two days.
  static let outage = Patience(first: .seconds(10), longest: .seconds(600), attempts: 300)
  /// For a disk without room, while somebody waits: ten minutes.
  static let room = Patience(first: .seconds(20), longest: .seconds(20), attempts: 30)

  /// Nil when the program is ending: the job stays as it is.
  func run(_ task: MediaTask) async throws -> MediaChange? {
    switch task.job.state {
    case .wanted:
      if let twin = task.buffered, store.exists(twin) { return .fetched(twin.id, size: twin.size) }
      return try await fetch(task.job)
    case .preserving: return try await preserve(task)
    case .fetching, .buffered, .recovered, .tooLarge, .refused, .gone, .lost: return nil
    }
  }

  // MARK: Fetching

  private func fetch(_ job: MediaJob) async throws -> MediaChange? {
    var job = job
    // A reference may expire again while a large file is on its way.
    for _ in 0..<4 {
      guard let file = job.file, var remote = file.remote else { return Self.unreadable }
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
    return postponed(job, "its file reference expired again and again")
  }

  private func adopt(
    _ downloaded: DownloadedFile, partial: String, file: MediaFile, job: MediaJob
  ) async throws(DownloadError) -> MediaChange {
    do {
      let wanted = Keeping(file, job, .buffer, size: downloaded.size, sha256: Data(downloaded.sha256))
      let stored = try await keep(wanted) { name throws(MediaStore.Failure) in
        try await store.adopt(partial: partial, as: name)
      }
      guard let stored else { return .ended(.lost, reason: "all names for it are taken in \(store.buffer)") }
      // Another download may have brought the same bytes.
      store.remove(partial)
      return .fetched(stored.id, size: stored.size)
    } catch let error as MediaStore.Failure {
      if case .full(let path) = error { throw .diskFull(path: path) }
      throw .file("\(error)")
    } catch { throw .file("\(error)") }
  }

  private func decide(_ error: DownloadError, _ job: MediaJob, partial: String) -> MediaChange? {
    if error.spoilsPartialFile { store.remove(partial) }
    if case .diskFull = error { return waitForRoom(job, "\(error)") }
    switch error.verdict {
    case .retry(let asked):
      return error.isOutage
        ? postponed(job, "\(error)", Self.outage, .outage, asked: asked) : postponed(job, "\(error)", asked: asked)
    // Whatever was to be renewed was, and it has not helped.
    case .renew, .alreadyDone: return postponed(job, "\(error)")
    case .setAside(.file, _): return .ended(.gone, reason: "\(error)")
    case .setAside(_, let reason), .stop(let reason): return .ended(.refused, reason: "Telegram refuses it: \(reason)")
    // The service ends, or waits to be signed in.
    case .signIn: return postponed(job, "\(error)", Self.outage, .outage)
    case .cancelled: return nil
    }
  }

  private func waitForRoom(_ job: MediaJob, _ reason: String) -> MediaChange {
    // A notice must not wait for a disk without end; what nothing waits for may.
    if job.isDeleted { return postponed(job, reason, Self.room) }
    return .postponed(until: time.now() + 20, reason: reason, .none)
  }

  private func postponed(_ job: MediaJob, _ reason: String, asked: Duration? = nil) -> MediaChange {
    postponed(job, reason, job.isDeleted ? Self.needed : Self.precaution, asked: asked)
  }

  /// To be tried again, until there have been enough attempts.
  private func postponed(
    _ job: MediaJob, _ reason: String, _ patience: Patience, _ strike: MediaChange.Strike = .attempt,
    asked: Duration? = nil
  ) -> MediaChange {
    let failures = 1 + (strike == .outage ? job.outages : job.attempts)
    guard let pause = patience.pause(afterFailures: failures, asked: asked) else {
      return .ended(.lost, reason: "\(reason) (given up after \(failures) attempts)")
    }
    return .postponed(
      until: StoredDeadline.after(max(pause.components.seconds, 1), now: time.now()), reason: reason, strike)
  }

  // MARK: References

  private enum Renewal {
    case renewed(Data)
    /// Nil when the program is ending.
    case other(MediaChange?)
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
    for message in fetched.messages {
      switch message {
      case .message(let message) where Int64(message.id) == job.messageID && PeerID(message.peerId) == job.chat:
        guard let media = message.media.flatMap(MediaRecord.init),
          MediaFile.files(of: media).contains(where: { $0.mediumID == job.mediumID })
        else { return .other(Self.replaced) }
        _ = try await archive.apply(.refreshed(media: media.raw), to: job.id, now: time.now())
        return .renewed(media.raw)
      case .messageEmpty(let empty) where Int64(empty.id) == job.messageID: return .other(Self.replaced)
      case .message, .messageService, .messageEmpty, .other: continue
      }
    }
    // An answer that does not speak of the message says nothing of its file.
    return .other(postponed(job, "its reference has expired, and Telegram's answer leaves the message out"))
  }

  private static let replaced = MediaChange.ended(
    .gone, reason: "its reference has expired, and the message does not have it any more")

  // MARK: Preserving

  private func preserve(_ task: MediaTask) async throws -> MediaChange? {
    let job = task.job
    if let file = task.recovered, store.exists(file) { return .preserved(file.id) }
    guard let file = task.buffered, store.exists(file) else { return vanished(job) }
    guard let described = job.file else { return Self.unreadable }
    do {
      let wanted = Keeping(described, job, .deleted, size: file.size, sha256: file.sha256)
      let stored = try await keep(wanted) { name throws(MediaStore.Failure) in
        try await store.preserve(file, as: name)
      }
      guard let stored else { return .ended(.lost, reason: "all names for it are taken in \(store.deleted)") }
      return .preserved(stored.id)
    } catch let error as MediaStore.Failure {
      switch error {
      case .full: return waitForRoom(job, "\(error)")
      case .missing: return vanished(job)
      case .nameRefused, .unusable: return postponed(job, "\(error)")
      }
    }
  }

  /// Somebody has removed it from the disk: it is fetched again, but not for ever.
  private func vanished(_ job: MediaJob) -> MediaChange {
    guard case .ended(let ending, _) = postponed(job, MediaJob.vanished) else { return .vanished }
    return .ended(ending, reason: "it was removed from the disk again and again")
  }

  private static let unreadable = MediaChange.ended(
    .refused, reason: "its description cannot be read; a newer version of tgl may")

  // MARK: Names

  /// A file that is to be kept in one of the places.
  private struct Keeping {
    let file: MediaFile
    let job: MediaJob
    let place: StoredFile.Place
    let size: Int64
    let sha256: Data

    init(_ file: MediaFile, _ job: MediaJob, _ place: StoredFile.Place, size: Int64, sha256: Data) {
      (self.file, self.job, self.place, self.size, self.sha256) = (file, job, place, size, sha256)
    }

    /// Its name, and ones with marks for when other content has that.
    func names(_ shape: NameShape, isEncrypted: Bool) -> [String] {
      let medium = String(UInt64(bitPattern: job.mediumID), radix: 36)
      let content = sha256.prefix(4).map { String(format: "%02x", $0) }.joined()
      return ["", medium, "\(medium)-\(content)"].map { mark in
        MediaFileName.name(chat: job.chat, message: job.messageID, name: file.name, mark: mark, shape)
          + (isEncrypted ? EncryptedFile.suffix : "")
      }
    }
  }

  /// Puts a file in its place, under the first name that is free and that the file system takes.
  ///
  /// - Parameter put: gives the file a name.
  /// - Returns: nil when all names for it are taken.
  private func keep(
    _ wanted: Keeping, _ put: (_ name: String) async throws(MediaStore.Failure) -> Void
  ) async throws -> StoredFile? {
    let isEncrypted = wanted.place == .deleted && store.key != nil
    var shape = store.shape(of: wanted.place)
    var reserved = try await archive.reserve(
      FileReservation(
        place: wanted.place, names: wanted.names(shape, isEncrypted: isEncrypted), size: wanted.size,
        sha256: wanted.sha256, isEncrypted: isEncrypted), now: time.now())
    while let stored = reserved, !store.exists(stored) {
      do throws(MediaStore.Failure) {
        try await put(stored.name)
        return stored
      } catch {
        guard case .nameRefused(let path, let code) = error, let next = shape.after(refusal: code) else { throw error }
        logger.notice(
          "file system refused a name; using a shorter or plainer one",
          metadata: ["path": "\(path)", "reason": "\(SystemReason.of(code))"])
        shape = next
        // A limit is the same for all names; a character that is not known says nothing of other names.
        if !next.isPlain { store.learn(next, of: wanted.place) }
        reserved = try await archive.rename(stored.id, to: wanted.names(next, isEncrypted: isEncrypted))
      }
    }
    return reserved
  }
}
