import TelegramClient

extension BatchWriter {
  /// A step that fetched messages of a window whose number is known, with how many of them are of it: not those that were
  /// told, and so are stored, nor those that were sent later and may be on their way.
  func counted(_ step: LookingAgain) throws -> LookingAgain {
    guard case .looked(let scope, .fetched(var page, let misses)) = step, page.span.limit != nil else { return step }
    var isRecorded = 0
    var isOther = 0
    for operation in batch.operations {
      switch operation {
      case .message(let message), .observed(let message, _):
        isRecorded += 1
        let isMissed =
          try message.date <= page.missedAt && MessageTable.find(chat: message.chat, id: message.id, db) == nil
        if !isMissed { isOther += 1 }
      default: continue
      }
    }
    // What is not recorded at all, as of an ignored sender, counts: it may have been missed.
    page.count = max(page.count, isRecorded) - isOther
    return .looked(scope, .fetched(page, misses: misses))
  }

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
