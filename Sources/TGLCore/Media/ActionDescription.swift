import Foundation
import NIOCore
import TL

/// What a service message says, in a sentence without its subject: "pinned a message".
///
/// Pure: bytes in, text out.
enum ActionDescription {
  /// - Parameter members: who acted, and what the members are called that it is about.
  static func text(of record: RawRecord, members: Members = Members()) -> String {
    guard let action = try? API.AnyMessageAction(decoding: ByteBuffer(bytes: record.raw)) else {
      return words(record.kind)
    }
    return describe(action, members) ?? words(record.kind)
  }

  /// The people in a service message.
  struct Members {
    /// Who acted; nil where that is not known.
    var sender: Int64?
    /// Names by bare ids, as far as they are known.
    var names: [Int64: String] = [:]

    func list(_ ids: [Int64]) -> String {
      let people = ids.prefix(20).map { id in
        let name = DisplayName.clean(names[id] ?? "")
        return name.isEmpty ? "user \(id)" : name
      }
      return people.isEmpty ? "somebody" : people.joined(separator: ", ")
    }

    /// Who was added; nobody is added by himself.
    func added(_ ids: [Int64]) -> String { ids.count == 1 && ids[0] == sender ? "joined" : "added \(list(ids))" }

    /// Who is not a member any more: by himself, or by somebody else.
    func removed(_ id: Int64) -> String {
      guard let sender else { return "removed \(list([id])), or left" }
      return id == sender ? "left" : "removed \(list([id]))"
    }
  }

  /// The members a service message is about, by their bare ids.
  static func members(of record: RawRecord) -> [Int64] {
    switch try? API.AnyMessageAction(decoding: ByteBuffer(bytes: record.raw)) {
    case .messageActionChatAddUser(let action): action.users
    case .messageActionChatDeleteUser(let action): [action.userId]
    case .messageActionInviteToGroupCall(let action): action.users
    default: []
    }
  }

  /// The name a service message gives a forum topic.
  static func topicTitle(of record: RawRecord) -> String? {
    guard
      case .messageActionTopicCreate(let action)? = try? API.AnyMessageAction(decoding: ByteBuffer(bytes: record.raw))
    else { return nil }
    return action.title
  }

  private static func describe(_ action: API.AnyMessageAction, _ members: Members) -> String? {
    switch action {
    case .messageActionChatCreate(let action): "created the group \(quoted(action.title))"
    case .messageActionChannelCreate(let action): "created \(quoted(action.title))"
    case .messageActionChatEditTitle(let action): "changed the name to \(quoted(action.title))"
    case .messageActionChatEditPhoto: "changed the picture"
    case .messageActionChatDeletePhoto: "removed the picture"
    case .messageActionChatAddUser(let action): members.added(action.users)
    case .messageActionChatDeleteUser(let action): members.removed(action.userId)
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
    case .messageActionInviteToGroupCall(let action): "invited \(members.list(action.users)) to the video chat"
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
