import MTProto
import NIOCore
import TL
import Testing

/// One fake second is one second of both clocks.
private func at(_ seconds: Double) -> Moment {
  Moment(uptime: .seconds(seconds), unixTime: .seconds(1_800_000_000 + seconds))
}

private func message(_ id: Int32, channel: Int64? = nil) -> API.AnyMessage {
  let peer: API.AnyPeer =
    channel.map { .peerChannel(API.PeerChannel(channelId: $0)) } ?? .peerUser(API.PeerUser(userId: 7))
  return .message(API.Message(id: id, peerId: peer, date: 1_800_000_000, message: "m\(id)"))
}

private func new(_ id: Int32, pts: Int32) -> API.AnyUpdate {
  .updateNewMessage(API.UpdateNewMessage(message: message(id), pts: pts, ptsCount: 1))
}

private func new(_ id: Int32, channel: Int64, pts: Int32) -> API.AnyUpdate {
  .updateNewChannelMessage(
    API.UpdateNewChannelMessage(message: message(id, channel: channel), pts: pts, ptsCount: 1))
}

private func delete(_ ids: [Int32], pts: Int32) -> API.AnyUpdate {
  .updateDeleteMessages(API.UpdateDeleteMessages(messages: ids, pts: pts, ptsCount: Int32(ids.count)))
}

private func container(_ updates: [API.AnyUpdate], seq: Int32 = 0) -> API.AnyUpdates {
  .updates(API.Updates(updates: updates, users: [], chats: [], date: 1_800_000_000, seq: seq))
}

private func difference(
  _ messages: [API.AnyMessage], _ others: [API.AnyUpdate] = [], pts: Int32, seq: Int32 = 0
) -> API.AnyUpdatesDifference {
  .updatesDifference(
    API.UpdatesDifference(
      newMessages: messages, newEncryptedMessages: [], otherUpdates: others, chats: [], users: [],
      state: API.UpdatesState(pts: pts, qts: 0, date: 1_800_000_000, seq: seq, unreadCount: 0)))
}

/// What a batch tells, by message ids: `+1` for a message, `-1` for a deletion.
private func told(_ batch: UpdateBatch) -> [Int32] {
  batch.updates.flatMap { update -> [Int32] in
    switch update {
    case .updateNewMessage(let update): [update.message.id]
    case .updateNewChannelMessage(let update): [update.message.id]
    case .updateDeleteMessages(let update): update.messages.map { -$0 }
    case .updateDeleteChannelMessages(let update): update.messages.map { -$0 }
    default: []
    }
  }
}

extension API.AnyMessage {
  fileprivate var id: Int32 {
    switch self {
    case .message(let message): message.id
    case .messageService(let message): message.id
    case .messageEmpty(let message): message.id
    case .other: 0
    }
  }
}

private func engine(
  pts: Int32 = 10, qts: Int32 = 0, seq: Int32 = 0, channels: [Int64: Int32] = [:], behind: Bool = false
) -> UpdatesEngine {
  UpdatesEngine(
    state: UpdatesState(pts: pts, qts: qts, date: 1_700_000_000, seq: seq, channels: channels), behind: behind,
    now: at(0))
}

@Suite struct UpdatesEngineTests {
  @Test func nextInLineIsAppliedAndMovesTheState() {
    var engine = engine()
    let batch = engine.receive(container([new(1, pts: 11), new(2, pts: 12)]), now: at(1))
    #expect(told(batch) == [1, 2])
    #expect(batch.stateChange.account?.pts == 12)
    #expect(engine.state.pts == 12)
    #expect(engine.nextRequest(now: at(1)) == nil)
  }

  @Test func updatesOfOneContainerAreSortedByPts() {
    var engine = engine()
    let batch = engine.receive(container([delete([1], pts: 12), new(1, pts: 11)]), now: at(1))
    #expect(told(batch) == [1, -1])
  }

