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
  enum Receipt: Sendable {
    case noted
    case running
    case answered(Int64)
    /// The client has the answer, or did not want it.
    case done
  }

  let id: Int64
  let uniqueID: Int64
  private var isNew = true
  var receipts: [Int64: (seqno: Int32, receipt: Receipt)] = [:]
  /// Of messages up to here the receipts may be gone.
  private var forgotten: Int64 = 0
  var unacknowledged: [Int64: Outgoing] = [:]
  var queue: [Outgoing] = []
  var acknowledgments: [Int64] = []
  var contentCount: Int32 = 0
  var messageIDs = ServerMessageIDs()

  /// How far a message's time may lie behind and ahead of ours, in seconds.
  static let oldest: Int64 = 300
  private static let newest: Int64 = 30
  /// Results longer than this are packed.
  static let packingThreshold = 1024
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

  func badMessage(_ id: Int64, _ seqno: Int32, _ code: Int32) -> ByteBuffer {
    MT.BadMsgNotification(badMsgId: id, badMsgSeqno: seqno, errorCode: code).encoded()
  }

  static let containerConstructor: UInt32 = 0x73f1_f8dc
  static let gzipConstructor: UInt32 = 0x3072_cfa1
  static let resultConstructor: UInt32 = 0xf35c_6d01
}
