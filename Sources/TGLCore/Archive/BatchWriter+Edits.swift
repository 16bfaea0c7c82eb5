import GRDB

/// Notices of edits, which settle: several edits of a message within a while are one notice.
extension BatchWriter {
  /// How many times the settling time an edit waits at most, counted from the first.
  static let longestSettling: Int64 = 6

  /// Tells an edit, together with the edits before it whose notice has not begun to be posted.
  ///
  /// - Parameters:
  ///   - stored: the version it replaces.
  ///   - date: when Telegram says it was made.
  ///   - jobs: the files the notice waits for.
  mutating func tellEdit(
    _ notice: Notice, of stored: MessageTable.Stored, date: Int64?, waitingFor jobs: [Int64]
  ) throws {
    var notice = notice
    notice.edits = EditSpan(from: stored.version, to: stored.version + 1, editedAt: date)
    guard policy.editSettle > 0 else {
      try enqueue(notice, waitingFor: jobs)
      return
    }
    let now = batch.receivedAt
    guard let row = try OutboxTable.openEdit(chat: stored.message.chat, message: stored.message.id, db),
      case .message(let first) = row.payload, first.edits != nil
    else {
      try enqueue(notice, waitingFor: jobs, settlesAt: now + policy.editSettle)
      return
    }
    notice.follow(first)
    let randomID = try identity().randomID(of: notice)
    try OutboxTable.setPayload(.message(notice), randomID: randomID, of: row.id, db)
    // Where the clock was set back, nothing says since when it settles.
    let end =
      row.createdAt > now ? now : min(now + policy.editSettle, row.createdAt + Self.longestSettling * policy.editSettle)
    try OutboxTable.setSettling(until: end, of: row.id, db)
    for job in jobs { try MediaTable.wait(outbox: row.id, for: job, db) }
  }

  /// Has the notice of a deletion tell of the edits before it, too, where their own notice has not begun to be posted.
  mutating func takeOpenEdit(into notice: inout Notice, _ kept: inout KeptFiles) throws {
    guard policy.editSettle > 0,
      let row = try OutboxTable.openEdit(chat: notice.chat.id, message: notice.messageID, db),
      case .message(let edit) = row.payload, edit.edits != nil
    else { return }
    notice.before = edit.before
    notice.mediaKindBefore = edit.mediaKindBefore
    notice.edits = edit.edits
    notice.files = edit.allFiles(with: notice)
    kept.awaited += try MediaTable.awaited(by: row.id, db).filter { !kept.awaited.contains($0) }
    try OutboxTable.remove(row.id, db)
  }
}

extension Notice {
  /// Makes it the notice of the edits before it, too.
  fileprivate mutating func follow(_ first: Notice) {
    before = first.before
    mediaKindBefore = first.mediaKindBefore
    edits?.from = first.edits?.from ?? 1
    files = first.allFiles(with: self)
  }

  /// The files of both, the earlier ones first; nil for none.
  fileprivate func allFiles(with later: Notice) -> [NoticeFile]? {
    let earlier = files ?? []
    let all = earlier + (later.files ?? []).filter { !earlier.contains($0) }
    return all.isEmpty ? nil : all
  }
}
