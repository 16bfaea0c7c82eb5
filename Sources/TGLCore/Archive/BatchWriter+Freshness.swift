import TelegramClient

extension BatchWriter {
  /// Notes where the updates are before messages are stored that were fetched, and may be newer than what updates told.
  func noteUntold() throws {
    var tops: [MessageScope: Int64] = [:]
    for step in batch.progress {
      switch step {
      // What is still to be fetched of a channel stands in its spans.
      case .looked(.common, .fetched(let page, _)): tops[.common] = page.newest
      case .fetched(let job, _, _, _):
        let scope = MessageScope(of: job.chat)
        for case .message(let message) in batch.operations {
          tops[scope] = max(tops[scope] ?? message.id, message.id)
        }
      case .looked, .compared: continue
      }
    }
    for (scope, top) in tops { try FreshnessTable.noteUntold(top, in: scope, db) }
  }
}
