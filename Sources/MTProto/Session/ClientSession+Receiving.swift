import MTProtoCrypto
public import NIOCore
import TL

extension ClientSession {
  /// Constructor of `rpc_result`, whose body the table cannot type.
  static let rpcResult: UInt32 = 0xf35c_6d01

  /// Takes in a packet.
  ///
  /// Messages that fail a check of the security guidelines (session, identifier, time, duplicates) are dropped.
  /// - Throws: `SessionError` when the packet is not ours to read: close the connection.
  public mutating func received(_ packet: consuming ByteBuffer, now: Moment) throws(SessionError) -> [Event] {
    let message: SessionMessage
    do { message = try MessageCipher.open(packet, authKey: authKey, sender: .server) } catch { throw .cipher(error) }
    hasHeard = true
    var events = pendingEvents
    pendingEvents.removeAll()
    guard message.sessionID == sessionID, message.id & 1 == 1 else { return events }
    let drift = MessageIDGenerator.unixTime(of: message.id) - serverTime(now)
    if drift < .seconds(-300) || drift > .seconds(30) {
      // Only an answer to something we just sent proves that it is the clock, and not the message, that is wrong.
      guard answersOurs(message.body) else {
        // What the server answers to a ping tells whether it is the clock.
        hasDropped = true
        if ping == nil { nextPing = min(nextPing, now.uptime) }
        return events
      }
      correctClock(by: drift, &events)
    }
    if received.isTooOld(message.id), answersOurs(message.body, countingResults: false) {
      // The server's clock went back behind what we have from it: no more of its messages could be told from old ones.
      needsNewSession = true
      return events
    }
    process(InnerMessage(id: message.id, seqno: message.seqno, body: message.body), depth: 0, now: now, &events)
    let shown = MessageIDGenerator.unixTime(of: message.id) - now.uptime
    serverClock = max(serverClock ?? shown, shown)
    return events
  }

  // MARK: Messages

  private mutating func process(_ message: InnerMessage, depth: Int, now: Moment, _ events: inout [Event]) {
    let constructor = message.body.getInteger(at: message.body.readerIndex, endianness: .little, as: UInt32.self)
    if constructor == Container.constructor, depth == 0 {
      guard received.insert(message.id) == .new else { return }
      do throws(TLError) {
        for inner in try Container.decode(message.body) where inner.id & 1 == 1 {
          process(inner, depth: 1, now: now, &events)
        }
      } catch { events.append(.undecodable(message.body)) }
      return
    }
    let verdict = received.insert(message.id)
    // A repeated message means that its acknowledgment was lost.
    if message.isContentRelated { acknowledge(message.id, now: now) }
    switch verdict {
    case .new: break
    case .duplicate: return
    case .tooOld:
      // Behind so many later ones that nobody knows whether it was received. A result can be taken all the same, since
      // its call can end only once; of anything else the difference tells.
      guard constructor == Self.rpcResult else {
        if message.isContentRelated, events.last != .messagesDropped { events.append(.messagesDropped) }
        return
      }
    }
    do throws(TLError) { try handle(message, body: message.body, now: now, &events) } catch {
      events.append(.undecodable(message.body))
    }
  }

  private mutating func acknowledge(_ id: Int64, now: Moment) {
    acknowledgments.append(id)
    if acknowledgmentDeadline == nil { acknowledgmentDeadline = now.uptime + Self.acknowledgmentDelay }
  }

