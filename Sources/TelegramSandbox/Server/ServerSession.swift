import MTProto
import NIOCore
import TL

/// The server's half of an encrypted session.
///
/// A value: what comes in and the time are passed in, what goes out is taken out.
///
/// Source: "Mobile Protocol: Detailed Description" and "Service messages", core.telegram.org/mtproto.
struct ServerSession: Sendable {
  enum Event: Sendable {
    /// A method to run; its result goes to `answer(_:to:now:)`.
    case call(id: Int64, body: ByteBuffer)
    /// Close the connection unless another such request comes within this many seconds.
    case disconnect(afterSeconds: Int32)
    case destroySession(id: Int64, request: Int64)
    case destroyAuthKey(request: Int64)
  }

  /// A message of ours that the client has not acknowledged.
  struct Outgoing: Sendable {
    let id: Int64
    let seqno: Int32
    let body: ByteBuffer
    /// The call it answers.
    let answers: Int64?
  }

  /// What became of a message of the client's.
  private enum Receipt: Sendable {
    case noted
    case running
    case answered(Int64)
    /// The client has the answer, or did not want it.
    case done
  }

  let id: Int64
  let uniqueID: Int64
  private var isNew = true
  private var receipts: [Int64: (seqno: Int32, receipt: Receipt)] = [:]
  /// Of messages up to here the receipts may be gone.
  private var forgotten: Int64 = 0
  private(set) var unacknowledged: [Int64: Outgoing] = [:]
  private var queue: [Outgoing] = []
  private var acknowledgments: [Int64] = []
  private var contentCount: Int32 = 0
  private var messageIDs = ServerMessageIDs()

  /// How far a message's time may lie behind and ahead of ours, in seconds.
  private static let oldest: Int64 = 300
  private static let newest: Int64 = 30
  /// Results longer than this are packed.
  private static let packingThreshold = 1024
  private static let receiptLimit = 2048

  init(id: Int64, uniqueID: Int64) {
    self.id = id
    self.uniqueID = uniqueID
  }

  // MARK: Incoming

  /// Takes in a decrypted message.
  mutating func received(_ message: SessionMessage, salts: SaltSchedule, now: Moment) -> [Event] {
    let seconds = now.unixTime.components.seconds
    func refuse(_ code: Int32) -> ByteBuffer {
      MT.BadMsgNotification(badMsgId: message.id, badMsgSeqno: message.seqno, errorCode: code).encoded()
    }
    let failure: ByteBuffer?
    if message.id & 3 != 0 {
      failure = refuse(18)
    } else if message.id >> 32 < seconds - Self.oldest {
      failure = refuse(16)
    } else if message.id >> 32 > seconds + Self.newest {
      failure = refuse(17)
    } else if !salts.isValid(message.salt, now: Int32(truncatingIfNeeded: seconds)) {
      let salt = salts.current(now: Int32(truncatingIfNeeded: seconds))
      failure =
        MT.BadServerSalt(
          badMsgId: message.id, badMsgSeqno: message.seqno, errorCode: 48, newServerSalt: salt
        ).encoded()
    } else {
      failure = nil
    }
    if let failure {
      send(failure, isContent: false, isAnswer: true, now: now)
      return []
    }
    if isNew {
      isNew = false
      let created = MT.NewSessionCreated(
        firstMsgId: message.id, uniqueId: uniqueID, serverSalt: salts.current(now: Int32(truncatingIfNeeded: seconds)))
      send(created.encoded(), isContent: true, isAnswer: false, now: now)
    }
    do {
      return try take(id: message.id, seqno: message.seqno, body: message.body, depth: 0, salts: salts, now: now)
    } catch {
      send(refuse(64), isContent: false, isAnswer: true, now: now)
      return []
    }
  }

  private mutating func take(
    id: Int64, seqno: Int32, body: ByteBuffer, depth: Int, salts: SaltSchedule, now: Moment
  ) throws -> [Event] {
    var reader = TLReader(body)
    switch try reader.peekConstructor() {
    case Self.containerConstructor:
      guard depth == 0 else { throw TLError.tooDeep(offset: 0) }
      if receipts[id] != nil {
        send(badMessage(id, seqno, 19), isContent: false, isAnswer: true, now: now)
        return []
      }
      note(id, seqno, .noted)
      return try container(&reader, id: id, seqno: seqno, salts: salts, now: now)
    case Self.gzipConstructor:
      _ = try reader.readConstructor()
      let packed = try reader.readBytes()
      guard let body = Gzip.unpack(packed) else { throw TLError.invalidLength(packed.readableBytes, offset: 4) }
      return try take(id: id, seqno: seqno, body: body, depth: depth, salts: salts, now: now)
    case MT.MsgsAck.constructor:
      if seqno & 1 == 1 {
        send(badMessage(id, seqno, 34), isContent: false, isAnswer: true, now: now)
        return []
      }
      let acknowledged = try MT.MsgsAck(from: &reader)
      for id in acknowledged.msgIds { acknowledge(id) }
      return []
    case let constructor:
      return try single(&reader, constructor, id: id, seqno: seqno, body: body, salts: salts, now: now)
    }
  }

