import MTProto
import NIOCore
import TL
import Testing

@testable import TelegramSandbox

@Suite struct ServerSessionTests {
  /// A session and a client's hand to write messages with.
  struct Exchange {
    var session = ServerSession(id: 11, uniqueID: 12)
    var salts = SaltSchedule(first: 99, now: 1_700_000_000, period: 1800)
    var now = Moment(uptime: .seconds(50), unixTime: .seconds(1_700_000_000))
    private var lastID: Int64 = 0

    mutating func id() -> Int64 {
      lastID = max(lastID + 4, now.unixTime.components.seconds << 32)
      return lastID
    }

    mutating func send(
      _ body: ByteBuffer, id: Int64? = nil, seqno: Int32 = 1, salt: Int64 = 99
    ) -> [ServerSession.Event] {
      let id = id ?? self.id()
      return session.received(
        SessionMessage(salt: salt, sessionID: 11, id: id, seqno: seqno, body: body), salts: salts, now: now)
    }

    /// Bodies of everything sent, containers opened.
    mutating func taken() -> [(id: Int64, body: ByteBuffer)] {
      var bodies: [(Int64, ByteBuffer)] = []
      for message in session.takeOutgoing(salt: 99, now: now) {
        var reader = TLReader(message.body)
        guard (try? reader.peekConstructor()) == 0x73f1_f8dc else {
          bodies.append((message.id, message.body))
          continue
        }
        _ = try? reader.readConstructor()
        for _ in 0..<((try? reader.readCount()) ?? 0) {
          guard let id = try? reader.readLong(), (try? reader.readInt()) != nil, let length = try? reader.readInt(),
            let body = try? reader.readRaw(length: Int(length))
          else { break }
          bodies.append((id, body))
        }
      }
      return bodies
    }

    /// The first of everything sent that is a `T`.
    mutating func firstTaken<T: TLDecodable>(_ type: T.Type) -> T? {
      for message in taken() {
        if let value = try? T(decoding: message.body) { return value }
      }
      return nil
    }
  }

  /// Any method: what it is does not matter to the session.
  private let call = API.HelpGetConfig().encoded()

  @Test(
    arguments: [
      (0, 1_700_000_000 << 32 | 1, 18), (0, (1_700_000_000 - 301) << 32, 16), (0, (1_700_000_000 + 31) << 32, 17),
    ] as [(Int32, Int64, Int32)])
  func aMessageIdThatCannotBeIsRefused(unused: Int32, id: Int64, code: Int32) throws {
    var exchange = Exchange()
    #expect(exchange.send(call, id: id).isEmpty)
    let refusalTaken = exchange.firstTaken(MT.BadMsgNotification.self)
    let refusal = try #require(refusalTaken)
    #expect((refusal.badMsgId, refusal.errorCode) == (id, code))
  }

  @Test func aWrongSaltIsAnsweredWithTheRightOne() throws {
    var exchange = Exchange()
    #expect(exchange.send(call, salt: 1).isEmpty)
    let refusal = exchange.firstTaken(MT.BadServerSalt.self)
    #expect(refusal?.newServerSalt == 99)
    #expect(exchange.send(call).count == 1)
  }

  @Test func theFirstMessageIsToldThatTheSessionIsNew() throws {
    var exchange = Exchange()
    let id = exchange.id()
    _ = exchange.send(call, id: id)
    let createdTaken = exchange.firstTaken(MT.NewSessionCreated.self)
    let created = try #require(createdTaken)
    #expect((created.firstMsgId, created.uniqueId, created.serverSalt) == (id, 12, 99))
    _ = exchange.send(call, seqno: 3)
    let again = exchange.firstTaken(MT.NewSessionCreated.self)
    #expect(again == nil)
  }

  @Test func aRepeatedCallIsAnsweredFromMemory() throws {
    var exchange = Exchange()
    let id = exchange.id()
    #expect(exchange.send(call, id: id).count == 1)
    #expect(exchange.send(call, id: id).isEmpty)
    exchange.session.answer(true.encoded(), to: id, now: exchange.now)
    let sent = exchange.taken()
    let answer = try #require(sent.last)
    #expect(exchange.send(call, id: id).isEmpty)
    let again = exchange.taken()
    #expect(again.map(\.id) == [answer.id])
    // Once acknowledged it is not kept.
    _ = exchange.send(MT.MsgsAck(msgIds: [answer.id]).encoded(), seqno: 2)
    #expect(exchange.send(call, id: id).isEmpty)
    #expect(exchange.taken().allSatisfy { $0.id != answer.id })
  }

  @Test func whatIsNotAcknowledgedComesAgainOnTheNextConnection() throws {
    var exchange = Exchange()
    let id = exchange.id()
    _ = exchange.send(call, id: id)
    exchange.session.answer(true.encoded(), to: id, now: exchange.now)
    exchange.session.push(API.AnyUpdates.updatesTooLong(.init()).encoded(), now: exchange.now)
    let sent = Set(exchange.taken().map(\.id))
    exchange.session.reconnected(now: exchange.now)
    #expect(Set(exchange.taken().map(\.id)) == sent)
    // A message too old to be accepted is given up.
    exchange.now = exchange.now.advanced(by: .seconds(400))
    exchange.session.reconnected(now: exchange.now)
    #expect(exchange.taken().isEmpty)
  }

