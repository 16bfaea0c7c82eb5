/// What the control address tells of the world; design of the JSON: section 8 of the sandbox's description.
struct ChatAnswer: Encodable {
  struct Forward: Encodable {
    /// Bot API id.
    var from: Int64?
    var date: Int32
    var post: Int32?
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
    var media: MediaAnswer?
    var groupedID: Int64?
    var replyTo: Int32?
    /// The thread's first message; in a forum the topic.
    var thread: Int32?
    var noForwards: Bool?
    /// Whether nobody has opened its medium; told only of media of which that is told.
    var mediaUnread: Bool?
    /// Where it was forwarded from.
    var forward: Forward?
    /// The schema's name of what a service message tells.
    var action: String?
    /// What was laid over the message, by the schema's names.
    var fields: MessageFields?

    enum CodingKeys: String, CodingKey {
      case id, from, author, date, text, entities, media, action, thread, forward, fields
      case noForwards = "noforwards"
      case mediaUnread = "media_unread"
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
    /// Ids of documents, the latest first.
    var savedGifs: [Int64]
    var recentStickers: [Int64]

    enum CodingKeys: String, CodingKey {
      case name, id, pts, sessions
      case savedGifs = "saved_gifs"
      case recentStickers = "recent_stickers"
    }
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
  /// An album's messages, as their author sees them.
  var album: [Int32]?
  /// The same for everybody who has them, by name.
  var albumIDs: [[String: Int32]]?

  enum CodingKeys: String, CodingKey {
    case id, chat, ids, album
    case albumIDs = "album_ids"
  }
}
