import NIOCore
import TL

/// What a service message tells, by the names of Telegram Desktop's export.
struct ServiceAction {
  var name: String
  var title: String?
  var newTitle: String?
  var text: String?
  /// In seconds.
  var duration: Int?
  var discardReason: String?
  /// In seconds.
  var period: Int?
  /// Users by their bare ids.
  var members: [Int64]?
  var inviter: Int64?

  /// An action that is not known here goes by the schema's name.
  init(_ record: RawRecord) {
    name = Self.snakeCase(record.kind)
    guard let action = try? API.AnyMessageAction(decoding: ByteBuffer(bytes: record.raw)) else { return }
    switch action {
    case .messageActionChatCreate(let action):
      name = "create_group"
      (title, members) = (action.title, action.users)
    case .messageActionChatEditTitle(let action):
      name = "edit_group_title"
      title = action.title
    case .messageActionChatEditPhoto: name = "edit_group_photo"
    case .messageActionChatDeletePhoto: name = "delete_group_photo"
    case .messageActionChatAddUser(let action):
      name = "invite_members"
      members = action.users
    case .messageActionChatDeleteUser(let action):
      name = "remove_members"
      members = [action.userId]
    case .messageActionChatJoinedByLink(let action):
      name = "join_group_by_link"
      inviter = action.inviterId
    case .messageActionChatJoinedByRequest: name = "join_group_by_request"
    case .messageActionChannelCreate(let action):
      name = "create_channel"
      title = action.title
    case .messageActionChatMigrateTo: name = "migrate_to_supergroup"
    case .messageActionChannelMigrateFrom(let action):
      name = "migrate_from_group"
      title = action.title
    case .messageActionPinMessage: name = "pin_message"
    case .messageActionHistoryClear: name = "clear_history"
    case .messageActionPhoneCall(let action):
      name = "phone_call"
      duration = action.duration.map(Int.init)
      discardReason = action.reason.flatMap(Self.reason)
    case .messageActionScreenshotTaken: name = "take_screenshot"
    case .messageActionCustomAction(let action):
      name = "custom_action"
      text = action.message
    case .messageActionContactSignUp: name = "joined_telegram"
    case .messageActionGroupCall(let action):
      name = "group_call"
      duration = action.duration.map(Int.init)
    case .messageActionSetMessagesTTL(let action):
      name = "set_messages_ttl"
      period = Int(action.period)
    case .messageActionTopicCreate(let action):
      name = "topic_created"
      title = action.title
    case .messageActionTopicEdit(let action):
      name = "topic_edit"
      newTitle = action.title
    default: break
    }
  }

  private static func reason(_ reason: API.AnyPhoneCallDiscardReason) -> String? {
    switch reason {
    case .phoneCallDiscardReasonBusy: "busy"
    case .phoneCallDiscardReasonDisconnect: "disconnect"
    case .phoneCallDiscardReasonHangup: "hangup"
    case .phoneCallDiscardReasonMissed: "missed"
    default: nil
    }
  }

  private static func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { text, letter in
      if letter.isUppercase {
        if !text.isEmpty { text += "_" }
        text += letter.lowercased()
      } else {
        text.append(letter)
      }
    }
  }
}
