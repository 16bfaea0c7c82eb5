import MTProto
import MTProtoCrypto
import NIOCore
import TL
import TestSupport
import Testing

/// A server of one session as simple as can be, scripted by the tests.
private struct ScriptedServer {
  let key: AuthKey
  var sessionID: Int64 = 77
  var salt: Int64 = 1
  var lastID: Int64 = 0
  var contentCount: Int32 = 0
  var random = SeededGenerator(seed: 99)

  /// Everything in a packet, containers opened: identifier, seqno and body.
  func open(_ packet: ByteBuffer) throws -> [(id: Int64, seqno: Int32, body: ByteBuffer)] {
    let message = try MessageCipher.open(packet, authKey: key, sender: .client)
    var reader = TLReader(message.body)
    guard try reader.peekConstructor() == 0x73f1_f8dc else { return [(message.id, message.seqno, message.body)] }
    _ = try reader.readConstructor()
    return try (0..<reader.readCount()).map { _ in
      let id = try reader.readLong()
      let seqno = try reader.readInt()
      return (id, seqno, try reader.readRaw(length: Int(try reader.readInt())))
    }
  }

  mutating func seal(_ body: ByteBuffer, now: Moment, id: Int64? = nil, isContentRelated: Bool = true) throws
    -> ByteBuffer
  {
    lastID = max(lastID + 4, now.unixTime.components.seconds << 32 | 1)
    let seqno = contentCount * 2 + (isContentRelated ? 1 : 0)
    if isContentRelated { contentCount += 1 }
    let message = SessionMessage(salt: salt, sessionID: sessionID, id: id ?? lastID, seqno: seqno, body: body)
    return try MessageCipher.seal(message, authKey: key, sender: .server, using: &random)
  }

  mutating func result(_ requestID: Int64, _ value: some TLEncodable, now: Moment) throws -> ByteBuffer {
    var writer = TLWriter()
    writer.writeConstructor(0xf35c_6d01)
    writer.writeLong(requestID)
    value.write(to: &writer)
    return try seal(writer.buffer, now: now)
  }
}

private func at(_ seconds: Double) -> Moment {
  Moment(uptime: .seconds(seconds), unixTime: .seconds(1_800_000_000 + seconds))
}

/// A call that is easy to tell from service messages.
private func call(_ number: Int64) -> ByteBuffer { API.HelpGetConfig().encoded().paddedWith(number) }

extension ByteBuffer {
  fileprivate func paddedWith(_ number: Int64) -> ByteBuffer {
    var copy = self
    copy.writeInteger(number, endianness: .little)
    return copy
  }
}

@Suite struct ClientSessionTests {
  private struct Pair {
    var client: ClientSession
    var server: ScriptedServer
    var random = SeededGenerator(seed: 5)

    init() throws {
      let key = try #require(knownKey)
      client = ClientSession(authKey: key, salt: 1, sessionID: 77, timeOffset: .zero)
      server = ScriptedServer(key: key)
      client.connected(now: at(0))
    }

    /// What the client sends now.
    mutating func sent(_ now: Moment) throws -> [(id: Int64, seqno: Int32, body: ByteBuffer)] {
      try client.outgoing(now: now, using: &random).flatMap { try server.open($0) }
    }

    /// Lets the server say something.
    @discardableResult
    mutating func tell(_ message: some TLEncodable, _ now: Moment) throws -> [ClientSession.Event] {
      try client.received(server.seal(message.encoded(), now: now, isContentRelated: false), now: now)
    }

    /// The calls among them.
    mutating func calls(_ now: Moment) throws -> [(id: Int64, seqno: Int32, body: ByteBuffer)] {
      try sent(now).filter {
        $0.body.getInteger(at: 0, endianness: .little, as: UInt32.self) == API.HelpGetConfig.constructor
      }
    }
  }

  private static func question(
    in messages: [(id: Int64, seqno: Int32, body: ByteBuffer)]
  ) -> (id: Int64, asked: [Int64])? {
    messages.lazy.compactMap { message in
      (try? MT.MsgsStateReq(decoding: message.body)).map { (message.id, $0.msgIds) }
    }.first
  }

  private static func constructors(_ messages: [(id: Int64, seqno: Int32, body: ByteBuffer)]) -> [UInt32] {
    messages.compactMap { $0.body.getInteger(at: 0, endianness: .little, as: UInt32.self) }
  }

