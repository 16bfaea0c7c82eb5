import MTProto
import NIOCore
import TL
import Testing

/// All edits of these tests happen within one second: only the order of the events tells them apart.
private let second: Int32 = 1_800_000_005

private func message(_ id: Int32, _ text: String, editDate: Int32? = second) -> API.AnyMessage {
  .message(
    API.Message(
      id: id, peerId: .peerUser(API.PeerUser(userId: 7)), date: 1_800_000_000, message: text, editDate: editDate))
}

private func edit(_ id: Int32, _ text: String, pts: Int32) -> API.AnyUpdate {
  .updateEditMessage(API.UpdateEditMessage(message: message(id, text), pts: pts, ptsCount: 1))
}

private func push(_ updates: API.AnyUpdate...) -> API.AnyUpdates {
  .updates(API.Updates(updates: updates, users: [], chats: [], date: second, seq: 0))
}

private func state(_ pts: Int32) -> API.UpdatesState {
  API.UpdatesState(pts: pts, qts: 0, date: second, seq: 0, unreadCount: 0)
}

private func slice(
  _ messages: [API.AnyMessage], _ others: [API.AnyUpdate] = [], pts: Int32
) -> API.AnyUpdatesDifference {
  .updatesDifferenceSlice(
    API.UpdatesDifferenceSlice(
      newMessages: messages, newEncryptedMessages: [], otherUpdates: others, chats: [], users: [],
      intermediateState: state(pts)))
}

private func difference(_ others: [API.AnyUpdate], pts: Int32) -> API.AnyUpdatesDifference {
  .updatesDifference(
    API.UpdatesDifference(
      newMessages: [], newEncryptedMessages: [], otherUpdates: others, chats: [], users: [], state: state(pts)))
}

/// The texts a batch shows, in order.
private func texts(_ batch: UpdateBatch) -> [String] {
  batch.updates.compactMap { update in
    switch update {
    case .updateNewMessage(let update): if case .message(let message) = update.message { message.message } else { nil }
    case .updateEditMessage(let update): if case .message(let message) = update.message { message.message } else { nil }
    default: nil
    }
  }
}

/// An engine at 10 whose difference has been asked for.
private func fetching() -> UpdatesEngine {
  let start = Moment(uptime: .zero, unixTime: .seconds(Int64(second)))
  var engine = UpdatesEngine(
    state: UpdatesState(pts: 10, qts: 0, date: 1, seq: 0), behind: true, now: start)
  _ = engine.nextRequest(now: start)
  return engine
}

private let now = Moment(uptime: .seconds(1), unixTime: .seconds(Int64(second)))

@Suite("Edits of one second around a sliced difference") struct SlicedDifferenceTests {
  @Test func heldEditsThatLedToWhatASliceShowsComeBeforeIt() {
    var engine = fetching()
    _ = engine.receive(push(edit(1, "first", pts: 21), edit(1, "second", pts: 22)), now: now)
    // The slice covers only the sending, and shows the message as it is by now.
    let batch = engine.apply(slice([message(1, "second")], pts: 15), now: now)
    #expect(texts(batch) == ["first", "second", "second"])
    _ = engine.nextRequest(now: now)
    #expect(texts(engine.apply(difference([edit(1, "second", pts: 21)], pts: 22), now: now)) == ["second"])
    #expect(engine.state.pts == 22)
  }

  @Test func heldEditsAfterWhatASliceShowsComeAfterIt() {
    var engine = fetching()
    _ = engine.receive(
      push(edit(1, "first", pts: 21), edit(1, "second", pts: 22), edit(1, "third", pts: 23)), now: now)
    #expect(texts(engine.apply(slice([message(1, "second")], pts: 15), now: now)) == ["first", "second", "second"])
    _ = engine.nextRequest(now: now)
    // Nothing newer is shown by the rest of the difference: the third edit is applied in its turn.
    #expect(texts(engine.apply(difference([], pts: 22), now: now)) == ["third"])
    #expect(engine.state.pts == 23)
  }

  @Test func lateEditIsNotAppliedOverANewerStateOfTheSameSecond() {
    var engine = fetching()
    #expect(texts(engine.apply(slice([message(1, "second")], pts: 15), now: now)) == ["second"])
    // It was under way while the slice was answered.
    #expect(texts(engine.receive(push(edit(1, "first", pts: 16)), now: now)).isEmpty)
    _ = engine.nextRequest(now: now)
    let batch = engine.apply(difference([edit(1, "second", pts: 17)], pts: 17), now: now)
    #expect(texts(batch) == ["second"])
    #expect(engine.state.pts == 17)
  }

  @Test func editPastTheEndOfTheDifferenceIsAppliedAfterIt() {
    var engine = fetching()
    _ = engine.apply(slice([message(1, "first")], pts: 15), now: now)
    #expect(texts(engine.receive(push(edit(1, "second", pts: 17)), now: now)).isEmpty)
    _ = engine.nextRequest(now: now)
    #expect(texts(engine.apply(difference([edit(1, "first", pts: 16)], pts: 16), now: now)) == ["first", "second"])
    #expect(engine.state.pts == 17)
  }

  @Test func editOfAMessageThatIsNotShownAgainIsKept() {
    var engine = fetching()
    _ = engine.apply(slice([message(1, "first")], pts: 15), now: now)
    _ = engine.receive(push(edit(1, "second", pts: 16)), now: now)
    _ = engine.nextRequest(now: now)
    // The message has been deleted meanwhile.
    let gone = API.AnyUpdate.updateDeleteMessages(API.UpdateDeleteMessages(messages: [1], pts: 17, ptsCount: 1))
    #expect(texts(engine.apply(difference([gone], pts: 17), now: now)) == ["second"])
  }

  @Test func editsThereAndBackWithinASecondKeepTheirOrder() {
    var engine = fetching()
    let edits = [
      edit(1, "B", pts: 21), edit(1, "A", pts: 22), edit(1, "B", pts: 23), edit(1, "A", pts: 24),
    ]
    for update in edits { _ = engine.receive(push(update), now: now) }
    #expect(texts(engine.apply(slice([message(1, "A")], pts: 15), now: now)) == ["B", "A", "B", "A", "A"])
  }

  @Test func editsOfOtherMessagesAndSecondsAreNotHeldUp() {
    var engine = fetching()
    _ = engine.apply(slice([message(1, "first")], pts: 15), now: now)
    #expect(texts(engine.receive(push(edit(2, "other", pts: 16)), now: now)) == ["other"])
    let later = API.AnyUpdate.updateEditMessage(
      API.UpdateEditMessage(message: message(1, "later", editDate: second + 1), pts: 17, ptsCount: 1))
    #expect(texts(engine.receive(push(later), now: now)) == ["later"])
    #expect(engine.state.pts == 17)
  }

  @Test func sliceOvertakenByUpdatesShowsNothing() {
    var engine = fetching()
    #expect(texts(engine.receive(push(edit(1, "first", pts: 11), edit(1, "second", pts: 12)), now: now)).count == 2)
    #expect(texts(engine.apply(slice([], [edit(1, "first", pts: 11)], pts: 11), now: now)).isEmpty)
    #expect(engine.state.pts == 12)
  }
}
