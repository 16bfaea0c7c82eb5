import NIOCore
import TL

/// What a simulated call, answer or update says; the link does not look inside.
enum Payload {
  enum Kind: Int32 {
    /// May be run as often as anybody likes.
    case read
    /// May be run once.
    case write
    /// Asks for the number of updates so far.
    case difference

    var method: String {
      switch self {
      case .read: "users.getUsers"
      case .write: "messages.sendMessage"
      case .difference: "updates.getDifference"
      }
    }
  }

  static let call: UInt32 = 0x5eed_0001
  static let answer: UInt32 = 0x5eed_0002
  static let update: UInt32 = 0x5eed_0003

  static func call(_ number: Int, _ kind: Kind, padding: Int) -> ByteBuffer {
    body(call, number, Int(kind.rawValue), padding)
  }

  static func answer(to number: Int, _ value: Int, padding: Int) -> ByteBuffer { body(answer, number, value, padding) }

  static func update(_ number: Int, padding: Int) -> ByteBuffer { body(update, number, 0, padding) }

  /// The two numbers of a body that begins with `constructor`; nil for any other.
  static func read(_ constructor: UInt32, _ body: ByteBuffer) -> (number: Int, value: Int)? {
    var reader = TLReader(body)
    guard (try? reader.readConstructor()) == constructor, let number = try? reader.readLong(),
      let value = try? reader.readLong()
    else { return nil }
    return (Int(number), Int(value))
  }

  /// Takes off what a client wraps a call in; says whether it was introduced, and whether it wants no updates.
  static func unwrap(_ body: ByteBuffer) -> (body: ByteBuffer, isIntroduced: Bool, isWithoutUpdates: Bool)? {
    var reader = TLReader(body)
    var (isIntroduced, isWithoutUpdates) = (false, false)
    while true {
      let rest = reader.buffer
      guard let constructor = try? reader.readConstructor() else { return nil }
      switch constructor {
      case 0xda9b_0d0d:
        guard (try? reader.readInt()) == API.layer else { return nil }
      case 0xbf94_59b7:
        isWithoutUpdates = true
      case 0xc1cd_5ea9:
        guard (try? reader.readInt()) != nil, (try? reader.readInt()) != nil else { return nil }
        for _ in 0..<6 { guard (try? reader.readString()) != nil else { return nil } }
        isIntroduced = true
      default:
        return (rest, isIntroduced, isWithoutUpdates)
      }
    }
  }

  /// A body's kind, a container's content, for people.
  static func describe(_ body: ByteBuffer) -> String {
    var reader = TLReader(body)
    guard let constructor = try? reader.readConstructor() else { return "nothing" }
    guard constructor == 0x73f1_f8dc else { return names[constructor] ?? "\(body.readableBytes) bytes" }
    var parts: [String] = []
    for _ in 0..<((try? reader.readCount()) ?? 0) {
      guard let id = try? reader.readLong(), (try? reader.readInt()) != nil, let length = try? reader.readInt(),
        let inner = try? reader.readRaw(length: Int(length))
      else { break }
      if parts.count < 12 { parts.append("\(describe(inner)) \(id)") }
    }
    return "[\(parts.joined(separator: ", "))]"
  }

  private static let names: [UInt32: String] = [
    0xf35c_6d01: "rpc_result", MT.MsgsAck.constructor: "msgs_ack", MT.GzipPacked.constructor: "gzip_packed",
    MT.BadMsgNotification.constructor: "bad_msg_notification", MT.BadServerSalt.constructor: "bad_server_salt",
    MT.NewSessionCreated.constructor: "new_session_created", MT.FutureSalts.constructor: "future_salts",
    MT.Pong.constructor: "pong", MT.MsgsStateReq.constructor: "msgs_state_req",
    MT.MsgsStateInfo.constructor: "msgs_state_info", MT.MsgDetailedInfo.constructor: "msg_detailed_info",
    MT.MsgNewDetailedInfo.constructor: "msg_new_detailed_info", MT.MsgResendReq.constructor: "msg_resend_req",
    MT.MsgResendAnsReq.constructor: "msg_resend_ans_req", MT.RpcDropAnswer.constructor: "rpc_drop_answer",
    MT.PingDelayDisconnect.constructor: "ping_delay_disconnect", MT.GetFutureSalts.constructor: "get_future_salts",
    update: "update", 0xda9b_0d0d: "invokeWithLayer", 0xbf94_59b7: "invokeWithoutUpdates", call: "call",
  ]

  private static func body(_ constructor: UInt32, _ number: Int, _ value: Int, _ padding: Int) -> ByteBuffer {
    var writer = TLWriter()
    writer.writeConstructor(constructor)
    writer.writeLong(Int64(number))
    writer.writeLong(Int64(value))
    writer.writeRaw(ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: padding / 4 * 4))
    return writer.buffer
  }
}
