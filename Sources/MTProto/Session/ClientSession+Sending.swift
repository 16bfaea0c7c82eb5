import MTProtoCrypto
public import NIOCore
import TL

extension ClientSession {
  /// The packets to send now; empty while there is no connection or nothing to say.
  public mutating func outgoing(
    now: Moment, using generator: inout some RandomNumberGenerator
  ) -> [ByteBuffer] {
    guard isConnected else { return [] }
    if needsNewSession { startNewSession(using: &generator) }
    if let salt = salts.advance(serverTime: serverTime(now)) { pendingEvents.append(.salt(salt)) }
    var messages = serviceMessages(now: now, using: &generator)
    let calls = queue
    queue.removeAll()
    messages += calls.compactMap { callMessage($0, now: now) }
    if !acknowledgments.isEmpty, !messages.isEmpty || isAcknowledgmentDue(now) {
      messages.append(contentsOf: acknowledgmentMessages(now: now))
    }
    return pack(messages, now: now, using: &generator)
  }

  // MARK: What to say

  private mutating func serviceMessages(
    now: Moment, using generator: inout some RandomNumberGenerator
  ) -> [InnerMessage] {
    var messages = services.map { message($0, isContentRelated: false, now: now) }
    services.removeAll()
    if now.uptime >= nextPing, ping == nil {
      let id = Int64.random(in: .min ... .max, using: &generator)
      let body = MT.PingDelayDisconnect(pingId: id, disconnectDelay: Self.disconnectDelay).encoded()
      let inner = message(body, isContentRelated: false, now: now)
      ping = Ping(id: id, deadline: now.uptime + Self.pongTimeout)
      nextPing = now.uptime + Self.pingInterval
      lastPingMessageID = inner.id
      messages.append(inner)
    }
    if salts.shouldAsk(now: now, serverTime: serverTime(now)) {
      messages.append(message(MT.GetFutureSalts(num: 32).encoded(), isContentRelated: false, now: now))
    }
    // A msgs_state_req may name up to 8,192 messages.
    let asked = unaskedStates.filter { carried[$0] != nil }
    unaskedStates.removeAll()
    for start in stride(from: 0, to: asked.count, by: 8_192) {
      let ids = Array(asked[start..<min(start + 8_192, asked.count)])
      let inner = message(MT.MsgsStateReq(msgIds: ids).encoded(), isContentRelated: false, now: now)
      stateQuestions.append((inner.id, ids))
      messages.append(inner)
    }
    return messages
  }

  private mutating func callMessage(_ id: RequestID, now: Moment) -> InnerMessage? {
    guard var request = requests[id] else { return nil }
    let messageID: Int64
    if let known = request.messageID {
      messageID = known
    } else {
      messageID = messageIDs.next(unixTime: serverTime(now))
      request.messageID = messageID
      request.firstPacket = 0
      request.seqno = nextSeqno(isContentRelated: true)
      request.sentAt = now.uptime
      carried[messageID] = id
    }
    request.checkedAt = now.uptime
    requests[id] = request
    return InnerMessage(id: messageID, seqno: request.seqno, body: request.body)
  }

  private func isAcknowledgmentDue(_ now: Moment) -> Bool {
    acknowledgments.count >= Self.maximumPendingAcknowledgments
      || acknowledgmentDeadline.map { now.uptime >= $0 } ?? false
  }

  private mutating func acknowledgmentMessages(now: Moment) -> [InnerMessage] {
    let ids = acknowledgments
    acknowledgments.removeAll()
    acknowledgmentDeadline = nil
    return stride(from: 0, to: ids.count, by: 8_192).map { start in
      let some = Array(ids[start..<min(start + 8_192, ids.count)])
      let message = message(MT.MsgsAck(msgIds: some).encoded(), isContentRelated: false, now: now)
      sentAcknowledgments.append((message.id, some))
      if sentAcknowledgments.count > Self.rememberedPackets { sentAcknowledgments.removeFirst() }
      return message
    }
  }

  private mutating func message(_ body: ByteBuffer, isContentRelated: Bool, now: Moment) -> InnerMessage {
    InnerMessage(
      id: messageIDs.next(unixTime: serverTime(now)), seqno: nextSeqno(isContentRelated: isContentRelated), body: body)
  }

  private mutating func nextSeqno(isContentRelated: Bool) -> Int32 {
    defer { if isContentRelated { contentCount &+= 1 } }
    return contentCount &* 2 | (isContentRelated ? 1 : 0)
  }

  // MARK: How to say it

  private mutating func pack(
    _ messages: [InnerMessage], now: Moment, using generator: inout some RandomNumberGenerator
  ) -> [ByteBuffer] {
    var packets: [ByteBuffer] = []
    var batch: [InnerMessage] = []
    var length = 0
    for message in messages {
      let size = message.body.readableBytes + Container.overhead
      if batch.count == Container.maximumCount || !batch.isEmpty && length + size > Container.maximumLength {
        packets += seal(batch, now: now, using: &generator)
        batch.removeAll()
        length = 0
      }
      batch.append(message)
      length += size
    }
    return packets + seal(batch, now: now, using: &generator)
  }

  private mutating func seal(
    _ batch: [InnerMessage], now: Moment, using generator: inout some RandomNumberGenerator
  ) -> [ByteBuffer] {
    guard var message = batch.first else { return [] }
    if batch.count > 1 {
      message = self.message(Container.encode(batch), isContentRelated: false, now: now)
    }
    packetCount += 1
    packets.append(Packet(number: packetCount, id: message.id, inner: batch.count > 1 ? batch.map(\.id) : []))
    if packets.count > Self.rememberedPackets { packets.removeFirst() }
    for inner in batch {
      guard let id = carried[inner.id] else { continue }
      requests[id]?.packet = packetCount
      if requests[id]?.firstPacket == 0 { requests[id]?.firstPacket = packetCount }
    }
    let plain = SessionMessage(
      salt: salts.current, sessionID: sessionID, id: message.id, seqno: message.seqno, body: message.body)
    // Encryption of whole blocks with a key of the right length does not fail; if it did, the calls would be asked
    // after like those a connection lost.
    guard let packet = try? MessageCipher.seal(plain, authKey: authKey, sender: .client, using: &generator) else {
      return []
    }
    return [packet]
  }

  /// Leaves a session whose numbering the server does not accept.
  private mutating func startNewSession(using generator: inout some RandomNumberGenerator) {
    needsNewSession = false
    sessionID = Int64.random(in: .min ... .max, using: &generator)
    contentCount = 0
    received = ReceivedIDs()
    services.removeAll()
    packets.removeAll()
    stateQuestions.removeAll()
    unaskedStates.removeAll()
    acknowledgments.removeAll()
    sentAcknowledgments.removeAll()
    acknowledgmentDeadline = nil
    ping = nil
    nextPing = .zero
    // Answers to what the old session carries would go to the old session.
    for messageID in carried.keys.sorted() { pendingEvents += giveUp(messageID) }
  }
}
