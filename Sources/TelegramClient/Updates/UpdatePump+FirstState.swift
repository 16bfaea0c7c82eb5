import Logging
import MTProto
import TL

extension UpdatePump {
  /// The state to start from when there is none: now, with every channel the account is in.
  func firstState() async throws -> UpdatesState {
    let account = try await answer { () async throws(TelegramError) in try await source.updatesState() }
    var state = UpdatesState(pts: account.pts, qts: account.qts, date: account.date, seq: account.seq)
    var batch = UpdateBatch()
    var offset = DialogOffset()
    while true {
      let from = offset
      let answered = try await answer { () async throws(TelegramError) in try await source.dialogs(from: from) }
      guard let page = DialogPage(answered) else { break }
      batch.users += page.users
      batch.chats += page.chats
      state.channels.merge(page.channelStates) { old, _ in old }
      guard let next = page.next, !next.isSamePlace(as: offset) else { break }
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