  @Test func aDroppedAnswerIsNotSent() throws {
    var exchange = Exchange()
    let id = exchange.id()
    _ = exchange.send(call, id: id)
    _ = exchange.taken()
    _ = exchange.send(MT.RpcDropAnswer(reqMsgId: id).encoded(), seqno: 3)
    exchange.session.answer(true.encoded(), to: id, now: exchange.now)
    let bodies = exchange.taken()
    #expect(bodies.count { $0.body.readableBytes > 12 && (try? result(of: $0.body)) == id } == 0)
  }

  @Test func statesAreTold() throws {
    var exchange = Exchange()
    let (answered, running, unknown) = (exchange.id(), exchange.id(), exchange.id())
    _ = exchange.send(call, id: answered, seqno: 1)
    _ = exchange.send(call, id: running, seqno: 3)
    exchange.session.answer(true.encoded(), to: answered, now: exchange.now)
    let request = MT.MsgsStateReq(msgIds: [answered - 4, answered, running, unknown, unknown + 400])
    _ = exchange.send(request.encoded(), seqno: 5)
    let infoTaken = exchange.firstTaken(MT.MsgsStateInfo.self)
    let info = try #require(infoTaken)
    #expect(Array(info.info.readableBytesView) == [1, 108, 44, 2, 3])
  }

  @Test func containersAreOpenedAndMayNotNest() throws {
    func container(_ messages: [(Int64, Int32, ByteBuffer)]) -> ByteBuffer {
      var writer = TLWriter()
      writer.writeConstructor(0x73f1_f8dc)
      writer.writeCount(messages.count)
      for (id, seqno, body) in messages {
        writer.writeLong(id)
        writer.writeInt(seqno)
        writer.writeInt(Int32(body.readableBytes))
        writer.writeRaw(body)
      }
      return writer.buffer
    }
    var exchange = Exchange()
    let (first, second) = (exchange.id(), exchange.id())
    #expect(exchange.send(container([(first, 1, call), (second, 3, call)]), seqno: 4).count == 2)
    _ = exchange.taken()
    let inner = exchange.id()
    #expect(exchange.send(container([(inner, 4, container([]))]), seqno: 4).isEmpty)
    let refusal = exchange.firstTaken(MT.BadMsgNotification.self)
    #expect(refusal?.errorCode == 64)
  }

  @Test func longResultsArePacked() throws {
    var exchange = Exchange()
    let id = exchange.id()
    _ = exchange.send(call, id: id)
    let long = ByteBuffer(string: String(repeating: "the same again ", count: 1000)).encoded()
    exchange.session.answer(long, to: id, now: exchange.now)
    let sent = exchange.taken()
    var reader = TLReader(try #require(sent.last).body)
    _ = try reader.readConstructor()
    #expect(try reader.readLong() == id)
    #expect(try reader.readConstructor() == 0x3072_cfa1)
    #expect(Gzip.unpack(try reader.readBytes()) == long)
  }

  @Test func futureSaltsFollowOneAnother() throws {
    var exchange = Exchange()
    var generator = SeededGenerator(seed: 1)
    exchange.salts.extend(now: 1_700_000_000, count: 5, using: &generator)
    _ = exchange.send(MT.GetFutureSalts(num: 4).encoded())
    let saltsTaken = exchange.firstTaken(MT.FutureSalts.self)
    let salts = try #require(saltsTaken).salts
    #expect(salts.count == 4)
    for (salt, next) in zip(salts, salts.dropFirst()) {
      #expect(next.validSince - salt.validSince == 1800)
      #expect(next.validSince < salt.validUntil)
    }
    #expect(exchange.salts.isValid(salts[1].salt, now: salts[1].validSince))
    #expect(!exchange.salts.isValid(salts[1].salt, now: salts[1].validSince - 1))
  }

  @Test func anyBytesAreSurvived() {
    var generator = SeededGenerator(seed: 20)
    var exchange = Exchange()
    for round in 0..<20_000 {
      var bytes = round % 2 == 0 ? generator.bytes(4 * Int.random(in: 0...40, using: &generator)) : []
      if round % 2 == 1 {
        bytes = Array(MT.MsgsStateReq(msgIds: [1, 2, 3]).encoded().readableBytesView)
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      _ = exchange.send(ByteBuffer(bytes: bytes), seqno: Int32.random(in: 0...9, using: &generator))
      _ = exchange.session.takeOutgoing(salt: 99, now: exchange.now)
    }
  }

  private func result(of body: ByteBuffer) throws -> Int64 {
    var reader = TLReader(body)
    guard try reader.readConstructor() == 0xf35c_6d01 else { return 0 }
    return try reader.readLong()
  }
}