  @Test func updatesThatTellNoMessageHaveTheirPlaceToo() {
    let page = API.AnyWebPage.webPageEmpty(API.WebPageEmpty(id: 1))
    var engine = engine(qts: 4, channels: [5: 50])
    let secret = API.EncryptedMessageService(randomId: 1, chatId: 1, date: 1, bytes: .init())
    _ = engine.receive(
      container([
        .updateWebPage(API.UpdateWebPage(webpage: page, pts: 11, ptsCount: 1)),
        .updateFolderPeers(API.UpdateFolderPeers(folderPeers: [], pts: 12, ptsCount: 1)),
        .updateChannelWebPage(API.UpdateChannelWebPage(channelId: 5, webpage: page, pts: 51, ptsCount: 1)),
        .updateNewEncryptedMessage(
          API.UpdateNewEncryptedMessage(message: .encryptedMessageService(secret), qts: 5)),
      ]), now: at(1))
    #expect(engine.state.pts == 12)
    #expect(engine.state.channels == [5: 51])
    #expect(engine.state.qts == 5)
  }

  @Test func differenceOvertakenByUpdatesUndoesNothing() {
    var engine = engine(behind: true)
    #expect(engine.nextRequest(now: at(0)) == .account(pts: 10, qts: 0, date: 1_700_000_000))
    #expect(told(engine.receive(container([new(1, pts: 11), new(2, pts: 12)]), now: at(1))) == [1, 2])
    // What the server knew when it had got to 11; message 1 may have been edited since.
    #expect(told(engine.apply(difference([message(1)], pts: 11), now: at(2))).isEmpty)
    #expect(engine.state.pts == 12)
  }

  @Test func lateUpdateOfAnUnknownChannelTakesItsSequenceBack() {
    var engine = engine()
    _ = engine.receive(container([new(2, channel: 5, pts: 52)]), now: at(1))
    let batch = engine.receive(container([new(1, channel: 5, pts: 51)]), now: at(2))
    #expect(told(batch) == [1])
    #expect(batch.stateChange.channels == [5: 51])
    #expect(engine.nextRequest(now: at(2)) == .channel(id: 5, pts: 51))
  }

  @Test func duplicatesAreDropped() {
    var engine = engine()
    _ = engine.receive(container([new(1, pts: 11)]), now: at(1))
    let again = engine.receive(container([new(1, pts: 11)]), now: at(2))
    #expect(told(again).isEmpty)
    #expect(engine.state.pts == 11)
  }

  @Test func holeThatClosesInTimeNeedsNoDifference() {
    var engine = engine()
    #expect(told(engine.receive(container([new(2, pts: 12)]), now: at(1))).isEmpty)
    #expect(engine.nextDeadline == .seconds(1.5))
    let batch = engine.receive(container([new(1, pts: 11)]), now: at(1.3))
    #expect(told(batch) == [1, 2])
    engine.tick(now: at(2))
    #expect(engine.nextRequest(now: at(2)) == nil)
  }

  @Test func holeThatStaysAsksForTheDifference() {
    var engine = engine()
    _ = engine.receive(container([new(2, pts: 12)]), now: at(1))
    engine.tick(now: at(1.4))
    #expect(engine.nextRequest(now: at(1.4)) == nil)
    engine.tick(now: at(1.5))
    #expect(engine.nextRequest(now: at(1.5)) == .account(pts: 10, qts: 0, date: 1_700_000_000))
    #expect(engine.nextRequest(now: at(1.5)) == nil)
    let batch = engine.apply(difference([message(1), message(2)], pts: 12), now: at(2))
    #expect(batch.stateChange.account?.pts == 12)
    #expect(engine.isCurrent)
  }

  /// A message sent and deleted while the difference is on its way is in no difference.
  @Test func heldUpdatesComeBeforeTheDifferenceThatCoversThem() {
    var engine = engine()
    _ = engine.receive(container([new(2, pts: 12)]), now: at(1))
    engine.tick(now: at(1.5))
    _ = engine.nextRequest(now: at(1.5))
    // The difference knows message 2 only as deleted.
    let batch = engine.apply(difference([message(1)], [delete([2], pts: 13)], pts: 13), now: at(2))
    #expect(told(batch) == [2, 1, -2])
    #expect(engine.state.pts == 13)
  }

