public import NIOCore
import TL

/// Why a sequence of updates, or one event of it, was set aside.
public struct SetAsideEvent: Sendable {
  public enum Cause: Sendable {
    /// The server refuses the difference for good; its word for the reason.
    case refused(reason: String)
    /// The answer with the event cannot be read, and is kept as it came.
    case unreadable(ByteBuffer, reason: String)
  }

  /// The channel's bare id; nil for private chats and basic groups.
  public var channelID: Int64?
  /// Where the sequence was.
  public var pts: Int32
  public var cause: Cause
  /// The message that could not be read, as far as its header could.
  public var message: UnreadableMessage?

  public init(channelID: Int64?, pts: Int32, cause: Cause, message: UnreadableMessage? = nil) {
    self.channelID = channelID
    self.pts = pts
    self.cause = cause
    self.message = message
  }

  var isRefusal: Bool { if case .refused = cause { true } else { false } }
}

/// What can be read of a message whose bytes cannot be read to the end.
public struct UnreadableMessage: Sendable, Equatable {
  public enum Peer: Sendable, Hashable {
    case user(Int64), group(Int64), channel(Int64)
  }

  public var peer: Peer
  public var id: Int32

  /// Finds the message in which reading fails; nil when that is outside of any message whose header is there.
  ///
  /// - Parameter answer: boxed, as the server sent it.
  public init?(in answer: ByteBuffer) {
    let open = TLSchema.api.openObjects(in: answer)
    for object in open.reversed() where object.name == "message" || object.name == "messageService" {
      guard let id = object.numbers["id"], let peer = object.objects["peer_id"].flatMap(Peer.init) else { continue }
      self.peer = peer
      self.id = Int32(clamping: id)
      return
    }
    return nil
  }
}

extension UnreadableMessage.Peer {
  fileprivate init?(_ peer: TLPartialObject) {
    switch peer.name {
    case "peerUser": guard let id = peer.numbers["user_id"] else { return nil }; self = .user(id)
    case "peerChat": guard let id = peer.numbers["chat_id"] else { return nil }; self = .group(id)
    case "peerChannel": guard let id = peer.numbers["channel_id"] else { return nil }; self = .channel(id)
    default: return nil
    }
  }
}