  private mutating func handle(
    _ message: InnerMessage, body: ByteBuffer, now: Moment, _ events: inout [Event]
  ) throws(TLError) {
    var reader = TLReader(body)
    switch try reader.peekConstructor() {
    case Self.rpcResult:
      _ = try reader.readConstructor()
      let requestID = try reader.readLong()
      rejectionsInARow = 0
      try finish(requestID, result: reader.buffer, &events)
    case MT.GzipPacked.constructor:
      let packed = try MT.GzipPacked(from: &reader)
      guard let plain = Gzip.unpack(packed.packedData) else {
        throw .invalidLength(packed.packedData.readableBytes, offset: 4)
      }
      if plain.getInteger(at: plain.readerIndex, endianness: .little, as: UInt32.self) == MT.GzipPacked.constructor {
        throw .tooDeep(offset: 0)
      }
      try handle(message, body: plain, now: now, &events)
    case MT.MsgsAck.constructor:
      for id in try MT.MsgsAck(from: &reader).msgIds {
        if let request = carried[id] { requests[request]?.isAcknowledged = true }
      }
    case MT.Pong.constructor:
      let pong = try MT.Pong(from: &reader)
      if pong.pingId == ping?.id {
        ping = nil
        rejectionsInARow = 0
        events.append(.pong)
      }
    case MT.NewSessionCreated.constructor:
      sessionCreated(try MT.NewSessionCreated(from: &reader), &events)
    case MT.BadServerSalt.constructor:
      let bad = try MT.BadServerSalt(from: &reader)
      guard isOurs(bad.badMsgId) else { break }
      salts.replace(bad.newServerSalt)
      events.append(.salt(bad.newServerSalt))
      countRejection(&events)
      events += sendAnew(bad.badMsgId)
    case MT.BadMsgNotification.constructor:
      rejected(try MT.BadMsgNotification(from: &reader), by: message, now: now, &events)
    case MT.FutureSalts.constructor:
      salts.add(try MT.FutureSalts(from: &reader).salts)
    case MT.MsgsStateReq.constructor:
      let ids = try MT.MsgsStateReq(from: &reader).msgIds
      let info = ByteBuffer(bytes: ids.map { received.state(of: $0) })
      services.append(MT.MsgsStateInfo(reqMsgId: message.id, info: info).encoded())
    case MT.MsgsStateInfo.constructor:
      let info = try MT.MsgsStateInfo(from: &reader)
      guard let index = stateQuestions.firstIndex(where: { $0.id == info.reqMsgId }) else { break }
      learn(stateQuestions.remove(at: index).asked, info.info, now: now, &events)
    case MT.MsgsAllInfo.constructor:
      // Said of the past, when what is on its way had not arrived: worth a question.
      unaskedStates += try MT.MsgsAllInfo(from: &reader).msgIds.filter { carried[$0] != nil }
    case MT.MsgDetailedInfo.constructor:
      want(try MT.MsgDetailedInfo(from: &reader).answerMsgId, now: now)
    case MT.MsgNewDetailedInfo.constructor:
      want(try MT.MsgNewDetailedInfo(from: &reader).answerMsgId, now: now)
    case MT.MsgResendReq.constructor:
      for id in try MT.MsgResendReq(from: &reader).msgIds { sendAgain(id) }
    case MT.RpcAnswerUnknown.constructor, MT.RpcAnswerDroppedRunning.constructor, MT.RpcAnswerDropped.constructor,
      MT.DestroySessionOk.constructor, MT.DestroySessionNone.constructor:
      break
    default:
      events.append(.updates(body))
    }
  }

  // MARK: Calls

  private mutating func finish(_ messageID: Int64, result: ByteBuffer, _ events: inout [Event]) throws(TLError) {
    // An answer to a call that was taken back, or comes twice.
    guard let id = carried.removeValue(forKey: messageID) else { return }
    requests[id] = nil
    queue.removeAll { $0 == id }
    var result = result
    if result.getInteger(at: result.readerIndex, endianness: .little, as: UInt32.self) == MT.GzipPacked.constructor {
      var reader = TLReader(result)
      guard let packed = try? MT.GzipPacked(from: &reader), let plain = Gzip.unpack(packed.packedData) else {
        events.append(.failure(id, RPCError(code: -3, message: "UNREADABLE_ANSWER")))
        return
      }
      result = plain
    }
    var reader = TLReader(result)
    if let error = try? MT.RpcError(from: &reader) {
      events.append(.failure(id, RPCError(code: error.errorCode, message: error.errorMessage)))
    } else {
      events.append(.result(id, result))
    }
  }

  /// Reads the bytes of `msgs_state_info`.
  private mutating func learn(_ ids: [Int64], _ info: ByteBuffer, now: Moment, _ events: inout [Event]) {
    var unanswered: [Int64] = []
    for (id, state) in zip(ids, info.readableBytesView) {
      guard let request = carried[id] else { continue }
      switch state & 7 {
      case 1: events += giveUp(id)
      case 2, 3:
        // An identifier ahead of ours is from before the clock was put right, and no container could hold it.
        if id < messageIDs.latest, let sentAt = requests[request]?.sentAt, now.uptime - sentAt < Self.resendWindow {
          sendAgain(id)
        } else {
          events += sendAnew(id, isUnseen: true)
        }
      case 4:
        requests[request]?.isAcknowledged = true
        if state & 64 != 0 { unanswered.append(id) }
      default: break
      }
    }
    if !unanswered.isEmpty { services.append(MT.MsgResendAnsReq(msgIds: unanswered).encoded()) }
  }

  /// The server has sent, or would like to send, an answer: asks for it when it did not arrive.
  private mutating func want(_ answerID: Int64, now: Moment) {
    if received.state(of: answerID) == 4 {
      acknowledge(answerID, now: now)
    } else {
      services.append(MT.MsgResendReq(msgIds: [answerID]).encoded())
    }
  }

