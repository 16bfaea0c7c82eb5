import NIOCore
import TL
import Testing

@testable import MTProto

private func at(_ seconds: Int64) -> Moment { Moment(uptime: .seconds(seconds), unixTime: .seconds(1_800_000_000)) }

private func message(_ id: Int32, in peer: API.AnyPeer = .peerUser(API.PeerUser(userId: 7))) -> API.AnyMessage {
  .message(API.Message(id: id, peerId: peer, date: 1, message: "m"))
}

private func new(_ id: Int32, pts: Int32) -> API.AnyUpdates {
  let update = API.AnyUpdate.updateNewMessage(API.UpdateNewMessage(message: message(id), pts: pts, ptsCount: 1))
  return .updates(API.Updates(updates: [update], users: [], chats: [], date: 2, seq: 0))
}

private func newInChannel(_ id: Int32, pts: Int32) -> API.AnyUpdates {
  let message = message(id, in: .peerChannel(API.PeerChannel(channelId: 5)))
  let update = API.AnyUpdate.updateNewChannelMessage(
    API.UpdateNewChannelMessage(message: message, pts: pts, ptsCount: 1))
  return .updates(API.Updates(updates: [update], users: [], chats: [], date: 2, seq: 0))
}

@Suite struct SettingAsideTests {
  private func engine(behind: Bool = true) -> UpdatesEngine {
    UpdatesEngine(
      state: UpdatesState(pts: 10, qts: 0, date: 1, seq: 0, channels: [5: 50]), behind: behind, now: at(0))
  }

  /// Answers the request that is due with a difference that holds nothing.
  private func answerAccount(_ engine: inout UpdatesEngine, now: Moment) {
    _ = engine.apply(.updatesDifferenceEmpty(API.UpdatesDifferenceEmpty(date: 1, seq: 0)), now: now)
  }

  // MARK: Refused for good

  @Test func refusedChannelHoldsNothingBackAndIsAGap() {
    var engine = engine()
    #expect(engine.nextRequest(now: at(0)) == .account(pts: 10, qts: 0, date: 1))
    let request = DifferenceRequest.channel(id: 5, pts: 50)
    #expect(engine.nextRequest(now: at(0)) == request)
    answerAccount(&engine, now: at(1))
    // Held behind a hole that now never closes.
    #expect(engine.receive(newInChannel(9, pts: 55), now: at(1)).updates.isEmpty)
    let batch = engine.refused(request, reason: "MSG_ID_INVALID", now: at(1))
    #expect(batch.updates.count == 1 && engine.isCurrent)
    #expect(batch.gaps == [UpdateGap(channelID: 5, fromPts: 50, toPts: nil, reason: .refused)])
    #expect(batch.setAside.map(\.channelID) == [5] && batch.stateChange.channels == [5: 55])
    // What is pushed is applied as it comes, whatever lies between.
    #expect(engine.receive(newInChannel(10, pts: 70), now: at(2)).updates.count == 1)
    #expect(engine.receive(newInChannel(10, pts: 70), now: at(2)).updates.isEmpty)
    #expect(engine.isCurrent && engine.state.channels == [5: 70])
  }

  @Test func refusedChannelIsAskedForAgainAfterADayOrAWhileAfterAPush() {
    var engine = engine(behind: false)
    engine.wantDifference(channel: 5, now: at(0))
    while engine.nextRequest(now: at(0)) != nil {}
    answerAccount(&engine, now: at(0))
    let request = DifferenceRequest.channel(id: 5, pts: 50)
    _ = engine.refused(request, reason: "x", now: at(0))
    // The account's silence asks by itself in between; only the channel counts here.
    func isAsked(_ time: Int64) -> Bool {
      var asked = false
      while let request = engine.nextRequest(now: at(time)) {
        if case .channel = request { asked = true } else { answerAccount(&engine, now: at(time)) }
      }
      return asked
    }
    #expect(!isAsked(86_399) && isAsked(86_400))
    _ = engine.refused(request, reason: "x", now: at(86_400))
    _ = engine.receive(newInChannel(10, pts: 70), now: at(86_500))
    #expect(!isAsked(86_619) && isAsked(86_620))
    let answer = API.AnyUpdatesChannelDifference.updatesChannelDifferenceEmpty(.init(final: true, pts: 70))
    let batch = engine.apply(answer, channel: 5, now: at(86_621))
    #expect(batch.answered == [5] && engine.isCurrent)
  }

