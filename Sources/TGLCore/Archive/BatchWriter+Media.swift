import GRDB

/// The files of a message that has vanished.
struct KeptFiles {
  /// Nil when it has none.
  var files: [NoticeFile]?
  /// Those that are not among the recovered files yet.
  var awaited: [MediaJob.ID] = []
}

extension BatchWriter {
  /// Has the files of a message downloaded for the case that it vanishes, when the settings say so.
  mutating func bufferFiles(of message: MessageRecord) throws {
    guard let media = message.media, media.kind.hasFile else { return }
    let isProtected = try message.noforwards || peer(message.chat)?.noforwards == true
    let reason = policy.media.reason(isSelfDestructing: message.ttlSeconds != nil, isProtected: isProtected)
    guard let reason else { return }
    for file in MediaFile.files(of: media) { try want(file, of: message, priority: reason, need: .precaution) }
  }

  /// Has the files of a message that has vanished kept, downloaded now if they are not there yet.
  ///
  /// None of a message whose files were posted when they were opened.
  ///
  /// - Parameter replaced: whether it was not the message that vanished, but an edit put other media in its place.
  mutating func keepFiles(of stored: MessageTable.Stored, replaced: Bool = false) throws -> KeptFiles {
    guard let media = stored.message.media, media.kind.hasFile, stored.openedAt == nil else { return KeptFiles() }
    var kept = KeptFiles()
    for file in MediaFile.files(of: media) {
      let job = try want(file, of: stored.message, priority: .deleted, need: .loss)
      let noticed = NoticeFile(
        messageID: stored.message.id, mediumID: file.mediumID, isReplaced: replaced ? true : nil)
      kept.files = (kept.files ?? []) + [noticed]
      if job.isOpen { kept.awaited.append(job.id) }
    }
    return kept
  }

  /// Has those files of a medium kept that were downloaded for the case that it vanishes.
  mutating func keepBufferedFiles(of message: MessageRecord) throws {
    guard let media = message.media, media.kind.hasFile else { return }
    for file in MediaFile.files(of: media)
    where try MediaTable.find(chat: message.chat, message: message.id, medium: file.mediumID, db) != nil {
      try want(file, of: message, priority: .deleted, need: .loss)
    }
  }

  /// Media that may be looked at only for a while was looked at: it is told once, with its files.
  mutating func tellOpened(_ stored: MessageTable.Stored) throws {
    let message = stored.message
    guard policy.media.keepsSelfDestructing, message.ttlSeconds != nil, stored.openedAt == nil,
      stored.deletedAt == nil
    else { return }
    var notice = try notice(.selfDestructed, message, at: batch.receivedAt)
    let kept = try keepFiles(of: stored)
    notice.files = kept.files
    try enqueue(notice, waitingFor: kept.awaited)
    try MessageTable.markOpened(chat: message.chat, id: message.id, at: batch.receivedAt, db)
  }

  /// Has the files of a message fetched because somebody asked for them: of any size.
  ///
  /// - Parameter bytes: counts what is to be fetched.
  mutating func keepLinkedFiles(of message: MessageRecord, _ bytes: inout Int64) throws -> KeptFiles {
    guard let media = message.media, media.kind.hasFile else { return KeptFiles() }
    var kept = KeptFiles()
    for file in MediaFile.files(of: media) {
      let job = try want(file, of: message, priority: .deleted, need: .link)
      kept.files = (kept.files ?? []) + [NoticeFile(messageID: message.id, mediumID: file.mediumID)]
      if job.isOpen {
        kept.awaited.append(job.id)
        bytes += file.size
      }
    }
    return kept
  }

  @discardableResult
  private mutating func want(
    _ file: MediaFile, of message: MessageRecord, priority: MediaPriority, need: MediaNeed
  ) throws -> (id: MediaJob.ID, isOpen: Bool) {
    let job = try MediaTable.want(
      file, of: message, priority: priority, need: need, maximumSize: policy.media.maximumSize, layer: layer,
      now: batch.receivedAt, db)
    if job.isOpen { report.media += 1 }
    return job
  }
}
