import Foundation
import NIOCore
import TL

/// What a service message says, in a sentence without its subject: "pinned a message".
///
/// Pure: bytes in, text out.
enum ActionDescription {
  static func text(of record: RawRecord) -> String {
    guard let action = try? API.AnyMessageAction(decoding: ByteBuffer(bytes: record.raw)) else {
      return words(record.kind)
    }
    return describe(action) ?? words(record.kind)
  }

  /// The name a service message gives a forum topic.
  static func topicTitle(of record: RawRecord) -> String? {
    guard
      case .messageActionTopicCreate(let action)? = try? API.AnyMessageAction(decoding: ByteBuffer(bytes: record.raw))
    else { return nil }
    return action.title
  }

  private static func describe(_ action: API.AnyMessageAction) -> String? {
    switch action {
    case .messageActionChatCreate(let action): "created the group \(quoted(action.title))"
    case .messageActionChannelCreate(let action): "created \(quoted(action.title))"
    case .messageActionChatEditTitle(let action): "changed the name to \(quoted(action.title))"
    case .messageActionChatEditPhoto: "changed the picture"
    case .messageActionChatDeletePhoto: "removed the picture"
    case .messageActionChatAddUser(let action): "added \(users(action.users))"
    case .messageActionChatDeleteUser(let action): "removed \(users([action.userId])), or left"
    case .messageActionChatJoinedByLink: "joined by an invite link"
    case .messageActionChatJoinedByRequest: "joined after asking to"
    case .messageActionChatMigrateTo: "made the group a supergroup"
    case .messageActionChannelMigrateFrom(let action): "was the group \(quoted(action.title))"
    case .messageActionPinMessage: "pinned a message"
    case .messageActionHistoryClear: "cleared the history"
    case .messageActionGameScore(let action): "scored \(action.score) in a game"
    case .messageActionPaymentSent(let action): "paid \(Money.text(action.totalAmount, action.currency))"
    case .messageActionPhoneCall(let call): describe(call)
    case .messageActionConferenceCall(let call):
      call.missed ? "missed a group call" : "held a group call" + length(call.duration)
    case .messageActionScreenshotTaken: "took a screenshot"
    case .messageActionCustomAction(let action): DisplayName.clean(action.message, limit: 300)
    case .messageActionBotAllowed: "allowed the bot to write"
    case .messageActionContactSignUp: "joined Telegram"
    case .messageActionGeoProximityReached(let action):
      "\(MediaDescription.name(of: action.fromId)) is within \(action.distance) m of "
        + MediaDescription.name(of: action.toId)
    case .messageActionGroupCall(let call):
      call.duration == nil ? "began a video chat" : "ended a video chat" + length(call.duration)
    case .messageActionInviteToGroupCall(let action): "invited \(users(action.users)) to the video chat"
    case .messageActionGroupCallScheduled: "scheduled a video chat"
    case .messageActionSetMessagesTTL(let action):
      action.period == 0
        ? "switched auto-deletion off" : "set messages to delete themselves after \(duration(action.period))"
    case .messageActionWebViewDataSent(let action): "sent data by the button \(quoted(action.text))"
    case .messageActionGiftPremium(let gift): "gave Premium for \(gift.days) days"
    case .messageActionGiftStars(let gift): "gave \(gift.stars) Stars"
    case .messageActionGiveawayLaunch: "began a giveaway"
    case .messageActionGiveawayResults(let results): "chose \(results.winnersCount) winners of a giveaway"
    case .messageActionBoostApply(let action): "boosted the group \(action.boosts) times"
    case .messageActionTopicCreate(let action): "created the topic \(quoted(action.title))"
    case .messageActionTopicEdit(let action): describe(action)
    case .messageActionTodoCompletions(let action):
      "marked \(action.completed.count) tasks as done, \(action.incompleted.count) as not done"
    case .messageActionTodoAppendTasks(let action):
      "added the tasks \(action.list.prefix(30).map { quoted($0.title.text) }.joined(separator: ", "))"
    case .messageActionNoForwardsToggle(let action):
      action.newValue ? "forbade forwarding and saving" : "allowed forwarding and saving"
    case .messageActionEmpty, .other: nil
    }
  }

  private static func describe(_ call: API.MessageActionPhoneCall) -> String {
    let kind = call.video ? "video call" : "call"
    switch call.reason {
    case .phoneCallDiscardReasonMissed: return "missed \(kind)"
    case .phoneCallDiscardReasonBusy: return "declined \(kind)"
    default: return kind + length(call.duration)
    }
  }

  private static func describe(_ edit: API.MessageActionTopicEdit) -> String {
    var changes: [String] = []
    if let title = edit.title { changes.append("named the topic \(quoted(title))") }
    if let closed = edit.closed { changes.append(closed ? "closed the topic" : "opened the topic") }
    if let hidden = edit.hidden { changes.append(hidden ? "hid the topic" : "showed the topic") }
    return changes.isEmpty ? "changed the topic's icon" : changes.joined(separator: ", ")
  }

  private static func length(_ seconds: Int32?) -> String { seconds.map { " of \(duration($0))" } ?? "" }
  private static func duration(_ seconds: Int32) -> String { MediaDescription.duration(seconds) }
  private static func quoted(_ name: String) -> String { "“\(DisplayName.clean(name))”" }

  private static func users(_ ids: [Int64]) -> String {
    ids.isEmpty ? "somebody" : ids.prefix(20).map { "user \($0)" }.joined(separator: ", ")
  }

  /// The constructor's name as words: "suggestedPostApproval" as "suggested post approval".
  private static func words(_ kind: String) -> String {
    var words = ""
    for character in kind.prefix(64) {
      if character.isUppercase, let last = words.last, !last.isUppercase { words += " " }
      words += character.lowercased()
    }
    return words.isEmpty ? "something happened" : words
  }
}
