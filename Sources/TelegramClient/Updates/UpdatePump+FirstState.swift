import Logging
import MTProto
import TL

extension UpdatePump {
  /// Pages of a hundred chats; no account has as many.
  private var maximumPages: Int { 1_000 }

  /// The state to start from when there is none: now, with every channel the account is in.
  func firstState() async throws -> UpdatesState {
    let first = try await answer(isNeeded: true) { () async throws(TelegramError) in try await source.updatesState() }
    guard let account = first else { throw TelegramError.closed }
    var state = UpdatesState(pts: account.pts, qts: account.qts, date: account.date, seq: account.seq)
    var batch = UpdateBatch()
    var offset = DialogOffset()
    var seen = 0
    for _ in 0..<maximumPages {
      let from = offset
      let answered = try await answer(isNeeded: false) { () async throws(TelegramError) in
        try await source.dialogs(from: from)
      }
      guard let answered, let page = DialogPage(answered) else {
        logger.warning(
          "messages.getDialogs was refused; the other channels are watched once something happens in them",
          metadata: ["chats": "\(seen)"])
        break
      }
      seen += page.dialogs.count
      batch.users += page.users
      batch.chats += page.chats
      state.channels.merge(page.channelStates) { old, _ in old }
      guard let next = page.next(after: seen), !next.isSamePlace(as: offset) else { break }
      offset = next
    }
    batch.stateChange = UpdatesStateChange(
      account: UpdatesState(pts: state.pts, qts: state.qts, date: state.date, seq: state.seq),
      channels: state.channels.mapValues { .some($0) })
    try await sink.commit(batch)
    logger.info("first start: watching from now on", metadata: ["channels": "\(state.channels.count)"])
    return state
  }
}