  /// Sends a message as it was.
  private mutating func sendAgain(_ messageID: Int64) {
    let inner = inner(of: messageID)
    for inner in inner.isEmpty ? [messageID] : inner {
      guard let id = carried[inner], !queue.contains(id) else { continue }
      queue.append(id)
      // The answer to a question asked before speaks of the time before.
      unaskedStates.removeAll { $0 == inner }
      for index in stateQuestions.indices {
        stateQuestions[index].asked = stateQuestions[index].asked.map { $0 == inner ? 0 : $0 }
      }
    }
  }

  private mutating func sessionCreated(_ created: MT.NewSessionCreated, _ events: inout [Event]) {
    guard !knownUniqueIDs.contains(created.uniqueId) else { return }
    knownUniqueIDs.append(created.uniqueId)
    if knownUniqueIDs.count > 10 { knownUniqueIDs.removeFirst() }
    salts.replace(created.serverSalt)
    events.append(.salt(created.serverSalt))
    // Whatever the server had in earlier packets it has forgotten with the session, run or not.
    let first = packets.last { $0.id == created.firstMsgId || $0.inner.contains(created.firstMsgId) }?.number
    for (messageID, id) in carried.sorted(by: { $0.key < $1.key }) {
      if let packet = requests[id]?.packet, packet < first ?? packetCount { events += giveUp(messageID) }
    }
    events.append(.sessionCreated(uniqueID: created.uniqueId))
  }

  // MARK: Rejections

  /// Source: core.telegram.org/mtproto/service_messages_about_messages, "Notice of Ignored Error Message".
  private mutating func rejected(
    _ notification: MT.BadMsgNotification, by message: InnerMessage, now: Moment, _ events: inout [Event]
  ) {
    guard isOurs(notification.badMsgId) else { return }
    countRejection(&events)
    switch notification.errorCode {
    case 16, 17:
      let shown = MessageIDGenerator.unixTime(of: message.id)
      let rejected = MessageIDGenerator.unixTime(of: notification.badMsgId)
      // Identifiers only grow within a session: a server whose clock went back refuses what agrees with its own ones,
      // and shows its time in a new session.
      if rejected > shown - .seconds(300), rejected < shown + .seconds(30) { needsNewSession = true }
      correctClock(by: shown - serverTime(now), &events)
      if notification.errorCode == 17 { messageIDs.goBack(to: serverTime(now)) }
      events += sendAnew(notification.badMsgId)
    case 20:
      // Too old for the server to know whether it had it.
      let inner = inner(of: notification.badMsgId)
      events += (inner.isEmpty ? [notification.badMsgId] : inner).flatMap { giveUp($0) }
    case 32, 33:
      events += sendAnew(notification.badMsgId)
      needsNewSession = true
    default:
      // 18 and 19 (identifiers), 34 and 35 (seqno parity), 64 (container): a new identifier and number may do.
      events += sendAnew(notification.badMsgId)
    }
  }

  /// Gives a connection up on which the server takes nothing, rather than going round in circles.
  private mutating func countRejection(_ events: inout [Event]) {
    rejectionsInARow += 1
    guard rejectionsInARow > Self.maximumRejectionsInARow else { return }
    rejectionsInARow = 0
    events.append(.stalled)
  }

  private func isOurs(_ messageID: Int64) -> Bool {
    carried[messageID] != nil || messageID == lastPingMessageID || packets.contains { $0.id == messageID }
      || stateQuestions.contains { $0.id == messageID }
      || messageID <= messageIDs.latest && messageID > messageIDs.latest - (60 << 32)
  }

  private mutating func correctClock(by drift: Duration, _ events: inout [Event]) {
    timeOffset += drift
    serverClock = nil
    events.append(.timeOffset(timeOffset))
    if hasDropped { events.append(.messagesDropped) }
    hasDropped = false
  }

  /// Whether a message speaks of one we sent lately, which nobody could have recorded before.
  ///
  /// A result may be one that is sent again.
  private func answersOurs(_ body: ByteBuffer, countingResults: Bool = true, isInner: Bool = false) -> Bool {
    var reader = TLReader(body)
    do throws(TLError) {
      switch try reader.readConstructor() {
      case Container.constructor:
        guard !isInner else { return false }
        return try Container.decode(body).contains {
          answersOurs($0.body, countingResults: countingResults, isInner: true)
        }
      case Self.rpcResult:
        return countingResults ? isOurs(try reader.readLong()) : false
      case MT.Pong.constructor, MT.BadMsgNotification.constructor, MT.BadServerSalt.constructor,
        MT.FutureSalts.constructor:
        return isOurs(try reader.readLong())
      default:
        return false
      }
    } catch { return false }
  }
}
