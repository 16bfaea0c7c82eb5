import Foundation
public import Logging
import Metrics
import Synchronization

/// Posts what is in the outbox to the log chat, row after row, for as long as it runs.
///
/// What is sent when is `OutboxScheduler`'s to say; what it looks like, `NoticeRenderer`'s. Ingest never waits for it.
public actor Notifier {
  private let archive: Archive
  private let chat: any LogChat
  private let renderer: NoticeRenderer
  private let temporaryDirectory: String
  private let files: RecoveredFiles
  private let time: ServiceTime
  private let logger: Logger
  private let alarm = Alarm()
  private var scheduler = OutboxScheduler()
  /// What is next, as it was read last.
  private var ahead = OutboxPage()
  /// Rows that are in the log chat, and in the outbox still.
  ///
  /// They are taken out together, since that takes longer than a post. Should the program end before, they are posted again
  /// under the same `random_id`, and refused.
  private var told: [OutboxRow.ID] = []
  /// Since when there are some, in seconds since 1970.
  private var toldSince: Int64 = 0
  /// The most rows that are read ahead, and that are taken out together.
  private static let page = 16
  private var uploads = EarlyUploads()
  private let refusal = Mutex<(since: ContinuousClock.Instant, reason: String)?>(nil)

  /// - Parameter temporaryDirectory: where the files of digests are made; removed again once they are sent.
  public init(
    archive: Archive, chat: any LogChat, renderer: NoticeRenderer = NoticeRenderer(), temporaryDirectory: String,
    time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    self.init(
      archive: archive, chat: chat, renderer: renderer, temporaryDirectory: temporaryDirectory, store: nil, time: time,
      logger: logger)
  }

  /// - Parameter store: where recovered files are; without one, notices are posted without files.
  init(
    archive: Archive, chat: any LogChat, renderer: NoticeRenderer = NoticeRenderer(), temporaryDirectory: String,
    store: MediaStore?, time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    files = RecoveredFiles(archive: archive, store: store)
    self.archive = archive
    self.chat = chat
    self.renderer = renderer
    self.temporaryDirectory = temporaryDirectory
    self.time = time
    self.logger = logger
  }

  /// Says that there is something new in the outbox.
  public nonisolated func wake() { alarm.ring() }

  /// Why the log chat takes nothing, and for how long that has been so; nil while it does, and during a flood wait.
  nonisolated var pause: HealthFacts.OutboxPause? {
    refusal.withLock { $0 }.map { HealthFacts.OutboxPause(reason: $0.reason, lasted: ContinuousClock.now - $0.since) }
  }

  /// Notes whether the log chat as a whole takes posts.
  private func note(_ failure: LogChatError?) {
    refusal.withLock { refusal in
      switch failure {
      case nil, .floodWait, .postRefused: refusal = nil
      case .unavailable(let reason), .chatRefused(let reason):
        refusal = (refusal?.since ?? ContinuousClock.now, reason)
      }
    }
  }

  /// Runs until the task is cancelled, or the archive fails.
  ///
  /// While another process holds the database, or the disk is full, it waits; everything else the archive reports ends
  /// it.
  public func run() async throws(ArchiveError) {
    let outcome: Result<Void, ArchiveError> = await withDiscardingTaskGroup { group in
      defer { group.cancelAll() }
      while !Task.isCancelled {
        do throws(ArchiveError) {
          try await step(&group)
        } catch {
          guard error.isTransient else { return .failure(error) }
          logger.warning("the outbox has to wait", metadata: ["reason": "\(error)"])
          try? await time.sleep(.seconds(5))
        }
      }
      return .success(())
    }
    // What cannot be taken out now is refused as a repetition at the next start.
    if !told.isEmpty { try? await turn() }
    try outcome.get()
  }

  private func step(_ group: inout DiscardingTaskGroup) async throws(ArchiveError) {
    if ahead.pending.isEmpty || told.count >= Self.page || !told.isEmpty && time.now() > toldSince { try await turn() }
    let now = time.now()
    switch scheduler.next(OutboxHeads(pending: ahead.pending.first, parked: ahead.parked), now: now) {
    case .send(let row):
      uploadAhead(behind: row.id, &group)
      try await send(row)
    case .wait(let until):
      if !told.isEmpty { return try await turn() }
      await alarm.sleep { [time] in try? await time.sleep(.seconds(until - now)) }
      // What has come meanwhile is to be read, too.
      ahead = OutboxPage()
    case .idle:
      await alarm.untilRung()
    }
  }

  /// Takes out what is told, and reads what is next.
  private func turn() async throws(ArchiveError) {
    ahead = OutboxPage()
    ahead = try await archive.nextOutboxRows(removing: told, limit: Self.page, now: time.now())
    told = []
  }

  private func send(_ row: OutboxRow) async throws(ArchiveError) {
    do {
      switch row.payload {
      case .message(let notice): try await send(notice, row)
      case .digest(let digest): try await send(digest, row)
      case .note(let note):
        var post = Post(note.text)
        post.replyTo = note.replyTo
        try await send(post, randomID: row.randomID)
        scheduler.succeeded()
      case .unreadable(let kind, let reason):
        throw LogChatError.postRefused("an outbox row of kind \(kind) cannot be read: \(reason)")
      }
      if told.isEmpty { toldSince = time.now() }
      told.append(row.id)
      // The next parked one is to be read.
      if row.id == ahead.pending.first?.id { ahead.pending.removeFirst() } else { ahead = OutboxPage() }
      note(nil)
      Counter(label: "tgl_posts_total", dimensions: [("result", "sent")]).increment()
      Metrics.Recorder(label: "tgl_notice_delay_seconds").record(max(time.now() - row.createdAt, 0))
    } catch let error as ArchiveError {
      throw error
    } catch {
      // A call that was cut off by the end of the program says nothing about the row.
      if Task.isCancelled { return }
      let failure = error as? LogChatError ?? .postRefused("the post could not be made: \(error)")
      let change = scheduler.failed(row, failure, now: time.now())
      note(failure)
      log(change, row)
      ahead = OutboxPage()
      try await archive.apply(change, to: row.id)
    }
  }

  private func send(_ notice: Notice, _ row: OutboxRow) async throws {
    let row = await uploaded(row)
    let (posts, files) = try await posts(for: notice, row)
    for (part, post) in posts.enumerated().dropFirst(row.sentParts) {
      try await send(post, files, row, part: part)
      scheduler.succeeded()
      // The last part is followed by the row's removal.
      if part + 1 < posts.count { try await archive.apply(.sentParts(part + 1), to: row.id) }
    }
  }

  /// As they were rendered for the first attempt, or are now; with the files that were looked up for it.
  private func posts(
    for notice: Notice, _ row: OutboxRow
  ) async throws(ArchiveError) -> (posts: [Post], files: [MediaJob.ID: LogChatMedia]) {
    if let posts = row.posts, !posts.isEmpty { return (posts, [:]) }
    let (media, files) = try await files.media(of: notice)
    let posts = renderer.posts(for: notice, media: media)
    // What is one message needs no note of it: whatever a repetition renders has the same `random_id`.
    if posts.count > 1 || posts.contains(where: { $0.media.map { $0.count > 1 } ?? false }) {
      try await archive.apply(.rendered(posts), to: row.id)
    }
    return (posts, files)
  }

  /// - Parameter known: files that were looked up already.
  private func files(
    of jobs: [MediaJob.ID], known: [MediaJob.ID: LogChatMedia]
  ) async throws(ArchiveError) -> [LogChatMedia] {
    let found = jobs.compactMap { known[$0] }
    return found.count == jobs.count ? found : try await files.files(of: jobs)
  }

  private func send(
    _ post: Post, _ known: [MediaJob.ID: LogChatMedia], _ row: OutboxRow, part: Int
  ) async throws {
    let randomID = row.randomID(part: part)
    guard let jobs = post.media else { return try await send(post, randomID: randomID) }
    let early = uploads.take(EarlyUploads.Key(row: row.id, part: part), now: time.now())
    let media = if let early { early.media } else { try await files(of: jobs, known: known) }
    guard !media.isEmpty else {
      // Removed from the disk between two attempts: the text is left.
      if !post.content.isEmpty { try await send(post.withoutMedia, randomID: randomID) }
      return
    }
    let randomIDs = media.indices.map { row.randomID(part: part, item: $0) }
    do throws(LogChatError) {
      try await send(media, early, caption: post, randomIDs: randomIDs)
    } catch {
      // Once more a minute later; after that, the text is worth more than waiting for what is never taken.
      guard case .postRefused(let reason) = error, row.attempts > 0 else { throw error }
      logger.error("media cannot be posted; its text is", metadata: ["reason": "\(reason)"])
      try await send(post.tellingFiles(media, reason), randomID: randomID)
    }
  }

  /// Rather plain files than none.
  private func send(
    _ media: [LogChatMedia], _ early: UploadedMedia?, caption: Post, randomIDs: [Int64]
  ) async throws(LogChatError) {
    // What was uploaded before its turn may not be at the server any more.
    if let early {
      do { return try await chat.sendMedia(early, caption: caption, randomIDs: randomIDs) } catch .postRefused {}
    }
    let refusal: LogChatError
    do throws(LogChatError) {
      return try await chat.sendMedia(try await chat.upload(media), caption: caption, randomIDs: randomIDs)
    } catch { refusal = error }
    guard case .postRefused(let reason) = refusal else { throw refusal }
    logger.warning("the log chat refused media; sending it as plain files", metadata: ["reason": "\(reason)"])
    var files = media
    for index in files.indices { files[index].isPlainFile = true }
    try await chat.sendMedia(
      try await chat.upload(files), caption: caption.withoutFormatting, randomIDs: randomIDs)
  }

  /// Rather the text without its formatting than no text.
  private func send(_ post: Post, randomID: Int64) async throws(LogChatError) {
    do {
      try await chat.send(post, randomID: randomID)
    } catch .postRefused(let reason) where !post.content.entities.isEmpty {
      logger.warning("the log chat refused a post; sending it without formatting", metadata: ["reason": "\(reason)"])
      try await chat.send(post.withoutFormatting, randomID: randomID)
    }
  }

  // MARK: Uploading ahead

  /// Begins to bring the files of the rows behind the one that is posted to the server.
  private func uploadAhead(behind current: OutboxRow.ID, _ group: inout DiscardingTaskGroup) {
    uploads.keepOnly(ahead.pending.map(\.id))
    guard ahead.pending.first?.id == current else { return }
    let now = time.now()
    for row in ahead.pending.dropFirst().prefix(EarlyUploads.limit)
    where StoredDeadline.trusted(row.notBefore, now: now) <= now {
      guard case .message(let notice) = row.payload, notice.files?.isEmpty == false,
        uploads.begin(row.id, behind: current)
      else {
        continue
      }
      group.addTask { await self.upload(notice, row) }
    }
  }

  /// What goes wrong is tried again in the row's turn, and told then.
  private func upload(_ notice: Notice, _ row: OutboxRow) async {
    var uploaded: (key: EarlyUploads.Key, media: UploadedMedia)?
    do {
      let (posts, known) = try await posts(for: notice, row)
      if let index = ahead.pending.firstIndex(where: { $0.id == row.id }) { ahead.pending[index].posts = posts }
      if posts.indices.contains(row.sentParts), let jobs = posts[row.sentParts].media {
        let media = try await files(of: jobs, known: known)
        let key = EarlyUploads.Key(row: row.id, part: row.sentParts)
        if !media.isEmpty { uploaded = (key, try await chat.upload(media)) }
      }
    } catch {
      logger.debug("files were not uploaded ahead", metadata: ["row": "\(row.id)", "reason": "\(error)"])
    }
    uploads.end(row.id, uploaded, now: time.now())?.resume()
  }

  /// The row as it is once its files are not on their way any more: it may have been rendered for them.
  private func uploaded(_ row: OutboxRow) async -> OutboxRow {
    guard uploads.isUnderWay(row.id) else { return row }
    await withCheckedContinuation { uploads.wait(for: row.id, $0) }
    return ahead.pending.first { $0.id == row.id } ?? row
  }

  private func send(_ digest: DigestNotice, _ row: OutboxRow) async throws {
    try await archive.makeDurable(row.id)
    let path = "\(temporaryDirectory)/digest-\(row.id).txt"
    defer { unlink(path) }
    try await DigestFile(renderer: renderer, archive: archive).write(digest, row: row.id, to: path)
    let file = LogChatFile(
      path: path, name: "deleted-messages-\(row.id).txt", mimeType: "text/plain",
      caption: renderer.caption(for: digest))
    try await chat.sendFile(file, randomID: row.randomID)
    scheduler.succeeded()
  }

  private func log(_ change: OutboxChange, _ row: OutboxRow) {
    guard case .postponed(let state, let until, let attempts, let error) = change else { return }
    Counter(label: "tgl_posts_total", dimensions: [("result", state == .parked ? "parked" : "postponed")]).increment()
    logger.log(
      level: state == .parked ? .error : .warning, "a notice was not posted; it will be tried again",
      metadata: [
        "row": "\(row.id)", "kind": "\(row.payload.kind)", "reason": "\(error)", "refusals": "\(attempts)",
        "seconds": "\(max(until - time.now(), 0))",
      ])
  }
}
