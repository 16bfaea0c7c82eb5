import MTProto
import NIOCore
import TL

/// What the client asks of the session itself.
extension ServerSession {
  static func isService(_ constructor: UInt32) -> Bool {
    switch constructor {
    case MT.Ping.constructor, MT.PingDelayDisconnect.constructor, MT.MsgsStateReq.constructor,
      MT.MsgResendReq.constructor, MT.MsgResendAnsReq.constructor, MT.RpcDropAnswer.constructor,
      MT.GetFutureSalts.constructor, MT.DestroySession.constructor, MT.HttpWait.constructor,
      MT.MsgsStateInfo.constructor, MT.MsgsAllInfo.constructor, MT.DestroyAuthKey.constructor:
      true
    default: false
    }
  }

  mutating func service(
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

  mutating func acknowledge(_ id: Int64) {
    guard let message = unacknowledged.removeValue(forKey: id) else { return }
    if let call = message.answers, receipts[call] != nil { receipts[call]?.receipt = .done }
  }
}
