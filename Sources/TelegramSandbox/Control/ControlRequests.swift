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
  /// Path of a file to attach.
  var file: String?
  var mime: String?
  /// `photo` or `document`.
  var kind: String?
  /// Seconds a medium is shown.
  var ttl: Int32?
  var replyTo: Int32?
  var silent: Bool?

  enum CodingKeys: String, CodingKey {
    case from, chat, text, entities, file, mime, kind, ttl, silent
    case replyTo = "reply_to"
  }
}

struct EditRequest: Decodable, Sendable {
  var from: Reference
  var chat: Reference
  var id: Int32
  var text: String
  var entities: [EntityRequest]?
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
}
