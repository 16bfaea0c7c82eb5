import MTProto
import MTProtoCrypto
import NIOCore
import TL
import TestSupport

/// A call as the scripted server sees it, its wrappers taken off.
struct ReceivedCall: Sendable {
  let messageID: Int64
  /// The constructor number of the innermost function.
  let constructor: UInt32
  /// The innermost function, boxed.
  let body: ByteBuffer
  /// The layer, where the call came in `invokeWithLayer`.
  var layer: Int32?
  /// The device's name, where the call came in `initConnection`.
  var deviceModel: String?
  var isWithoutUpdates = false

  func decode<Value: TLDecodable>(_ type: Value.Type, skipping words: Int = 1) throws -> Value {
    var reader = TLReader(body)
    for _ in 0..<words { _ = try reader.readInt() }
    return try Value(from: &reader)
  }
}

/// The server's end of one connection, for tests: framing, key exchange, encryption; what to answer is the test's.
struct ServerSide {
  enum Output: Sendable {
    case call(ReceivedCall)
    case agreed(AuthKeyAgreement)
    /// A service message of the session, by its constructor number.
    case service(UInt32, ByteBuffer)
    /// The client's key is not known; -404 has been queued.
    case unknownKey
  }

  private var framing = ServerFraming()
  private var exchange: ServerKeyExchange
  private var random = SeededGenerator(seed: 7)
  private var pending = ByteBuffer()
  private var lastID: Int64 = 0
  private(set) var authKey: AuthKey?
  private(set) var sessionID: Int64 = 0
  var salt: Int64 = 42
  var keys: [Int64: AuthKey]

  var transport: Transport? { framing.transport }
  var obfuscatedDC: Int16? { framing.dc }

  init(privateKey: RSAPrivateKey, keys: [Int64: AuthKey] = [:]) {
    exchange = ServerKeyExchange(privateKey: privateKey)
    self.keys = keys
  }

  /// The bytes to write to the client.
  mutating func takeBytes() -> ByteBuffer {
    defer { pending = ByteBuffer() }
    return pending
  }

  mutating func receive(_ bytes: ByteBuffer, now: Moment) throws -> [Output] {
    framing.receive(bytes)
    var outputs: [Output] = []
    while let frame = try framing.next() {
      guard case .packet(let packet) = frame else { continue }
      if PlainMessage.isPlain(packet) {
        let reply = try exchange.received(packet, now: now, using: &random)
        framing.encode(reply.packet, into: &pending, using: &random)
        if let agreement = reply.agreement {
          keys[agreement.authKey.id] = agreement.authKey
          salt = agreement.salt
          outputs.append(.agreed(agreement))
        }
        continue
      }
      let id = packet.getInteger(at: packet.readerIndex, endianness: .little, as: Int64.self) ?? 0
      guard let key = keys[id] else {
        framing.encode(error: -404, into: &pending, using: &random)
        outputs.append(.unknownKey)
        continue
      }
      authKey = key
      let message = try MessageCipher.open(packet, authKey: key, sender: .client)
      sessionID = message.sessionID
      try unpack(message.body, id: message.id, now: now, into: &outputs)
    }
    return outputs
  }

  private mutating func unpack(_ body: ByteBuffer, id: Int64, now: Moment, into outputs: inout [Output]) throws {
    var reader = TLReader(body)
    let constructor = try reader.peekConstructor()
    switch constructor {
    case 0x73f1_f8dc:
      _ = try reader.readConstructor()
      for _ in 0..<(try reader.readInt()) {
        let inner = try reader.readLong()
        _ = try reader.readInt()
        let length = Int(try reader.readInt())
        try unpack(try reader.readRaw(length: length), id: inner, now: now, into: &outputs)
      }
    case MT.MsgsAck.constructor, MT.PingDelayDisconnect.constructor, MT.GetFutureSalts.constructor,
      MT.RpcDropAnswer.constructor, MT.Ping.constructor:
      outputs.append(.service(constructor, body))
    case MT.MsgsStateReq.constructor:
      // It remembers nothing of earlier connections.
      let asked = try MT.MsgsStateReq(from: &reader).msgIds
      let info = ByteBuffer(repeating: 2, count: asked.count)
      try send(MT.MsgsStateInfo(reqMsgId: id, info: info).encoded(), isAnswer: true, now: now)
    default:
      outputs.append(.call(try unwrap(body, id: id)))
    }
  }

  private func unwrap(_ body: ByteBuffer, id: Int64) throws -> ReceivedCall {
    var reader = TLReader(body)
    var layer: Int32?
    var device: String?
    var withoutUpdates = false
    while true {
      let rest = reader.buffer
      let constructor = try reader.readConstructor()
      switch constructor {
      case 0xda9b_0d0d: layer = try reader.readInt()
      case 0xbf94_59b7: withoutUpdates = true
      case 0xc1cd_5ea9:
        _ = try reader.readInt()
        _ = try reader.readInt()
        device = try reader.readString()
        for _ in 0..<5 { _ = try reader.readString() }
      default:
        return ReceivedCall(
          messageID: id, constructor: constructor, body: rest, layer: layer, deviceModel: device,
          isWithoutUpdates: withoutUpdates)
      }
    }
  }

  // MARK: Answers

  mutating func answer(_ messageID: Int64, _ value: some TLEncodable, now: Moment) throws {
    var writer = TLWriter()
    writer.writeConstructor(0xf35c_6d01)
    writer.writeLong(messageID)
    writer.writeRaw(value.encoded())
    try send(writer.buffer, isAnswer: true, now: now)
  }

  mutating func refuse(_ messageID: Int64, code: Int32, _ message: String, now: Moment) throws {
    try answer(messageID, MT.RpcError(errorCode: code, errorMessage: message), now: now)
  }

  mutating func pong(_ ping: ByteBuffer, now: Moment) throws {
    var reader = TLReader(ping)
    let constructor = try reader.readConstructor()
    guard [MT.PingDelayDisconnect.constructor, MT.Ping.constructor].contains(constructor) else { return }
    try send(MT.Pong(msgId: 0, pingId: try reader.readLong()).encoded(), isAnswer: true, now: now)
  }

  /// Pushes an update, or anything else that is no answer.
  mutating func push(_ value: some TLEncodable, now: Moment) throws {
    try send(value.encoded(), isAnswer: false, now: now)
  }

  mutating func fail(_ code: Int32) { framing.encode(error: code, into: &pending, using: &random) }

  private mutating func send(_ body: ByteBuffer, isAnswer: Bool, now: Moment) throws {
    guard let authKey else { return }
    let (seconds, attoseconds) = now.unixTime.components
    let time = seconds << 32 | (attoseconds / 1_000_000_000) << 2
    lastID = max(lastID + 4, time & ~3)
    let message = SessionMessage(
      salt: salt, sessionID: sessionID, id: lastID | (isAnswer ? 1 : 3), seqno: 1, body: body)
    framing.encode(
      try MessageCipher.seal(message, authKey: authKey, sender: .server, using: &random), into: &pending,
      using: &random)
  }
}
