import Foundation

/// Why a request to the control address is refused: told as `{"error": …}` with status 400.
struct ControlError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A conversation or an account by name or by Bot API id.
enum Reference: Decodable, Sendable, CustomStringConvertible {
  case id(Int64)
  case name(String)

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let id = try? container.decode(Int64.self) {
      self = .id(id)
    } else {
      self = Reference(try container.decode(String.self))
    }
  }

  init(_ text: String) { self = Int64(text).map(Reference.id) ?? .name(text) }

  var description: String {
    switch self {
    case .id(let id): "\(id)"
    case .name(let name): "'\(name)'"
    }
  }
}

/// An entity as the Bot API writes it.
struct EntityRequest: Codable, Sendable {
  var type: String
  var offset: Int32
  var length: Int32
  var url: String?
  var language: String?
  var user: Int64?
  var customEmoji: Int64?

  enum CodingKeys: String, CodingKey {
    case type, offset, length, url, language
    case user = "user_id"
    case customEmoji = "custom_emoji_id"
  }
}

struct SayRequest: Decodable, Sendable {
  var from: Reference
  var chat: Reference
  var text: String?
  var entities: [EntityRequest]?
  /// A file to attach.
  var file: FileRequest?
  /// Several, as one album.
  var album: [FileRequest]?
  /// A medium without a file.
  var media: MediaRequest?
  var mime: String?
  /// What to make of the file, see `FileKind`.
  var kind: String?
  /// Seconds a medium is shown once opened, or `"once"`.
  var ttl: TTLRequest?
  var spoiler: Bool?
  /// The data centre that has the file.
  var dc: Int32?
  var replyTo: Int32?
  /// A forum topic's id.
  var topic: Int32?
  var silent: Bool?
  var noForwards: Bool?
  /// What members pay for the file or album, in stars.
  var stars: Int64?

  enum CodingKeys: String, CodingKey {
    case from, chat, text, entities, file, album, media, mime, kind, ttl, spoiler, dc, topic, silent, stars
    case replyTo = "reply_to"
    case noForwards = "noforwards"
  }
}

/// Seconds, or `"once"`.
struct TTLRequest: Decodable, Sendable {
  let seconds: Int32

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let seconds = try? container.decode(Int32.self) {
      self.seconds = seconds
    } else {
      guard try container.decode(String.self) == "once" else {
        throw ControlError("ttl is a number of seconds or 'once'")
      }
      seconds = StoredMedia.viewOnce
    }
  }
}

struct EditRequest: Decodable, Sendable {
  var from: Reference
  var chat: Reference
  var id: Int32
  var text: String?
  var entities: [EntityRequest]?
  /// A file instead of the one there was.
  var file: FileRequest?
  /// Change it without telling anybody.
  var silent: Bool?
}

struct DeleteRequest: Decodable, Sendable {
  var from: Reference
  var chat: Reference
  var ids: [Int32]
  /// For everyone, which is the default.
  var revoke: Bool?
  /// Delete without telling anybody.
  var silent: Bool?
}

struct MemberRequest: Decodable, Sendable {
  /// A supergroup or channel.
  var chat: Reference
  var user: Reference
  /// False to put the account out, true to let it in again.
  var isMember: Bool

  enum CodingKeys: String, CodingKey {
    case chat, user
    case isMember = "is_member"
  }
}

struct FaultRequest: Decodable, Sendable {
  var kind: String
  var user: Reference?
  var method: String?
  var seconds: Int?
  var count: Int?
  /// One of so many updates, for as long as it lasts.
  var every: Int?
  var code: Int32?
  var message: String?
  var events: Int?
  /// Time between cuts.
  var everyMilliseconds: Int?
  /// Smallest file the CDN hands out; bytes a second of a slow network.
  var bytes: Int64?
  /// Whether the CDN sends wrong bytes.
  var corrupt: Bool?
  var milliseconds: Int?
  /// The data centre files move to.
  var dc: Int32?

  enum CodingKeys: String, CodingKey {
    case kind, user, method, seconds, count, every, code, message, events, bytes, corrupt, dc
    case everyMilliseconds = "every_ms"
    case milliseconds = "ms"
  }
}

/// Protects a chat or lets it be forwarded again.
struct ProtectRequest: Decodable, Sendable {
  var chat: Reference
  var isProtected: Bool

  enum CodingKeys: String, CodingKey {
    case chat
    case isProtected = "noforwards"
  }
}

/// Makes a topic; the chat becomes a forum if it is none.
struct TopicRequest: Decodable, Sendable {
  var from: Reference
  var chat: Reference
  var title: String
}

/// Opens media, as a person who looks at them.
struct OpenRequest: Decodable, Sendable {
  var user: Reference
  var chat: Reference
  var ids: [Int32]
}
