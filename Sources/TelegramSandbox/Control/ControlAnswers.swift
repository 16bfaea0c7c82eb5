/// What the control address tells of the world; design of the JSON: section 8 of the sandbox's description.
struct ChatAnswer: Encodable {
  struct Media: Encodable {
    var kind: String
    var name: String?
    var mime: String
    var size: Int64
    var sha256: String
    var ttl: Int32?
  }

  struct Message: Encodable {
    var id: Int32
    /// Bot API id of whom the message shows as its author.
    var from: Int64
    /// Who wrote it, also where the channel stands as the author.
    var author: Int64
    var date: Int32
    var editDate: Int32?
    var text: String
    var entities: [EntityRequest]
    var media: Media?
    var groupedID: Int64?
    var replyTo: Int32?
    /// The schema's name of what a service message tells.
    var action: String?

    enum CodingKeys: String, CodingKey {
      case id, from, author, date, text, entities, media, action
      case editDate = "edit_date"
      case groupedID = "grouped_id"
      case replyTo = "reply_to"
    }
  }

  var id: Int64
  var title: String
  var messages: [Message]
}

struct StateAnswer: Encodable {
  struct User: Encodable {
    var name: String
    var id: Int64
    var pts: Int32
    /// Connected sessions.
    var sessions: Int
  }

  struct Channel: Encodable {
    var id: Int64
    var title: String
    var pts: Int32
    var messages: Int
  }

  /// Unix time.
  var time: Int32
  var users: [User]
  var channels: [Channel]
  /// Methods that clients asked for in vain, with how often.
  var unknownMethods: [String: Int]

  enum CodingKeys: String, CodingKey {
    case time, users, channels
    case unknownMethods = "unknown_methods"
  }
}

struct SayAnswer: Encodable {
  /// The message's id as its author sees it.
  var id: Int32
  /// Bot API id of the conversation as its author sees it.
  var chat: Int64
  /// The message's id for everybody who has it, by name; ids of private chats and basic groups differ.
  var ids: [String: Int32]
}
