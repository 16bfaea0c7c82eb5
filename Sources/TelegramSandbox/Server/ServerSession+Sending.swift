import MTProto
import NIOCore
import TL

/// What goes out: answers, updates, and the packets they travel in.
extension ServerSession {
  /// Queues the result of a call, unless the client has dropped it.
  mutating func answer(_ result: ByteBuffer, to call: Int64, now: Moment) {
    guard case .running = receipts[call]?.receipt else { return }
    let answer = sendResult(result, to: call, now: now)
    receipts[call]?.receipt = .answered(answer)
  }

  @discardableResult
  mutating func sendResult(_ result: ByteBuffer, to call: Int64, now: Moment) -> Int64 {
    var writer = TLWriter(reserving: result.readableBytes + 16)
    writer.writeConstructor(Self.resultConstructor)
    writer.writeLong(call)
    if result.readableBytes > Self.packingThreshold, !Self.isFile(result), let packed = Gzip.pack(result) {
      writer.writeConstructor(Self.gzipConstructor)
      writer.writeBytes(packed)
    } else {
      writer.writeRaw(result)
    }
    return send(writer.buffer, isContent: true, isAnswer: true, answers: call, now: now)
  }

  /// Whether a result is a part of a file, which packing only delays.
  private static func isFile(_ result: ByteBuffer) -> Bool {
    let constructor = result.getInteger(at: result.readerIndex, endianness: .little, as: UInt32.self)
    return constructor == API.UploadFile.constructor || constructor == API.UploadCdnFile.constructor
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
  mutating func send(
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

  mutating func resend(_ ids: [Int64]) {
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