  private mutating func container(
    _ reader: inout TLReader, id: Int64, seqno: Int32, salts: SaltSchedule, now: Moment
  ) throws -> [Event] {
    _ = try reader.readConstructor()
    var messages: [(id: Int64, seqno: Int32, body: ByteBuffer)] = []
    for _ in 0..<(try reader.readCount(minimumElementSize: 16)) {
      let innerID = try reader.readLong()
      let seqno = try reader.readInt()
      messages.append((innerID, seqno, try reader.readRaw(length: Int(try reader.readInt()))))
    }
    // A container is refused whole, before anything in it is acted on.
    guard messages.allSatisfy({ $0.id < id }) else {
      send(badMessage(id, seqno, 64), isContent: false, isAnswer: true, now: now)
      return []
    }
    return try messages.flatMap { message in
      try take(id: message.id, seqno: message.seqno, body: message.body, depth: 1, salts: salts, now: now)
    }
  }

  private mutating func single(
    _ reader: inout TLReader, _ constructor: UInt32, id: Int64, seqno: Int32, body: ByteBuffer, salts: SaltSchedule,
    now: Moment
  ) throws -> [Event] {
    if let (_, receipt) = receipts[id] {
      repeated(id, receipt)
      return []
    }
    // Whether it has been acted on cannot be told any more.
    guard id > forgotten else {
      send(badMessage(id, seqno, 20), isContent: false, isAnswer: true, now: now)
      return []
    }
    if let code = seqnoError(id, seqno, isCall: !Self.isService(constructor)) {
      send(badMessage(id, seqno, code), isContent: false, isAnswer: true, now: now)
      return []
    }
    guard Self.isService(constructor) else {
      note(id, seqno, .running)
      return [.call(id: id, body: body)]
    }
    note(id, seqno, .noted)
    if seqno & 1 == 1 { acknowledgments.append(id) }
    return try service(&reader, constructor, id: id, salts: salts, now: now)
  }

  /// A message that came before is not acted on again: its answer is, if there is one, sent again.
  private mutating func repeated(_ id: Int64, _ receipt: Receipt) {
    switch receipt {
    case .answered(let answer): resend([answer])
    case .running: break
    case .noted, .done: acknowledgments.append(id)
    }
  }

  private func seqnoError(_ id: Int64, _ seqno: Int32, isCall: Bool) -> Int32? {
    if isCall, seqno & 1 == 0 { return 35 }
    for (other, (otherSeqno, _)) in receipts where otherSeqno & 1 == 1 && seqno & 1 == 1 {
      if other < id, otherSeqno > seqno { return 32 }
      if other > id, otherSeqno < seqno { return 33 }
    }
    return nil
  }

  // MARK: Service messages

  private static let containerConstructor: UInt32 = 0x73f1_f8dc
  private static let gzipConstructor: UInt32 = 0x3072_cfa1
  private static let resultConstructor: UInt32 = 0xf35c_6d01

  private static func isService(_ constructor: UInt32) -> Bool {
    switch constructor {
    case MT.Ping.constructor, MT.PingDelayDisconnect.constructor, MT.MsgsStateReq.constructor,
      MT.MsgResendReq.constructor, MT.MsgResendAnsReq.constructor, MT.RpcDropAnswer.constructor,
      MT.GetFutureSalts.constructor, MT.DestroySession.constructor, MT.HttpWait.constructor,
      MT.MsgsStateInfo.constructor, MT.MsgsAllInfo.constructor, MT.DestroyAuthKey.constructor:
      true
    default: false
    }
  }