  @Test func pushesDoNotMakeARequestEachOfARefusedChannel() {
    var engine = engine(behind: false)
    engine.wantDifference(channel: 5, now: at(0))
    var requests = 0
    for second in Int64(0)..<10_000 {
      while let request = engine.nextRequest(now: at(second)) {
        switch request {
        case .account: answerAccount(&engine, now: at(second))
        case .channel:
          requests += 1
          _ = engine.refused(request, reason: "x", now: at(second))
        }
      }
      _ = engine.receive(newInChannel(Int32(second) + 1, pts: 100 + Int32(second) * 2), now: at(second))
    }
    #expect(requests <= 10)
  }

  // MARK: What cannot be read

  /// A server of `events` events behind pts 10, one a pts, of which some cannot be read.
  private struct Server {
    var events: Int32
    var unreadable: Set<Int32>
    var obeysLimits = true

    /// Nil for an answer that cannot be read.
    func answer(pts: Int32, limit: Int32?) -> API.AnyUpdatesDifference? {
      let last = 10 + events
      let size = obeysLimits ? limit ?? 100 : 100
      let end = min(pts + size, last)
      guard end > pts else { return .updatesDifferenceEmpty(API.UpdatesDifferenceEmpty(date: 1, seq: 0)) }
      guard unreadable.isDisjoint(with: pts + 1...end) else { return nil }
      let messages = (pts + 1...end).map { message($0) }
      let state = API.UpdatesState(pts: end, qts: 0, date: 1, seq: 0, unreadCount: 0)
      return end == last
        ? .updatesDifference(
          .init(newMessages: messages, newEncryptedMessages: [], otherUpdates: [], chats: [], users: [], state: state))
        : .updatesDifferenceSlice(
          .init(
            newMessages: messages, newEncryptedMessages: [], otherUpdates: [], chats: [], users: [],
            intermediateState: state))
    }
  }

  private func catchUp(_ server: Server) -> (told: Set<Int32>, setAside: [Int32], requests: Int) {
    var engine = UpdatesEngine(state: UpdatesState(pts: 10, qts: 0, date: 1, seq: 0), behind: true, now: at(0))
    var (told, setAside, requests): (Set<Int32>, [Int32], Int) = ([], [], 0)
    var second: Int64 = 0
    while !engine.isCurrent, second < 5_000 {
      guard let request = engine.nextRequest(now: at(second)) else {
        second += 1
        continue
      }
      requests += 1
      guard case .account(let pts, _, _, let limit) = request else { break }
      let batch =
        if let answer = server.answer(pts: pts, limit: limit) {
          engine.apply(answer, now: at(second))
        } else {
          engine.unreadable(request, answer: ByteBuffer(bytes: [1, 2, 3, 4]), reason: "x", now: at(second))
        }
      for case .updateNewMessage(let new) in batch.updates {
        if case .message(let message) = new.message { told.insert(message.id) }
      }
      setAside += batch.setAside.map(\.pts)
    }
    return (told, setAside, requests)
  }

  @Test(arguments: [1, 2, 57, 250, 300])
  func oneEventThatCannotBeReadIsSteppedOverAndNothingElse(place: Int32) {
    let result = catchUp(Server(events: 300, unreadable: [10 + place]))
    #expect(result.told == Set(11...310).subtracting([10 + place]))
    #expect(result.setAside == [10 + place - 1])
    #expect(result.requests < 40)
  }

  @Test func everyUnreadableEventIsSteppedOver() {
    let bad: Set<Int32> = [11, 12, 60, 199, 310]
    let result = catchUp(Server(events: 300, unreadable: bad))
    #expect(result.told == Set(11...310).subtracting(bad))
    #expect(result.setAside.map { $0 + 1 } == bad.sorted())
  }

  @Test func serverThatOnlySendsWhatCannotBeReadIsSetAsideWithABound() {
    let result = catchUp(Server(events: 100_000, unreadable: Set(11...100_010)))
    #expect(result.told.isEmpty)
    #expect(result.setAside.count == DifferencePace.maximumUnreadable + 1)
    #expect(result.requests < 1_000)
  }

  @Test func serverThatIgnoresTheSizeLosesNothingBehindTheUnreadable() {
    let result = catchUp(Server(events: 300, unreadable: [40], obeysLimits: false))
    #expect(result.told == Set(41...310))
    #expect(result.setAside == Array(10...39))
  }

