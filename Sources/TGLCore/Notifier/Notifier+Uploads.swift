import Logging

/// Files of the rows behind the one that is posted, brought to the server meanwhile.
extension Notifier {
  /// Begins to bring the files of the rows behind the one that is posted to the server.
  func uploadAhead(behind current: OutboxRow.ID, _ group: inout DiscardingTaskGroup) {
    uploads.keepOnly(ahead.pending.map(\.id))
    guard ahead.pending.first?.id == current else { return }
    let now = time.now()
    for row in ahead.pending.dropFirst().prefix(EarlyUploads.limit)
    where StoredDeadline.trusted(row.notBefore, now: now) <= now {
      guard case .message(let notice) = row.payload, notice.files?.isEmpty == false, !row.isWaitingForFiles,
        row.ahead != .posting, uploads.begin(row.id, behind: current)
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
  func uploaded(_ row: OutboxRow) async -> OutboxRow {
    guard uploads.isUnderWay(row.id) else { return row }
    await withCheckedContinuation { uploads.wait(for: row.id, $0) }
    return ahead.pending.first { $0.id == row.id } ?? row
  }
}