  private mutating func service(
    _ reader: inout TLReader, _ constructor: UInt32, id: Int64, salts: SaltSchedule, now: Moment
  ) throws -> [Event] {
    switch constructor {
    case MT.Ping.constructor:
      _ = try reader.readConstructor()
      send(MT.Pong(msgId: id, pingId: try reader.readLong()).encoded(), isContent: false, isAnswer: true, now: now)
    case MT.PingDelayDisconnect.constructor:
      _ = try reader.readConstructor()
      send(MT.Pong(msgId: id, pingId: try reader.readLong()).encoded(), isContent: false, isAnswer: true, now: now)
      return [.disconnect(afterSeconds: max(try reader.readInt(), 0))]
    case MT.MsgsStateReq.constructor:
      let request = try MT.MsgsStateReq(from: &reader)
      let info = MT.MsgsStateInfo(reqMsgId: id, info: ByteBuffer(bytes: request.msgIds.map(state)))
      send(info.encoded(), isContent: false, isAnswer: true, now: now)
    case MT.MsgResendReq.constructor:
      let request = try MT.MsgResendReq(from: &reader)
      resend(request.msgIds)
      let info = MT.MsgsStateInfo(reqMsgId: id, info: ByteBuffer(bytes: request.msgIds.map(state)))
      send(info.encoded(), isContent: false, isAnswer: true, now: now)
    case MT.MsgResendAnsReq.constructor:
      let request = try MT.MsgResendAnsReq(from: &reader)
      let answers = request.msgIds.compactMap { call -> Int64? in
        if case .answered(let answer) = receipts[call]?.receipt { answer } else { nil }
      }
      resend(answers)
      let info = MT.MsgsStateInfo(reqMsgId: id, info: ByteBuffer(bytes: request.msgIds.map(state)))
      send(info.encoded(), isContent: false, isAnswer: true, now: now)
    case MT.RpcDropAnswer.constructor:
      _ = try reader.readConstructor()
      sendResult(drop(try reader.readLong()), to: id, now: now)
    case MT.GetFutureSalts.constructor:
      _ = try reader.readConstructor()
      let count = Int(min(max(try reader.readInt(), 1), 64))
      let seconds = Int32(truncatingIfNeeded: now.unixTime.components.seconds)
      let entries = salts.upcoming(now: seconds, count: count).map {
        MT.FutureSalt(validSince: $0.since, validUntil: $0.until, salt: $0.value)
      }
      send(
        MT.FutureSalts(reqMsgId: id, now: seconds, salts: entries).encoded(), isContent: false, isAnswer: true,
        now: now)
    case MT.DestroySession.constructor:
      _ = try reader.readConstructor()
      return [.destroySession(id: try reader.readLong(), request: id)]
    case MT.DestroyAuthKey.constructor:
      return [.destroyAuthKey(request: id)]
    default: break
    }
    return []
  }

  /// The byte of `msgs_state_info` for one message of the client's.
  private func state(of id: Int64) -> UInt8 {
    guard let (seqno, receipt) = receipts[id] else {
      guard let lowest = receipts.keys.min(), let highest = receipts.keys.max() else { return 3 }
      return id < lowest ? 1 : id > highest ? 3 : 2
    }
    switch receipt {
    case .noted: return seqno & 1 == 0 ? 4 + 16 : 4 + 8
    case .running: return 4 + 8 + 32
    case .answered, .done: return 4 + 8 + 32 + 64
    }
  }

  private mutating func drop(_ call: Int64) -> ByteBuffer {
    switch receipts[call]?.receipt {
    case .running:
      receipts[call]?.receipt = .done
      return MT.RpcAnswerDroppedRunning().encoded()
    case .answered(let answer):
      receipts[call]?.receipt = .done
      queue.removeAll { $0.id == answer }
      guard let dropped = unacknowledged.removeValue(forKey: answer) else { return MT.RpcAnswerUnknown().encoded() }
      return MT.RpcAnswerDropped(
        msgId: answer, seqNo: dropped.seqno, bytes: Int32(dropped.body.readableBytes)
      ).encoded()
    case .noted, .done, nil: return MT.RpcAnswerUnknown().encoded()
    }
  }

  private mutating func acknowledge(_ id: Int64) {
    guard let message = unacknowledged.removeValue(forKey: id) else { return }
    if let call = message.answers, receipts[call] != nil { receipts[call]?.receipt = .done }
  }

  private mutating func note(_ id: Int64, _ seqno: Int32, _ receipt: Receipt) {
    receipts[id] = (seqno, receipt)
    if receipts.count > Self.receiptLimit {
      for old in receipts.keys.sorted().prefix(Self.receiptLimit / 2) {
        if case .running = receipts[old]?.receipt { continue }
        receipts[old] = nil
        forgotten = max(forgotten, old)
      }
    }
  }

  private func badMessage(_ id: Int64, _ seqno: Int32, _ code: Int32) -> ByteBuffer {
    MT.BadMsgNotification(badMsgId: id, badMsgSeqno: seqno, errorCode: code).encoded()
  }

  // MARK: Outgoing

