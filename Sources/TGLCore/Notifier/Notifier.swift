import Foundation
public import Logging

/// Posts what is in the outbox to the log chat, row after row, for as long as it runs.
///
/// What is sent when is `OutboxScheduler`'s to say; what it looks like, `NoticeRenderer`'s. Ingest never waits for it.
public actor Notifier {
  private let archive: Archive
  private let chat: any LogChat
  private let renderer: NoticeRenderer
  private let temporaryDirectory: String
  private let time: ServiceTime
  private let logger: Logger
  private let alarm = Alarm()
  private var scheduler = OutboxScheduler()

  /// - Parameter temporaryDirectory: where the files of digests are made; removed again once they are sent.
  public init(
    archive: Archive, chat: any LogChat, renderer: NoticeRenderer = NoticeRenderer(), temporaryDirectory: String,
    time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    self.archive = archive
    self.chat = chat
    self.renderer = renderer
    self.temporaryDirectory = temporaryDirectory
    self.time = time
    self.logger = logger
  }

  /// Says that there is something new in the outbox.
  public nonisolated func wake() { alarm.ring() }

  /// Runs until the task is cancelled, or the archive fails.
  ///
  /// While another process holds the database, or the disk is full, it waits; everything else the archive reports ends
  /// it.
  public func run() async throws(ArchiveError) {
    while !Task.isCancelled {
      do throws(ArchiveError) {
        try await step()
      } catch {
        switch error {
        case .busy, .full:
          logger.warning("the outbox has to wait", metadata: ["reason": "\(error)"])
          try? await time.sleep(.seconds(5))
        default: throw error
        }
      }
    }
  }

  private func step() async throws(ArchiveError) {
    let heads = try await archive.outboxHeads()
    let now = time.now()
    switch scheduler.next(heads, now: now) {
    case .send(let row): try await send(row)
    case .wait(let until):
      await alarm.sleep { [time] in try? await time.sleep(.seconds(until - now)) }
    case .idle:
      await alarm.untilRung()
    }
  }

  private func send(_ row: OutboxRow) async throws(ArchiveError) {
    do {
      switch row.payload {
      case .message(let notice): try await send(notice, row)
      case .digest(let digest): try await send(digest, row)
      case .unreadable(let kind, let reason):
        throw LogChatError.postRefused("an outbox row of kind \(kind) cannot be read: \(reason)")
      }
      try await archive.apply(.done, to: row.id)
    } catch let error as ArchiveError {
      throw error
    } catch {
      // A call that was cut off by the end of the program says nothing about the row.
      if Task.isCancelled { return }
      let failure = error as? LogChatError ?? .postRefused("the post could not be made: \(error)")
      let change = scheduler.failed(row, failure, now: time.now())
      log(change, row)
      try await archive.apply(change, to: row.id)
    }
  }

  private func send(_ notice: Notice, _ row: OutboxRow) async throws {
    var posts = row.posts ?? []
    if posts.isEmpty {
      posts = renderer.posts(for: notice)
      try await archive.apply(.rendered(posts), to: row.id)
    }
    for (part, post) in posts.enumerated().dropFirst(row.sentParts) {
      try await send(post, randomID: row.randomID(part: part))
      scheduler.succeeded()
      // The last part is followed by the row's removal.
      if part + 1 < posts.count { try await archive.apply(.sentParts(part + 1), to: row.id) }
    }
  }

  /// Rather the text without its formatting than no text.
  private func send(_ post: Post, randomID: Int64) async throws(LogChatError) {
    do {
      try await chat.send(post, randomID: randomID)
    } catch .postRefused(let reason) where !post.content.entities.isEmpty {
      logger.warning("the log chat refused a post; sending it without formatting", metadata: ["reason": "\(reason)"])
      try await chat.send(Post(FormattedText(post.content.text)), randomID: randomID)
    }
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
    logger.log(
      level: state == .parked ? .error : .warning, "a notice was not posted; it will be tried again",
      metadata: [
        "row": "\(row.id)", "kind": "\(row.payload.kind)", "reason": "\(error)", "refusals": "\(attempts)",
        "seconds": "\(max(until - time.now(), 0))",
      ])
  }
}