  @Test func nextInLineIsAppliedWhileADifferenceIsUnderWay() {
    var engine = engine(behind: true)
    #expect(engine.nextRequest(now: at(0)) != nil)
    let pushed = engine.receive(container([new(1, pts: 11), new(2, pts: 12)]), now: at(0.1))
    #expect(told(pushed) == [1, 2])
    // The answer was made before the push; the state does not go back.
    let batch = engine.apply(difference([message(1)], pts: 11), now: at(0.2))
    #expect(batch.stateChange.account?.pts == 12)
    #expect(engine.state.pts == 12)
  }

  @Test func slicesAreFetchedToTheEnd() {
    var engine = engine(behind: true)
    _ = engine.nextRequest(now: at(0))
    let slice = API.AnyUpdatesDifference.updatesDifferenceSlice(
      API.UpdatesDifferenceSlice(
        newMessages: [message(1)], newEncryptedMessages: [], otherUpdates: [], chats: [], users: [],
        intermediateState: API.UpdatesState(pts: 15, qts: 0, date: 1_700_000_001, seq: 0, unreadCount: 0)))
    let batch = engine.apply(slice, now: at(1))
    #expect(batch.stateChange.account?.pts == 15)
    #expect(engine.nextRequest(now: at(1)) == .account(pts: 15, qts: 0, date: 1_700_000_001))
    _ = engine.apply(difference([message(2)], pts: 20), now: at(2))
    #expect(engine.isCurrent)
  }

  @Test func sliceThatDoesNotMoveIsNotAskedForAtOnce() {
    var engine = engine(behind: true)
    _ = engine.nextRequest(now: at(0))
    let slice = API.AnyUpdatesDifference.updatesDifferenceSlice(
      API.UpdatesDifferenceSlice(
        newMessages: [], newEncryptedMessages: [], otherUpdates: [], chats: [], users: [],
        intermediateState: API.UpdatesState(pts: 10, qts: 0, date: 1_700_000_000, seq: 0, unreadCount: 0)))
    _ = engine.apply(slice, now: at(1))
    #expect(engine.nextRequest(now: at(1)) == nil)
    #expect(engine.nextRequest(now: at(61)) != nil)
  }

  @Test func changedMembershipAsksWhetherTheChannelCanStillBeRead() {
    var engine = UpdatesEngine(
      state: UpdatesState(pts: 10, qts: 0, date: 1, seq: 0, channels: [100: 5]), behind: false, now: at(0))
    let update = API.AnyUpdate.updateChannel(API.UpdateChannel(channelId: 100))
    #expect(engine.receive(container([update]), now: at(1)).gaps.isEmpty)
    #expect(engine.nextRequest(now: at(1)) == .channel(id: 100, pts: 5))
  }

  @Test func tooLongDifferenceIsAGapAndGoesOnFromTheServersPts() {
    var engine = engine(behind: true)
    _ = engine.nextRequest(now: at(0))
    let batch = engine.apply(.updatesDifferenceTooLong(API.UpdatesDifferenceTooLong(pts: 9_000)), now: at(1))
    #expect(batch.gaps == [UpdateGap(channelID: nil, fromPts: 10, toPts: 9_000, reason: .tooLong)])
    #expect(engine.nextRequest(now: at(1)) == .account(pts: 9_000, qts: 0, date: 1_700_000_000))
  }

  @Test func quietSequenceIsComparedAfterFifteenMinutes() {
    var engine = engine()
    _ = engine.receive(container([new(1, pts: 11)]), now: at(60))
    engine.tick(now: at(60 + 899))
    #expect(engine.nextRequest(now: at(60 + 899)) == nil)
    engine.tick(now: at(60 + 900))
    #expect(engine.nextRequest(now: at(60 + 900)) == .account(pts: 11, qts: 0, date: 1_800_000_000))
  }

  @Test(arguments: [
    API.AnyUpdates.updatesTooLong(API.UpdatesTooLong()),
    .updateShort(
      API.UpdateShort(update: .updatePtsChanged(API.UpdatePtsChanged()), date: 1_800_000_000)),
  ])
  func serverThatSaysSoIsAskedForTheDifference(updates: API.AnyUpdates) {
    var engine = engine()
    _ = engine.receive(updates, now: at(1))
    #expect(engine.nextRequest(now: at(1)) == .account(pts: 10, qts: 0, date: engine.state.date))
  }

