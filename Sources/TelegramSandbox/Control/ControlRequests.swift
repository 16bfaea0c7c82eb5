import Foundation
import TL

/// Why a request to the control address is refused: told as `{"error": …}` with status 400.
struct ControlError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A request of which every field is known: one that is not is a mistake of whoever wrote it.
protocol ControlRequest: Decodable, Sendable {
  associatedtype CodingKeys: CodingKey, CaseIterable
}

/// A request that has no fields but the known ones.
struct Strict<Request: ControlRequest>: Decodable, Sendable {
  let value: Request

  init(from decoder: any Decoder) throws {
    let names = Set(try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue))
    let known = Set(Request.CodingKeys.allCases.map(\.stringValue))
    if let stranger = names.subtracting(known).min() {
      throw ControlError("there is no '\(stranger)' here; known are \(known.sorted().joined(separator: ", "))")
    }
    value = try Request(from: decoder)
  }
}

/// A name in a JSON object of which the names are not known before.
struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension MessageFields: Codable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: AnyKey.self)
    var values: [String: TLValue?] = [:]
    for key in container.allKeys {
      let value = try container.decodeNil(forKey: key) ? nil : try container.decode(TLValue.self, forKey: key)
      values.updateValue(value, forKey: key.stringValue)
    }
    try self.init(values)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: AnyKey.self)
    for (name, value) in values {
      try container.encode(value.map(SchemaValue.init), forKey: AnyKey(stringValue: name))
    }
  }
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

struct SayRequest: ControlRequest {
  var from: Reference
  var chat: Reference
  var text: String?
  var entities: [EntityRequest]?
  /// A file to attach.
  var file: FileReference?
  /// Several, as one album.
  var album: [FileReference]?
  /// A medium without a file.
  var media: Strict<MediaRequest>?
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
  /// A service message's action by the schema's names, in place of a text.
  var action: TLValue?
  /// Fields of the message by the schema's names.
  var fields: MessageFields?
  /// Whether its pushes wait for `release_updates`.
  var hold: Bool?
  /// How much later its pushes come.
  var delayMilliseconds: Int?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case from, chat, text, entities, file, album, media, mime, kind, ttl, spoiler, dc, topic, silent, stars, action
    case fields, hold
    case replyTo = "reply_to"
    case noForwards = "noforwards"
    case delayMilliseconds = "delay_ms"
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

struct EditRequest: ControlRequest {
  var from: Reference
  var chat: Reference
  var id: Int32
  var text: String?
  var entities: [EntityRequest]?
  /// A file instead of the one there was.
  var file: FileReference?
  /// Change it without telling anybody.
  var silent: Bool?
  /// Fields of the message by the schema's names.
  var fields: MessageFields?
  /// Whether its pushes wait for `release_updates`.
  var hold: Bool?
  /// How much later its pushes come.
  var delayMilliseconds: Int?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case from, chat, id, text, entities, file, silent, fields, hold
    case delayMilliseconds = "delay_ms"
  }
}

struct DeleteRequest: ControlRequest {
  var from: Reference
  var chat: Reference
  var ids: [Int32]
  /// For everyone, which is the default.
  var revoke: Bool?
  /// Delete without telling anybody.
  var silent: Bool?
  /// Whether its pushes wait for `release_updates`.
  var hold: Bool?
  /// How much later its pushes come.
  var delayMilliseconds: Int?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case from, chat, ids, revoke, silent, hold
    case delayMilliseconds = "delay_ms"
  }
}

struct MemberRequest: ControlRequest {
  /// A supergroup or channel.
  var chat: Reference
  var user: Reference
  /// False to put the account out, true to let it in again.
  var isMember: Bool

  enum CodingKeys: String, CodingKey, CaseIterable {
    case chat, user
    case isMember = "is_member"
  }
}

struct FaultRequest: ControlRequest {
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
  /// How many calls or answers are concerned; all without it.
  var times: Int?
  var chat: Reference?
  /// A message's id.
  var id: Int32?
  /// What of a message is of a newer layer.
  var part: String?
  /// Messages that are left out.
  var ids: [Int32]?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, user, method, seconds, count, every, code, message, events, bytes, corrupt, dc, times, chat, id, part
    case ids
    case everyMilliseconds = "every_ms"
    case milliseconds = "ms"
  }
}

/// Sends messages on.
struct ForwardRequest: ControlRequest {
  var from: Reference
  var chat: Reference
  var to: Reference
  var ids: [Int32]
  /// Without telling from where.
  var dropAuthor: Bool?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case from, chat, to, ids
    case dropAuthor = "drop_author"
  }
}

/// Protects a chat or lets it be forwarded again.
struct ProtectRequest: ControlRequest {
  var chat: Reference
  var isProtected: Bool

  enum CodingKeys: String, CodingKey, CaseIterable {
    case chat
    case isProtected = "noforwards"
  }
}

/// Makes a topic; the chat becomes a forum if it is none.
struct TopicRequest: ControlRequest {
  var from: Reference
  var chat: Reference
  var title: String

  enum CodingKeys: String, CodingKey, CaseIterable {
    case from, chat, title
  }
}

/// Makes a supergroup of a basic group, as its creator does.
struct MigrateRequest: ControlRequest {
  var chat: Reference

  enum CodingKeys: String, CodingKey, CaseIterable {
    case chat
  }
}

/// Opens media, as a person who looks at them.
struct OpenRequest: ControlRequest {
  var user: Reference
  var chat: Reference
  var ids: [Int32]

  enum CodingKeys: String, CodingKey, CaseIterable {
    case user, chat, ids
  }
}

/// Lets a device in that shows a QR code, as a person does who scans it.
struct AcceptLoginRequest: ControlRequest {
  var user: Reference
  /// `tg://login?token=…`.
  var token: String

  enum CodingKeys: String, CodingKey, CaseIterable {
    case user, token
  }
}
