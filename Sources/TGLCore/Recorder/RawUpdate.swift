import Foundation
import NIOCore
import TL
import TelegramClient

/// An update without typed Swift, and of whom it speaks, as far as the schema's table tells.
struct RawUpdate {
  /// Larger ones are dropped: nothing that is said of a message is as large.
  static let maximumSize = 256 * 1024

  /// Nil for one that names no chat.
  private(set) var chat: PeerID?
  /// All chats and people it names.
  private(set) var peers: Set<PeerID> = []

  init(_ bytes: ByteBuffer) {
    guard let value = try? TLSchema.api.value(bytes) else { return }
    read(value)
  }

  /// The chat is the one that is named first.
  private mutating func read(_ value: TLValue) {
    switch value {
    case .vector(let elements): for element in elements { read(element) }
    case .object(_, let fields):
      for (field, kind) in Self.ids {
        guard case .long(let id)? = fields[field], let peer = PeerID(kind: kind, bareID: id) else { continue }
        peers.insert(peer)
        if chat == nil { chat = peer }
      }
      for field in fields.keys.sorted(by: { Self.rank($0) < Self.rank($1) }) { fields[field].map { read($0) } }
    default: break
    }
  }

  private static let ids: [(field: String, kind: PeerID.Kind)] = [
    ("channel_id", .channel), ("chat_id", .basicGroup), ("user_id", .user),
  ]

  /// A message's chat comes before its author, and what an update is of before all else.
  private static func rank(_ field: String) -> String {
    switch field {
    case "peer", "peer_id": "0"
    case "message": "1"
    default: "2 \(field)"
    }
  }
}