  @Test func anotherDifferenceFollowsWhenOneIsAskedForMeanwhile() {
    var engine = engine(behind: true)
    _ = engine.nextRequest(now: at(0))
    _ = engine.receive(.updatesTooLong(API.UpdatesTooLong()), now: at(0.5))
    #expect(engine.nextRequest(now: at(0.5)) == nil)
    _ = engine.apply(difference([], pts: 11), now: at(1))
    #expect(engine.nextRequest(now: at(1)) == .account(pts: 11, qts: 0, date: 1_800_000_000))
  }

  @Test func failedDifferenceIsAskedAgainWhenTold() {
    var engine = engine(behind: true)
    guard let request = engine.nextRequest(now: at(0)) else {
      Issue.record("no request")
      return
    }
    engine.failed(request, retryAt: .seconds(8))
    #expect(engine.nextRequest(now: at(7)) == nil)
    #expect(engine.nextDeadline == .seconds(8))
    #expect(engine.nextRequest(now: at(8)) == request)
  }

  // MARK: seq

  @Test func containersAreCountedBySeq() {
    var engine = engine(seq: 5)
    let status = API.AnyUpdate.updateUserStatus(
      API.UpdateUserStatus(userId: 7, status: .userStatusRecently(API.UserStatusRecently())))
    #expect(engine.receive(container([status], seq: 6), now: at(1)).updates.count == 1)
    #expect(engine.state.seq == 6)
    #expect(engine.receive(container([status], seq: 6), now: at(1)).updates.isEmpty)
    // One is missing: what has a pts is taken all the same.
    let batch = engine.receive(container([status, new(1, pts: 11)], seq: 8), now: at(2))
    #expect(told(batch) == [1])
    #expect(batch.updates.count == 1)
    #expect(engine.state.seq == 6)
    // The one between may only be late.
    #expect(engine.nextRequest(now: at(2)) == nil)
    #expect(engine.nextDeadline == .seconds(2.5))
    engine.tick(now: at(2.5))
    #expect(engine.nextRequest(now: at(2.5)) != nil)
  }

  @Test func containersThatSwappedPlacesAreAppliedInTheirOrder() {
    var engine = engine(seq: 5)
    #expect(engine.receive(container([status(3)], seq: 8), now: at(1)).updates.isEmpty)
    #expect(engine.receive(container([status(2)], seq: 7), now: at(1)).updates.isEmpty)
    let batch = engine.receive(container([status(1)], seq: 6), now: at(1.2))
    #expect(people(batch) == [1, 2, 3])
    #expect(batch.stateChange.account?.seq == 8)
    engine.tick(now: at(2))
    #expect(engine.nextRequest(now: at(2)) == nil)
  }

  @Test func aHoleInSeqDuringADifferenceForcesNoOther() {
    var engine = engine(seq: 5, behind: true)
    _ = engine.nextRequest(now: at(0))
    #expect(engine.receive(container([status(1)], seq: 7), now: at(1)).updates.isEmpty)
    // The difference covers it.
    let batch = engine.apply(difference([], pts: 10, seq: 7), now: at(2))
    #expect(batch.updates.isEmpty && engine.state.seq == 7)
    engine.tick(now: at(10))
    #expect(engine.nextRequest(now: at(10)) == nil)
  }

  @Test func containerBehindADifferenceIsAppliedAfterIt() {
    var engine = engine(seq: 5, behind: true)
    _ = engine.nextRequest(now: at(0))
    _ = engine.receive(container([status(1)], seq: 7), now: at(1))
    #expect(people(engine.apply(difference([], pts: 10, seq: 6), now: at(2))) == [1])
    #expect(engine.state.seq == 7)
  }

  @Test func aHoleInSeqThatNeverClosesIsAskedForWithGrowingPauses() {
    var engine = engine(seq: 5)
    var requests = 0
    for second in 0..<3_600 {
      let now = at(Double(second))
      _ = engine.receive(container([status(1)], seq: 1_000 + Int32(second)), now: now)
      engine.tick(now: now)
      guard engine.nextRequest(now: now) != nil else { continue }
      requests += 1
      _ = engine.apply(difference([], pts: 10, seq: 5), now: now)
    }
    #expect((2...40).contains(requests))
  }

