import NIOCore
import TL

/// Where something that is rendered goes.
enum Destination: Hashable, Sendable {
  case push
  /// The answer to a method, by its name.
  case answer(String)
}

/// Messages, or their media, that are rendered as if by a server of a newer layer: with a constructor no schema has.
struct NewerLayer: Sendable {
  enum Part: String, CaseIterable, Sendable { case message, media }

  let part: Part
  /// Only messages of this conversation, as the viewer sees it.
  let chat: PeerKey?
  /// Only the message of this id, in the viewer's box or the channel's.
  let id: Int32?
  /// Only for this account.
  let viewer: Int64?
  /// Only there.
  let destination: Destination?
  /// The constructor, by which an answer that has such a message is recognized.
  let constructor: UInt32
  /// Answers and pushes that are still to be spoilt; nil for all.
  var remaining: Int?

  /// Constructors from here on are nobody's.
  static let firstConstructor: UInt32 = 0xf00d_0001

  func strikes(_ message: StoredMessage, for viewer: Int64, in destination: Destination) -> Bool {
    guard remaining != 0, self.viewer ?? viewer == viewer, chat ?? message.peer == message.peer,
      id ?? message.id == message.id
    else { return false }
    return self.destination ?? destination == destination
  }

  /// What stands in place of a value: the number, the value's own bytes and a field no reader expects.
  func disguise(_ value: some TLEncodable) -> TLRaw {
    var writer = TLWriter()
    writer.writeConstructor(constructor)
    writer.writeRaw(value.encoded())
    writer.writeInt(7)
    return TLRaw(unknown: constructor, bytes: writer.buffer)
  }
}

extension World {
  /// The message as a newer server would render it, where that is asked for.
  func disguised(_ rendered: API.AnyMessage, of message: StoredMessage, for viewer: Int64) -> API.AnyMessage {
    guard let rule = newerLayers.first(where: { $0.strikes(message, for: viewer, in: destination) }) else {
      return rendered
    }
    switch rule.part {
    case .message: return .other(rule.disguise(rendered))
    case .media:
      guard var typed = try? API.AnyMessage(decoding: rendered.encoded()), case .message(var own) = typed else {
        return rendered
      }
      own.media = .other(rule.disguise(own.media ?? .messageMediaEmpty(.init())))
      typed = .message(own)
      return typed
    }
  }

  /// Counts an answer or push down from what is to be spoilt, if it was.
  mutating func noteSent(_ body: ByteBuffer) {
    for index in newerLayers.indices {
      guard let remaining = newerLayers[index].remaining, remaining > 0 else { continue }
      let mark = withUnsafeBytes(of: newerLayers[index].constructor.littleEndian) { Array($0) }
      if body.readableBytesView.firstRange(of: mark) != nil { newerLayers[index].remaining = remaining - 1 }
    }
  }
}
