import Foundation
import Logging

/// How a row becomes posts: what is rendered is kept where a repetition might render it otherwise.
extension Notifier {
  /// - Returns: whether all of the notice is posted; false when its files are still to come.
  func send(_ notice: Notice, _ row: OutboxRow) async throws -> Bool {
    let row = await uploaded(row)
    if row.ahead == .posting || row.ahead == nil && row.isWaitingForFiles {
      try await sendAhead(notice, row)
      return false
    }
    let (posts, files) = try await posts(for: notice, row)
    for (part, post) in posts.enumerated().dropFirst(row.sentParts) {
      let id = try await send(post, files, row, part: part)
      scheduler.succeeded()
      if part == 0 { try await note(id, of: notice) }
      // The last part is followed by the row's removal.
      if part + 1 < posts.count { try await archive.apply(.sentParts(part + 1), to: row.id) }
    }
    return true
  }

  /// Posts the text of a notice whose files have been waited for long enough; they are to answer it.
  private func sendAhead(_ notice: Notice, _ row: OutboxRow) async throws {
    let posts: [Post]
    if row.ahead == .posting, let rendered = row.posts {
      posts = rendered
    } else {
      posts = renderer.posts(ahead: try await located(notice))
      // Before anything is posted: from then on the files come behind it.
      try await archive.apply(.renderedAhead(posts), to: row.id)
    }
    var first: Int64?
    for (part, post) in posts.enumerated().dropFirst(row.sentParts) {
      let id = try await send(post, randomID: row.randomID(part: part))
      scheduler.succeeded()
      if part == 0 { first = id }
      if part + 1 < posts.count { try await archive.apply(.sentParts(part + 1), to: row.id) }
    }
    try await note(first, of: notice)
    try await archive.apply(.sentAhead(posts.count, post: first), to: row.id)
  }

  /// As they were rendered for the first attempt, or are now; with the files that were looked up for it.
  func posts(
    for notice: Notice, _ row: OutboxRow
  ) async throws(ArchiveError) -> (posts: [Post], files: [MediaJob.ID: LogChatMedia]) {
    let rendered = row.posts ?? []
    if case .posted(let answered) = row.ahead {
      guard rendered.count == row.sentParts else { return (rendered, [:]) }
      let (media, files) = try await files.media(of: notice)
      let posts = rendered + renderer.posts(answering: answered, notice, media: media)
      try await archive.apply(.rendered(posts), to: row.id)
      return (posts, files)
    }
    if !rendered.isEmpty { return (rendered, [:]) }
    let (media, files) = try await files.media(of: notice)
    let posts = renderer.posts(for: try await located(notice), media: media)
    // What is one message needs no note of it: whatever a repetition renders has the same `random_id`.
    if posts.count > 1 || posts.contains(where: { $0.media.map { $0.count > 1 } ?? false }) {
      try await archive.apply(.rendered(posts), to: row.id)
    }
    return (posts, files)
  }

  /// The notice as an answer to the post with its media, where that was posted when it was opened.
  private func located(_ notice: Notice) async throws(ArchiveError) -> Notice {
    guard notice.event == .deleted, notice.openedAt != nil, notice.logReply == nil else { return notice }
    var notice = notice
    notice.logReply = try await archive.post(of: notice.messageID, in: notice.chat.id)
    return notice
  }

  /// Remembers where opened media was posted.
  private func note(_ post: Int64?, of notice: Notice) async throws(ArchiveError) {
    guard notice.event == .selfDestructed, let post else { return }
    try await archive.note(post: post, of: notice.messageID, in: notice.chat.id)
  }

  func send(_ digest: DigestNotice, _ row: OutboxRow) async throws {
    let path = "\(temporaryDirectory)/digest-\(row.id).txt"
    defer { unlink(path) }
    try await DigestFile(renderer: renderer, archive: archive).write(digest, row: row.id, to: path)
    let file = LogChatFile(
      path: path, name: "\(digest.fileName)-\(row.id).txt", mimeType: "text/plain",
      caption: renderer.caption(for: digest))
    take(1)
    try await chat.sendFile(file, randomID: row.randomID)
    scheduler.succeeded()
  }

  // MARK: One post

  /// - Parameter known: files that were looked up already.
  func files(
    of jobs: [MediaJob.ID], known: [MediaJob.ID: LogChatMedia]
  ) async throws(ArchiveError) -> [LogChatMedia] {
    let found = jobs.compactMap { known[$0] }
    return found.count == jobs.count ? found : try await files.files(of: jobs)
  }

  private func send(
    _ post: Post, _ known: [MediaJob.ID: LogChatMedia], _ row: OutboxRow, part: Int
  ) async throws -> Int64? {
    let randomID = row.randomID(part: part)
    guard let jobs = post.media else { return try await send(post, randomID: randomID) }
    let early = uploads.take(EarlyUploads.Key(row: row.id, part: part), now: time.now())
    let media = if let early { early.media } else { try await files(of: jobs, known: known) }
    guard !media.isEmpty else {
      // Removed from the disk between two attempts: the text is left.
      return post.content.isEmpty ? nil : try await send(post.withoutMedia, randomID: randomID)
    }
    let randomIDs = media.indices.map { row.randomID(part: part, item: $0) }
    do throws(LogChatError) {
      return try await send(media, early, caption: post, randomIDs: randomIDs)
    } catch {
      // Once more a minute later; after that, the text is worth more than waiting for what is never taken.
      guard case .postRefused(let reason) = error, row.attempts > 0 else { throw error }
      logger.error("media cannot be posted; its text is", metadata: ["reason": "\(reason)"])
      return try await send(post.tellingFiles(media, reason), randomID: randomID)
    }
  }

  /// Rather plain files than none.
  private func send(
    _ media: [LogChatMedia], _ early: UploadedMedia?, caption: Post, randomIDs: [Int64]
  ) async throws(LogChatError) -> Int64? {
    take(randomIDs.count)
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
    return try await chat.sendMedia(
      try await chat.upload(files), caption: caption.withoutReply.withoutFormatting, randomIDs: randomIDs)
  }

  /// Rather the text without what it answers, and without its formatting, than no text.
  @discardableResult
  func send(_ post: Post, randomID: Int64) async throws(LogChatError) -> Int64? {
    take(1)
    var plainer: [Post] = []
    if post.replyTo != nil { plainer.append(post.withoutReply) }
    if !post.content.entities.isEmpty { plainer.append(post.withoutReply.withoutFormatting) }
    var post = post
    while true {
      do {
        return try await chat.send(post, randomID: randomID)
      } catch {
        guard case .postRefused(let reason) = error, !plainer.isEmpty else { throw error }
        post = plainer.removeFirst()
        logger.warning("the log chat refused a post; sending it plainer", metadata: ["reason": "\(reason)"])
      }
    }
  }
}