  @Test func headerOfAnUnreadableMessageIsRead() {
    let message = API.Message(
      id: 77, fromId: .peerUser(.init(userId: 3)), peerId: .peerUser(.init(userId: 4)), date: 1, message: "m",
      media: .messageMediaUnsupported(.init()))
    var bytes = API.AnyUpdatesDifference.updatesDifference(
      .init(
        newMessages: [
          .message(API.Message(id: 76, peerId: .peerUser(.init(userId: 9)), date: 1, message: "ok")),
          .message(message),
        ], newEncryptedMessages: [], otherUpdates: [], chats: [], users: [],
        state: .init(pts: 1, qts: 0, date: 1, seq: 1, unreadCount: 0))
    ).encoded()
    #expect(UnreadableMessage(in: bytes) == nil)
    // The medium becomes one of a layer that nobody knows.
    var place: Int?
    for index in stride(from: 0, to: bytes.readableBytes - 3, by: 4)
    where bytes.getInteger(at: index, endianness: .little, as: UInt32.self) == API.MessageMediaUnsupported.constructor {
      place = index
    }
    guard let place else {
      Issue.record("no medium")
      return
    }
    bytes.setInteger(UInt32(0xdead_beef), at: place, endianness: .little)
    let header = UnreadableMessage(in: bytes)
    #expect(header?.peer == .user(4) && header?.id == 77)
    for length in 0..<bytes.readableBytes { _ = UnreadableMessage(in: bytes.getSlice(at: 0, length: length) ?? bytes) }
  }

  // MARK: A server that goes round in circles

  /// Requests of an hour against a server that always gives the same answer.
  private func requests(_ answer: (DifferenceRequest, inout UpdatesEngine, Moment) -> UpdateBatch) -> Int {
    var engine = engine()
    _ = engine.receive(new(99, pts: 1_000), now: at(0))
    _ = engine.receive(newInChannel(99, pts: 1_000), now: at(0))
    var requests = 0
    for second in Int64(0)..<3_600 {
      engine.tick(now: at(second))
      while requests < 20_000, let request = engine.nextRequest(now: at(second)) {
        requests += 1
        _ = answer(request, &engine, at(second))
      }
    }
    return requests
  }

  private static func state(_ pts: Int32) -> API.UpdatesState {
    API.UpdatesState(pts: pts, qts: 0, date: 1, seq: 0, unreadCount: 0)
  }

  @Test(arguments: 0..<12)
  func noAnswerMakesRequestsWithoutAPauseAndABound(kind: Int) {
    let count = requests { request, engine, now in
      switch request {
      case .account(let pts, _, _, _):
        let next: Int32 = kind % 2 == 0 ? pts : pts + 1
        let answer: API.AnyUpdatesDifference =
          switch kind / 2 {
          case 0: .updatesDifferenceEmpty(.init(date: 1, seq: 0))
          case 1:
            .updatesDifferenceSlice(
              .init(
                newMessages: [], newEncryptedMessages: [], otherUpdates: [], chats: [], users: [],
                intermediateState: Self.state(next)))
          case 2: .updatesDifferenceTooLong(.init(pts: next))
          case 3:
            .updatesDifference(
              .init(
                newMessages: [message(1)], newEncryptedMessages: [], otherUpdates: [], chats: [], users: [],
                state: Self.state(next)))
          default: .updatesDifferenceEmpty(.init(date: 1, seq: 0))
          }
        if kind / 2 == 4 { return engine.unreadable(request, answer: ByteBuffer(), reason: "x", now: now) }
        if kind / 2 == 5 { return engine.restart(from: Self.state(next), now: now) }
        return engine.apply(answer, now: now)
      case .channel(let id, let pts, _):
        let next: Int32 = kind % 2 == 0 ? pts : pts + 1
        let dialog = API.AnyDialog.dialog(
          API.Dialog(
            peer: .peerChannel(API.PeerChannel(channelId: id)), topMessage: 1, readInboxMaxId: 0, readOutboxMaxId: 0,
            unreadCount: 0, unreadMentionsCount: 0, unreadReactionsCount: 0, unreadPollVotesCount: 0,
            notifySettings: API.PeerNotifySettings(), pts: next))
        let answer: API.AnyUpdatesChannelDifference =
          switch kind / 2 {
          case 0: .updatesChannelDifferenceEmpty(.init(final: false, pts: next))
          case 1:
            .updatesChannelDifference(
              .init(final: false, pts: next, newMessages: [], otherUpdates: [], chats: [], users: []))
          case 2:
            .updatesChannelDifferenceTooLong(
              .init(final: false, dialog: dialog, messages: [], chats: [], users: []))
          default: .updatesChannelDifferenceEmpty(.init(final: true, pts: next, timeout: .max))
          }
        if kind / 2 == 4 { return engine.unreadable(request, answer: ByteBuffer(), reason: "x", now: now) }
        if kind / 2 == 5 { return engine.refused(request, reason: "x", now: now) }
        return engine.apply(answer, channel: id, now: now)
      }
    }
    // A thousand pieces that move each, and then one a second, is the most.
    #expect(count < 12_000, "kind \(kind)")
    if kind % 2 == 0, kind / 2 != 4 { #expect(count < 100, "kind \(kind)") }
  }
}