  @Test func callIsAnswered() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let sent = try #require(try pair.calls(at(0)).first)
    #expect(sent.id % 4 == 0)
    #expect(sent.id >> 32 == 1_800_000_000)
    #expect(sent.seqno == 1)
    let events = try pair.client.received(pair.server.result(sent.id, true, now: at(1)), now: at(1))
    #expect(events == [.result(1, true.encoded())])
  }

  @Test func identifiersGrowAndContentIsCounted() throws {
    var pair = try Pair()
    for number in 1...5 { pair.client.invoke(Int64(number), body: call(Int64(number)), now: at(0)) }
    let sent = try pair.calls(at(0))
    #expect(sent.map(\.id) == sent.map(\.id).sorted())
    #expect(Set(sent.map(\.id)).count == 5)
    #expect(sent.map(\.seqno) == [1, 3, 5, 7, 9])
  }

  @Test func errorsComeWithNameAndNumber() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let id = try #require(try pair.calls(at(0)).first?.id)
    let error = MT.RpcError(errorCode: 420, errorMessage: "FLOOD_WAIT_42")
    let events = try pair.client.received(pair.server.result(id, error, now: at(1)), now: at(1))
    #expect(events == [.failure(1, RPCError(code: 420, message: "FLOOD_WAIT_42"))])
  }

  @Test func wrongSaltIsReplacedAndTheCallSentAnew() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let first = try #require(try pair.calls(at(0)).first)
    let bad = MT.BadServerSalt(badMsgId: first.id, badMsgSeqno: 1, errorCode: 48, newServerSalt: 555)
    let events = try pair.client.received(
      pair.server.seal(bad.encoded(), now: at(1), isContentRelated: false), now: at(1))
    #expect(events == [.salt(555)])
    let packets = pair.client.outgoing(now: at(1), using: &pair.random)
    let message = try MessageCipher.open(try #require(packets.first), authKey: pair.server.key, sender: .client)
    #expect(message.salt == 555)
    let again = try packets.flatMap { try pair.server.open($0) }
    #expect(again.contains { $0.id > first.id && $0.body == call(1) })
  }

  @Test func rejectedContainerIsSentAnew() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    pair.client.invoke(2, body: call(2), now: at(0))
    let packet = try #require(pair.client.outgoing(now: at(0), using: &pair.random).first)
    let container = try MessageCipher.open(packet, authKey: pair.server.key, sender: .client)
    let bad = MT.BadMsgNotification(badMsgId: container.id, badMsgSeqno: container.seqno, errorCode: 64)
    _ = try pair.client.received(pair.server.seal(bad.encoded(), now: at(1), isContentRelated: false), now: at(1))
    #expect(try pair.calls(at(1)).count == 2)
  }

  @Test(arguments: [Int32(16), 17])
  func wrongClockIsPutRight(code: Int32) throws {
    let key = try #require(knownKey)
    var pair = try Pair()
    // Ours is an hour off.
    let drift: Double = code == 16 ? 3_600 : -3_600
    pair.client = ClientSession(authKey: key, salt: 1, sessionID: 77, timeOffset: .seconds(-drift))
    pair.client.connected(now: at(0))
    pair.client.invoke(1, body: call(1), now: at(0))
    let first = try #require(try pair.calls(at(0)).first)
    let bad = MT.BadMsgNotification(badMsgId: first.id, badMsgSeqno: first.seqno, errorCode: code)
    let events = try pair.client.received(
      pair.server.seal(bad.encoded(), now: at(1), isContentRelated: false), now: at(1))
    #expect(events.contains { if case .timeOffset = $0 { true } else { false } })
    let again = try #require(try pair.calls(at(1)).first)
    #expect(abs((again.id >> 32) - 1_800_000_001) <= 1)
  }

  /// Two minutes are tolerated, so that no offset is corrected; the server's time is known all the same.
  @Test(arguments: [Duration.zero, .seconds(120), .seconds(-20)])
  func serversTimeIsThatOfItsNewestMessage(behind: Duration) throws {
    var pair = try Pair()
    #expect(pair.client.serverClock == nil)
    func server(_ now: Moment) -> Moment { Moment(uptime: now.uptime, unixTime: now.unixTime - behind) }
    let pong = MT.Pong(msgId: 1, pingId: 1)
    let bytes = try pair.server.seal(pong.encoded(), now: server(at(5)), isContentRelated: false)
    _ = try pair.client.received(bytes, now: at(5))
    let expected = at(5).unixTime - behind - at(5).uptime
    let first = try #require(pair.client.serverClock)
    #expect(abs((first - expected) / .seconds(1)) < 0.01)
    // One that was long on its way tells nothing new.
    let late = try pair.server.seal(pong.encoded(), now: server(at(6)), isContentRelated: false)
    _ = try pair.client.received(late, now: at(9))
    let second = try #require(pair.client.serverClock)
    #expect(abs((second - expected) / .seconds(1)) < 0.01)
  }

  @Test func pushesFromAnotherTimeMakeTheClockBeChecked() throws {
    var pair = try Pair()
    func ping(_ now: Moment) throws -> (id: Int64, seqno: Int32, pingID: Int64)? {
      let sent = try pair.sent(now).first {
        $0.body.getInteger(at: 0, endianness: .little) == MT.PingDelayDisconnect.constructor
      }
      return try sent.map { ($0.id, $0.seqno, try #require($0.body.getInteger(at: 4, endianness: .little))) }
    }
    let first = try #require(try ping(at(0)))
    try pair.tell(MT.Pong(msgId: first.id, pingId: first.pingID), at(0))
    #expect(try ping(at(1)) == nil)
    // The server's clock is set an hour ahead: what it says by itself may be anybody's recording.
    #expect(try pair.client.received(pair.server.seal(call(7), now: at(3_601)), now: at(1)).isEmpty)
    let question = try #require(try ping(at(1)))
    let bad = MT.BadMsgNotification(badMsgId: question.id, badMsgSeqno: question.seqno, errorCode: 16)
    let events = try pair.client.received(
      pair.server.seal(bad.encoded(), now: at(3_602), isContentRelated: false), now: at(2))
    #expect(events.contains(.messagesDropped))
    #expect(try pair.client.received(pair.server.seal(call(8), now: at(3_603)), now: at(3)) == [.updates(call(8))])
  }

  @Test func serverWhoseClockWentBackIsAskedForItsTimeInANewSession() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let first = try #require(try pair.calls(at(0)).first)
    // Its identifiers go on from the time before.
    let early = MT.BadMsgNotification(badMsgId: first.id, badMsgSeqno: first.seqno, errorCode: 17)
    try pair.tell(early, at(1))
    let second = try #require(pair.client.outgoing(now: at(1), using: &pair.random).first)
    let message = try MessageCipher.open(second, authKey: pair.server.key, sender: .client)
    #expect(message.sessionID != 77)
    pair.server.sessionID = message.sessionID
    pair.server.lastID = 0
    let container = MT.BadMsgNotification(badMsgId: message.id, badMsgSeqno: message.seqno, errorCode: 17)
    _ = try pair.client.received(
      pair.server.seal(container.encoded(), now: at(-3_600), isContentRelated: false), now: at(2))
    let third = try #require(try pair.calls(at(3)).first)
    #expect(abs((third.id >> 32) - (1_800_000_000 - 3_600)) <= 2)
  }

  @Test func serverThatTakesNothingIsGivenUp() throws {
    var pair = try Pair()
    for round in 1...200 {
      guard let sent = try pair.sent(at(1)).first else { continue }
      let bad = MT.BadServerSalt(
        badMsgId: sent.id, badMsgSeqno: sent.seqno, errorCode: 48, newServerSalt: Int64(round))
      if try pair.tell(bad, at(1)).contains(.stalled) { return }
    }
    Issue.record("the server was asked again and again")
  }

  @Test func messageTooOldToTellEndsTheCall() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let first = try #require(try pair.calls(at(0)).first)
    let bad = MT.BadMsgNotification(badMsgId: first.id, badMsgSeqno: first.seqno, errorCode: 20)
    let events = try pair.client.received(
      pair.server.seal(bad.encoded(), now: at(1), isContentRelated: false), now: at(1))
    #expect(events == [.failure(1, .outcomeUnknown)])
  }

  /// A lost connection says nothing of what the server has, nor whether it still remembers it.
  @Test(arguments: [(10.0, UInt8(2), true), (10, 3, true), (400, 2, false)])
  func reconnectionAsksBeforeItRepeats(back: Double, state: UInt8, keepsIdentifier: Bool) throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let first = try #require(try pair.calls(at(0)).first)
    pair.client.disconnected(now: at(5))
    #expect(pair.client.outgoing(now: at(5), using: &pair.random).isEmpty)
    pair.client.connected(now: at(back))
    let sent = try pair.sent(at(back))
    let question = try #require(Self.question(in: sent))
    #expect(question.asked == [first.id])
    #expect(!sent.contains { $0.body == call(1) })
    // Never received: now it may go out; under a new identifier when the old one is out of the server's window.
    try pair.tell(MT.MsgsStateInfo(reqMsgId: question.id, info: ByteBuffer(bytes: [state])), at(back + 1))
    let again = try #require(try pair.calls(at(back + 1)).first)
    #expect(keepsIdentifier ? again.id == first.id && again.seqno == first.seqno : again.id > first.id)
  }

  @Test func whatTheServerHasIsNotSentAgain() throws {
    var pair = try Pair()
    for number in 1...3 { pair.client.invoke(Int64(number), body: call(Int64(number)), now: at(0)) }
    let ids = try pair.calls(at(0)).map(\.id)
    pair.client.disconnected(now: at(5))
    pair.client.connected(now: at(6))
    let question = try #require(Self.question(in: try pair.sent(at(6))))
    // Forgotten, running, answered.
    let events = try pair.tell(
      MT.MsgsStateInfo(reqMsgId: question.id, info: ByteBuffer(bytes: [1, 4 + 32, 4 + 64])), at(7))
    #expect(events == [.failure(1, .outcomeUnknown)])
    let sent = try pair.sent(at(7))
    #expect(!sent.contains { $0.seqno % 2 == 1 })
    #expect(sent.contains { $0.body == MT.MsgResendAnsReq(msgIds: [ids[2]]).encoded() })
  }

  /// A call that was sent on an earlier connection may have run before the key was lost.
  @Test func aRefusedKeyMeansThatTheCallsOfThisConnectionWereNotHad() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    #expect(!pair.client.mayHaveRun(1))
    _ = try pair.calls(at(0))
    pair.client.disconnected(now: at(5))
    pair.client.connected(now: at(6))
    pair.client.invoke(2, body: call(2), now: at(6))
    _ = try pair.calls(at(6))
    #expect(pair.client.mayHaveRun(1) && pair.client.mayHaveRun(2))
    pair.client.keyRefused()
    #expect(pair.client.mayHaveRun(1) && !pair.client.mayHaveRun(2))
    pair.client.disconnected(now: at(7))
    pair.client.connected(now: at(8))
    #expect(try pair.calls(at(8)).map(\.body) == [call(2)])
    // Once something was heard the connection's calls may have been had.
    try pair.tell(MT.Pong(msgId: 1, pingId: 1), at(9))
    pair.client.keyRefused()
    #expect(pair.client.mayHaveRun(2))
  }

  @Test func aQuestionTheServerRejectedIsAskedAgain() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let id = try #require(try pair.calls(at(0)).first?.id)
    pair.client.disconnected(now: at(5))
    pair.client.connected(now: at(6))
    let packet = try #require(pair.client.outgoing(now: at(6), using: &pair.random).first)
    let container = try MessageCipher.open(packet, authKey: pair.server.key, sender: .client)
    try pair.tell(MT.BadServerSalt(badMsgId: container.id, badMsgSeqno: 0, errorCode: 48, newServerSalt: 9), at(7))
    #expect(Self.question(in: try pair.sent(at(7)))?.asked == [id])
  }

  /// When both come together, the answer is from before the call was sent again.
  @Test func aCallSentAgainOnRequestIsNotSentOnceMore() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let id = try #require(try pair.calls(at(0)).first?.id)
    pair.client.disconnected(now: at(5))
    pair.client.connected(now: at(6))
    let question = try #require(Self.question(in: try pair.sent(at(6))))
    try pair.tell(MT.MsgResendReq(msgIds: [id]), at(7))
    #expect(try pair.calls(at(7)).map(\.id) == [id])
    try pair.tell(MT.MsgsStateInfo(reqMsgId: question.id, info: ByteBuffer(bytes: [2])), at(8))
    #expect(try pair.calls(at(8)).isEmpty)
  }

  /// It may have been taken, and run, the first time.
  @Test func aRejectionOfWhatWasSentAgainIsNoReasonToRunItTwice() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let id = try #require(try pair.calls(at(0)).first?.id)
    try pair.tell(MT.MsgResendReq(msgIds: [id]), at(7))
    #expect(try pair.calls(at(7)).map(\.id) == [id])
    try pair.tell(MT.BadServerSalt(badMsgId: id, badMsgSeqno: 1, errorCode: 48, newServerSalt: 9), at(8))
    let sent = try pair.sent(at(8))
    #expect(!sent.contains { $0.body == call(1) })
    let question = try #require(Self.question(in: sent))
    #expect(question.asked == [id])
    try pair.tell(MT.MsgsStateInfo(reqMsgId: question.id, info: ByteBuffer(bytes: [2])), at(9))
    #expect(try pair.calls(at(9)).contains { $0.body == call(1) })
  }

  @Test func forgottenSessionEndsWhatItMayHaveRun() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    _ = try pair.calls(at(0))
    pair.client.invoke(2, body: call(2), now: at(1))
    let second = try #require(try pair.calls(at(1)).first?.id)
    let created = MT.NewSessionCreated(firstMsgId: second, uniqueId: 9, serverSalt: 3)
    let events = try pair.tell(created, at(2))
    #expect(events.contains(.failure(1, .outcomeUnknown)))
    #expect(events.contains(.sessionCreated(uniqueID: 9)))
    #expect(try pair.calls(at(2)).isEmpty)
    // Told twice, done once.
    #expect(try pair.tell(created, at(3)).isEmpty)
  }

  /// `first_msg_id` is the container, whose identifier is larger than those of the calls in it.
  @Test func callsOfTheFirstPacketAreNotSentTwice() throws {
    var pair = try Pair()
    for number in 1...2 { pair.client.invoke(Int64(number), body: call(Int64(number)), now: at(0)) }
    let packet = try #require(pair.client.outgoing(now: at(0), using: &pair.random).first)
    let container = try MessageCipher.open(packet, authKey: pair.server.key, sender: .client)
    let events = try pair.tell(MT.NewSessionCreated(firstMsgId: container.id, uniqueId: 9, serverSalt: 3), at(1))
    #expect(events == [.salt(3), .sessionCreated(uniqueID: 9)])
    #expect(try pair.calls(at(1)).isEmpty)
  }

  @Test func identifiersOfTheRightClockAreNotMadeTwice() throws {
    var pair = try Pair()
    // Ours is an hour ahead.
    pair.client = ClientSession(authKey: pair.server.key, salt: 1, sessionID: 77, timeOffset: .seconds(3_600))
    pair.client.connected(now: at(0))
    var ids: [Int64] = []
    for number in 1...3 {
      pair.client.invoke(Int64(number), body: call(Int64(number)), now: at(0))
      ids += try pair.calls(at(0)).map(\.id)
    }
    // Each of the three packets is refused, and what it held goes out at once.
    var again: [Int64] = []
    for id in ids {
      try pair.tell(MT.BadMsgNotification(badMsgId: id, badMsgSeqno: 1, errorCode: 17), at(1))
      again += try pair.calls(at(1)).map(\.id)
    }
    #expect(again.count == 3 && Set(again).count == 3)
  }

  /// Nothing of a server whose clock fell behind what we have from it could be told from old messages.
  @Test func aServerWhoseClockFellFarBackIsHeard() throws {
    var pair = try Pair()
    _ = try pair.sent(at(0))
    let update = API.AnyUpdates.updatesTooLong(API.UpdatesTooLong()).encoded()
    for _ in 0..<2_100 { _ = try pair.client.received(pair.server.seal(update, now: at(1)), now: at(1)) }
    pair.client.disconnected(now: at(2))
    pair.client.connected(now: at(2))
    let ping = try #require(try pair.sent(at(2)).first)
    let hourAgo = Moment(uptime: at(2).uptime, unixTime: at(-3_600).unixTime)
    pair.server.lastID = 0
    _ = try pair.client.received(
      pair.server.seal(
        MT.BadMsgNotification(badMsgId: ping.id, badMsgSeqno: 0, errorCode: 17).encoded(), now: hourAgo,
        isContentRelated: false), now: at(2))
    let packet = try #require(pair.client.outgoing(now: at(3), using: &pair.random).first)
    pair.server.sessionID = try MessageCipher.open(packet, authKey: pair.server.key, sender: .client).sessionID
    #expect(pair.server.sessionID != 77)
    #expect(
      try pair.client.received(pair.server.seal(update, now: hourAgo), now: at(3)).contains(.updates(update)))
  }

  @Test func rejectedAcknowledgmentsAreSentAgain() throws {
    var pair = try Pair()
    _ = try pair.sent(at(0))
    let update = API.AnyUpdates.updatesTooLong(API.UpdatesTooLong()).encoded()
    _ = try pair.client.received(pair.server.seal(update, now: at(1)), now: at(1))
    let taken = pair.server.lastID
    let ack = try #require(try pair.sent(at(6)).first)
    try pair.tell(MT.BadServerSalt(badMsgId: ack.id, badMsgSeqno: 0, errorCode: 48, newServerSalt: 9), at(7))
    let again = try pair.sent(at(12)).first { (try? MT.MsgsAck(decoding: $0.body).msgIds.contains(taken)) == true }
    #expect(again != nil)
  }

  @Test func silentConnectionIsFoundInLessThanAMinute() throws {
    var pair = try Pair()
    #expect(Self.constructors(try pair.sent(at(0))).contains(MT.PingDelayDisconnect.constructor))
    var now = 0.0
    var events: [ClientSession.Event] = []
    while events.isEmpty, now < 100 {
      let deadline = try #require(pair.client.nextDeadline())
      now = deadline / .seconds(1)
      events = pair.client.tick(now: at(now))
      _ = pair.client.outgoing(now: at(now), using: &pair.random)
    }
    #expect(events == [.stalled])
    #expect(now < 60)
  }

  @Test func contentIsAcknowledged() throws {
    var pair = try Pair()
    _ = try pair.sent(at(0))
    let update = API.AnyUpdates.updatesTooLong(API.UpdatesTooLong()).encoded()
    let events = try pair.client.received(pair.server.seal(update, now: at(1)), now: at(1))
    #expect(events == [.updates(update)])
    #expect(try pair.sent(at(2)).isEmpty)
    let deadline = try #require(pair.client.nextDeadline())
    #expect(deadline <= .seconds(6))
    let ack = try #require(try pair.sent(at(6)).first)
    #expect(try MT.MsgsAck(decoding: ack.body).msgIds == [pair.server.lastID])
    #expect(ack.seqno % 2 == 0)
  }

  @Test func repeatedMessageIsTakenOnce() throws {
    var pair = try Pair()
    let update = API.AnyUpdates.updatesTooLong(API.UpdatesTooLong()).encoded()
    let packet = try pair.server.seal(update, now: at(1))
    #expect(try pair.client.received(packet, now: at(1)).count == 1)
    #expect(try pair.client.received(packet, now: at(1)).isEmpty)
  }

  @Test func packedAnswersAreUnpacked() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let id = try #require(try pair.calls(at(0)).first?.id)
    // gzip of 400 zero bytes, by Python's gzip.compress(bytes(400), mtime=0).
    let packed = bytes("1f8b080000000000020363601805830900000c0d224690010000")
    let events = try pair.client.received(
      pair.server.result(id, MT.GzipPacked(packedData: packed), now: at(1)), now: at(1))
    #expect(events == [.result(1, ByteBuffer(repeating: 0, count: 400))])
  }

  @Test func longCallsArePacked() throws {
    var pair = try Pair()
    var body = call(1)
    body.writeRepeatingByte(0, count: 4_000)
    pair.client.invoke(1, body: body, now: at(0))
    let sent = try pair.sent(at(0)).first {
      $0.body.getInteger(at: 0, endianness: .little, as: UInt32.self) == MT.GzipPacked.constructor
    }
    #expect(try #require(sent).body.readableBytes < 200)
  }

  @Test func foreignSessionEvenIdentifierAndWrongTimeAreDropped() throws {
    var pair = try Pair()
    let update = API.AnyUpdates.updatesTooLong(API.UpdatesTooLong()).encoded()
    var foreign = pair.server
    foreign.sessionID = 78
    #expect(try pair.client.received(foreign.seal(update, now: at(1)), now: at(1)).isEmpty)
    let even = (Int64(1_800_000_001) << 32) | 2
    #expect(try pair.client.received(pair.server.seal(update, now: at(1), id: even), now: at(1)).isEmpty)
    let old = (Int64(1_800_000_001 - 301) << 32) | 1
    #expect(try pair.client.received(pair.server.seal(update, now: at(1), id: old), now: at(1)).isEmpty)
    let early = (Int64(1_800_000_001 + 31) << 32) | 1
    #expect(try pair.client.received(pair.server.seal(update, now: at(1), id: early), now: at(1)).isEmpty)
  }

  @Test func unreadableInnerMessageLosesOnlyItself() throws {
    var pair = try Pair()
    let update = API.AnyUpdates.updatesTooLong(API.UpdatesTooLong()).encoded()
    var broken = TLWriter()
    broken.writeConstructor(MT.MsgsAck.constructor)
    broken.writeConstructor(0x1cb5_c415)
    broken.writeInt(1_000_000)
    var container = TLWriter()
    container.writeConstructor(0x73f1_f8dc)
    container.writeCount(3)
    for (offset, body) in [broken.buffer, update, ByteBuffer(integer: UInt32(0xdead_beef))].enumerated() {
      container.writeLong((Int64(1_800_000_001) << 32) | Int64(offset * 4 + 1))
      container.writeInt(0)
      container.writeInt(Int32(body.readableBytes))
      container.writeRaw(body)
    }
    let events = try pair.client.received(
      pair.server.seal(container.buffer, now: at(2), isContentRelated: false), now: at(2))
    #expect(events.contains(.updates(update)))
    #expect(events.contains(.undecodable(broken.buffer)))
    #expect(events.contains(.updates(ByteBuffer(integer: UInt32(0xdead_beef)))))
  }

  @Test func cancelledCallIsDroppedOnTheServer() throws {
    var pair = try Pair()
    pair.client.invoke(1, body: call(1), now: at(0))
    let id = try #require(try pair.calls(at(0)).first?.id)
    pair.client.cancel(1, now: at(1))
    let drop = try #require(
      try pair.sent(at(1)).first {
        $0.body.getInteger(at: 0, endianness: .little, as: UInt32.self) == MT.RpcDropAnswer.constructor
      })
    #expect(drop.body == MT.RpcDropAnswer(reqMsgId: id).encoded())
    #expect(try pair.client.received(pair.server.result(id, true, now: at(2)), now: at(2)).isEmpty)
  }

  /// Plaintexts of any kind, correctly encrypted: what a hostile server could send.
  @Test func sealedNoiseNeverTraps() throws {
    var random = SeededGenerator.run(6)
    let constructors: [UInt32] = [
      0x73f1_f8dc, 0xf35c_6d01, MT.MsgsAck.constructor, MT.GzipPacked.constructor, MT.BadMsgNotification.constructor,
      MT.BadServerSalt.constructor, MT.NewSessionCreated.constructor, MT.FutureSalts.constructor, MT.Pong.constructor,
      MT.MsgsStateReq.constructor, MT.MsgsStateInfo.constructor, MT.MsgsAllInfo.constructor,
      MT.MsgDetailedInfo.constructor, MT.MsgNewDetailedInfo.constructor, MT.MsgResendReq.constructor,
    ]
    for _ in 0..<60 {
      var pair = try Pair()
      for number in 1...3 { pair.client.invoke(Int64(number), body: call(Int64(number)), now: at(0)) }
      let ids = try pair.sent(at(0)).map(\.id)
      for step in 1...400 {
        let now = at(Double(step) / 10)
        var writer = TLWriter()
        writer.writeConstructor(constructors.randomElement(using: &random) ?? 0)
        for _ in 0..<Int.random(in: 0...8, using: &random) {
          switch Int.random(in: 0...4, using: &random) {
          case 0: writer.writeLong(ids.randomElement(using: &random) ?? 0)
          case 1: writer.writeInt(Int32.random(in: -2...70, using: &random))
          case 2: writer.writeConstructor(0x1cb5_c415)
          case 3: writer.writeBytes(ByteBuffer(bytes: random.bytes(Int.random(in: 0...20, using: &random))))
          default: writer.writeLong(Int64.random(in: .min ... .max, using: &random))
          }
        }
        let packet = try pair.server.seal(writer.buffer, now: now, isContentRelated: Bool.random(using: &random))
        _ = try pair.client.received(packet, now: now)
        _ = pair.client.tick(now: now)
        _ = pair.client.outgoing(now: now, using: &random)
      }
    }
  }
}