  /// Queues the result of a call, unless the client has dropped it.
  mutating func answer(_ result: ByteBuffer, to call: Int64, now: Moment) {
    guard case .running = receipts[call]?.receipt else { return }
    let answer = sendResult(result, to: call, now: now)
    receipts[call]?.receipt = .answered(answer)
  }

  @discardableResult
  private mutating func sendResult(_ result: ByteBuffer, to call: Int64, now: Moment) -> Int64 {
    var writer = TLWriter(reserving: result.readableBytes + 16)
    writer.writeConstructor(Self.resultConstructor)
    writer.writeLong(call)
    if result.readableBytes > Self.packingThreshold, let packed = Gzip.pack(result) {
      writer.writeConstructor(Self.gzipConstructor)
      writer.writeBytes(packed)
    } else {
      writer.writeRaw(result)
    }
    return send(writer.buffer, isContent: true, isAnswer: true, answers: call, now: now)
  }

  /// Queues something the client did not ask for.
  mutating func push(_ body: ByteBuffer, now: Moment) {
    if body.readableBytes > Self.packingThreshold, let packed = Gzip.pack(body) {
      var writer = TLWriter(reserving: packed.readableBytes + 16)
      writer.writeConstructor(Self.gzipConstructor)
      writer.writeBytes(packed)
      send(writer.buffer, isContent: true, isAnswer: false, now: now)
    } else {
      send(body, isContent: true, isAnswer: false, now: now)
    }
  }

  /// Queues the answer to `destroy_session` or `destroy_auth_key`, which travels without `rpc_result`.
  mutating func reply(_ body: ByteBuffer, now: Moment) { send(body, isContent: false, isAnswer: true, now: now) }

  @discardableResult
  private mutating func send(
    _ body: ByteBuffer, isContent: Bool, isAnswer: Bool, answers call: Int64? = nil, now: Moment
  ) -> Int64 {
    let seqno = contentCount * 2 + (isContent ? 1 : 0)
    if isContent { contentCount += 1 }
    let message = Outgoing(
      id: messageIDs.next(unixTime: now.unixTime, isAnswer: isAnswer), seqno: seqno, body: body, answers: call)
    queue.append(message)
    if isContent { unacknowledged[message.id] = message }
    return message.id
  }

  private mutating func resend(_ ids: [Int64]) {
    let queued = Set(queue.map(\.id))
    queue += ids.sorted().filter { !queued.contains($0) }.compactMap { unacknowledged[$0] }
  }

  /// The client is back on another connection: what it has not acknowledged is sent again, unless too old to be accepted.
  mutating func reconnected(now: Moment) {
    let oldest = now.unixTime.components.seconds - Self.oldest + 5
    for (id, message) in unacknowledged where id >> 32 < oldest {
      unacknowledged[id] = nil
      if let call = message.answers { receipts[call]?.receipt = .done }
    }
    resend(Array(unacknowledged.keys))
  }

  /// Everything that waits to be sent, in as few messages as it fits.
  mutating func takeOutgoing(salt: Int64, now: Moment) -> [SessionMessage] {
    if !acknowledgments.isEmpty {
      let body = MT.MsgsAck(msgIds: acknowledgments).encoded()
      acknowledgments = []
      send(body, isContent: false, isAnswer: false, now: now)
    }
    defer { queue = [] }
    var packets: [SessionMessage] = []
    var group: [Outgoing] = []
    var size = 0
    func flush(_ session: inout ServerSession) {
      if let packet = session.packet(group, salt: salt, now: now) { packets.append(packet) }
      group = []
      size = 0
    }
    for message in queue {
      if size + message.body.readableBytes > 1 << 19 || group.count == 100 { flush(&self) }
      group.append(message)
      size += message.body.readableBytes
    }
    flush(&self)
    return packets
  }

  private mutating func packet(_ group: [Outgoing], salt: Int64, now: Moment) -> SessionMessage? {
    guard let first = group.first else { return nil }
    if group.count == 1 {
      return SessionMessage(salt: salt, sessionID: id, id: first.id, seqno: first.seqno, body: first.body)
    }
    var writer = TLWriter(reserving: group.reduce(8) { $0 + 16 + $1.body.readableBytes })
    writer.writeConstructor(Self.containerConstructor)
    writer.writeCount(group.count)
    for message in group {
      writer.writeLong(message.id)
      writer.writeInt(message.seqno)
      writer.writeInt(Int32(message.body.readableBytes))
      writer.writeRaw(message.body)
    }
    return SessionMessage(
      salt: salt, sessionID: id, id: messageIDs.next(unixTime: now.unixTime, isAnswer: true), seqno: contentCount * 2,
      body: writer.buffer)
  }
}