  private func status(_ user: Int64) -> API.AnyUpdate {
    .updateUserStatus(API.UpdateUserStatus(userId: user, status: .userStatusRecently(API.UserStatusRecently())))
  }

  private func people(_ batch: UpdateBatch) -> [Int64] {
    batch.updates.compactMap { if case .updateUserStatus(let update) = $0 { update.userId } else { nil } }
  }

  // MARK: Short forms

  @Test func shortMessageStandsForTheLongForm() {
    var engine = engine()
    let short = API.UpdateShortMessage(
      out: true, id: 3, userId: 42, message: "hi", pts: 11, ptsCount: 1, date: 1_800_000_001,
      entities: [.messageEntityBold(API.MessageEntityBold(offset: 0, length: 2))])
    let batch = engine.receive(.updateShortMessage(short), now: at(1))
    guard case .updateNewMessage(let update)? = batch.updates.first, case .message(let message) = update.message,
      case .peerUser(let peer) = message.peerId
    else {
      Issue.record("no message")
      return
    }
    #expect(message.id == 3 && message.out && message.message == "hi" && message.entities?.count == 1)
    #expect(peer.userId == 42)
    #expect(engine.state.pts == 11 && engine.state.date == 1_800_000_001)
  }

  @Test func ownShortAnswerTakesItsPlace() {
    var engine = engine()
    _ = engine.receive(
      .updateShortSentMessage(API.UpdateShortSentMessage(id: 4, pts: 11, ptsCount: 1, date: 1_800_000_001)), now: at(1))
    #expect(told(engine.receive(container([new(5, pts: 12)]), now: at(2))) == [5])
  }

  // MARK: Channels

  @Test func channelsHaveSequencesOfTheirOwn() {
    var engine = engine(channels: [100: 5, 200: 50])
    let batch = engine.receive(
      container([new(1, channel: 100, pts: 6), new(9, channel: 200, pts: 52), new(2, pts: 11)]), now: at(1))
    #expect(Set(told(batch)) == [1, 2])
    #expect(batch.stateChange.channels == [100: 6])
    engine.tick(now: at(1.5))
    #expect(engine.nextRequest(now: at(1.5)) == .channel(id: 200, pts: 50))
  }

  @Test func firstUpdateOfAChannelTellsWhereItStands() {
    var engine = engine()
    let batch = engine.receive(container([new(1, channel: 300, pts: 77)]), now: at(1))
    #expect(told(batch) == [1])
    #expect(engine.state.channels == [300: 77])
  }

  @Test func differenceAskedForBeforeTheChannelWentBackDoesNotSkipWhatItWentBackFor() {
    var engine = engine()
    #expect(told(engine.receive(container([new(3, channel: 300, pts: 22)]), now: at(1))) == [3])
    #expect(told(engine.receive(container([new(2, channel: 300, pts: 21)]), now: at(1))) == [2])
    #expect(engine.nextRequest(now: at(1)) == .channel(id: 300, pts: 21))
    // Another late one, from before what was asked for.
    #expect(told(engine.receive(container([new(1, channel: 300, pts: 19)]), now: at(1))) == [1])
    let answer = API.UpdatesChannelDifference(
      final: true, pts: 23, newMessages: [message(4, channel: 300)], otherUpdates: [], chats: [], users: [])
    #expect(told(engine.apply(.updatesChannelDifference(answer), channel: 300, now: at(2))) == [4])
    #expect(engine.nextRequest(now: at(2)) == .channel(id: 300, pts: 19))
  }

  @Test func channelTooLongIsFetchedOnlyWhenBehind() {
    var engine = engine(channels: [100: 5])
    func tooLong(_ pts: Int32?) -> API.AnyUpdates {
      container([.updateChannelTooLong(API.UpdateChannelTooLong(channelId: 100, pts: pts))])
    }
    _ = engine.receive(tooLong(5), now: at(1))
    #expect(engine.nextRequest(now: at(1)) == nil)
    _ = engine.receive(tooLong(9), now: at(1))
    #expect(engine.nextRequest(now: at(1)) == .channel(id: 100, pts: 5))
    _ = engine.apply(
      .updatesChannelDifference(
        API.UpdatesChannelDifference(
          final: false, pts: 7, newMessages: [message(1, channel: 100)], otherUpdates: [], chats: [], users: [])),
      channel: 100, now: at(2))
    #expect(engine.nextRequest(now: at(2)) == .channel(id: 100, pts: 7))
    let last = engine.apply(
      .updatesChannelDifference(
        API.UpdatesChannelDifference(
          final: true, pts: 9, newMessages: [],
          otherUpdates: [
            .updateDeleteChannelMessages(
              API.UpdateDeleteChannelMessages(channelId: 100, messages: [1], pts: 9, ptsCount: 1))
          ], chats: [], users: [])), channel: 100, now: at(3))
    #expect(told(last) == [-1])
    #expect(last.stateChange.channels == [100: 9])
    #expect(engine.isCurrent)
  }

  @Test func channelThatIsTooFarBehindIsAGapWithItsNewestMessages() {
    var engine = engine(channels: [100: 5], behind: true)
    _ = engine.nextRequest(now: at(0))
    #expect(engine.nextRequest(now: at(0)) == .channel(id: 100, pts: 5))
    let dialog = API.Dialog(
      peer: .peerChannel(API.PeerChannel(channelId: 100)), topMessage: 9, readInboxMaxId: 0, readOutboxMaxId: 0,
      unreadCount: 0, unreadMentionsCount: 0, unreadReactionsCount: 0, unreadPollVotesCount: 0,
      notifySettings: API.PeerNotifySettings(), pts: 900)
    let batch = engine.apply(
      .updatesChannelDifferenceTooLong(
        API.UpdatesChannelDifferenceTooLong(
          final: true, dialog: .dialog(dialog), messages: [message(9, channel: 100), message(8, channel: 100)],
          chats: [], users: [])), channel: 100, now: at(1))
    #expect(told(batch) == [8, 9])
    #expect(batch.gaps == [UpdateGap(channelID: 100, fromPts: 5, toPts: 900, reason: .tooLong)])
    #expect(batch.stateChange.channels == [100: 900])
  }

  @Test func lostChannelIsLeftAloneAndNoted() {
    var engine = engine(channels: [100: 5])
    let batch = engine.lostAccess(channel: 100)
    #expect(batch.stateChange.channels == [100: nil])
    #expect(batch.gaps.first?.reason == .accessLost)
    #expect(engine.state.channels.isEmpty)
  }

  @Test func whatWaitedBehindAHoleIsToldWhenTheHoleCannotCloseAnyMore() {
    var engine = engine(pts: 10, channels: [100: 5])
    #expect(told(engine.receive(container([new(3, channel: 100, pts: 7), new(4, pts: 12)]), now: at(0))) == [])
    #expect(told(engine.lostAccess(channel: 100)) == [3])
    #expect(
      told(engine.restart(from: API.UpdatesState(pts: 90, qts: 0, date: 1, seq: 0, unreadCount: 0), now: at(1))) == [4])
  }

  @Test func hostilePtsDoNotTrap() {
    var engine = engine(pts: .min, channels: [100: .min])
    for pts in [Int32.max, .min, 0, -1, 1] {
      for count in [Int32.max, .min, 0, 1] {
        let update = API.AnyUpdate.updateNewMessage(
          API.UpdateNewMessage(message: message(1), pts: pts, ptsCount: count))
        let inChannel = API.AnyUpdate.updateNewChannelMessage(
          API.UpdateNewChannelMessage(message: message(1, channel: 100), pts: pts, ptsCount: count))
        _ = engine.receive(container([update, inChannel], seq: pts), now: at(1))
      }
    }
  }

  @Test func heldUpdatesAreBounded() {
    var engine = engine()
    for index in 0..<5_000 { _ = engine.receive(container([new(1, pts: 20 + Int32(index))]), now: at(1)) }
    #expect(engine.nextRequest(now: at(1)) != nil)
  }
}
