import Foundation
public import MTProto
import NIOCore
public import TL
import TelegramClient

/// Turns updates into what the archive is to do.
///
/// It looks nothing up and keeps nothing: what an operation means for a message that is already there is decided by
/// the archive, inside the transaction that changes it.
public struct Recorder: Sendable {
  public var policy: RecorderPolicy

  public init(policy: RecorderPolicy) {
    self.policy = policy
  }

  /// - Parameter now: seconds since 1970.
  public func record(_ updates: UpdateBatch, now: Int64) -> RecorderBatch {
    var batch = RecorderBatch(receivedAt: now)
    batch.stateChange = updates.stateChange
    batch.gaps = updates.gaps
    batch.answered = Set(updates.answered.compactMap(MessageScope.init(gapOf:)))
    batch.setAside = updates.setAside.compactMap { setAside($0, now: now) }
    batch.peers = updates.users.compactMap(PeerRecord.init) + updates.chats.compactMap(PeerRecord.init)
    batch.operations = updates.updates.compactMap { operation(for: $0) }
    return batch
  }

  /// Messages that were asked for, in the state they are in now.
  ///
  /// - Parameter now: seconds since 1970.
  public func record(messages: [API.AnyMessage], users: [API.AnyUser], chats: [API.AnyChat], now: Int64)
    -> RecorderBatch
  {
    var batch = RecorderBatch(receivedAt: now)
    batch.peers = users.compactMap(PeerRecord.init) + chats.compactMap(PeerRecord.init)
    batch.operations = messages.compactMap { keep($0) }
    return batch
  }

  /// A stored message as it is now; `version` is the one that was stored when it was asked for.
  public func observe(_ message: API.AnyMessage, version: Int64) -> RecorderBatch.Operation? {
    guard case .message(let record) = keep(message) else { return nil }
    return .observed(record, version: version)
  }

  /// Whether there is anything in an update for the archive.
  func keepsAny(of update: API.AnyUpdate) -> Bool { operation(for: update) != nil }

  private func operation(for update: API.AnyUpdate) -> RecorderBatch.Operation? {
    switch update {
    case .updateNewMessage(let update): return saveLinks(update.message) ?? keep(update.message)
    case .updateNewChannelMessage(let update): return saveLinks(update.message) ?? keep(update.message)
    case .updateEditMessage(let update): return keep(update.message)
    case .updateEditChannelMessage(let update): return keep(update.message)
    case .updateDeleteMessages(let update):
      return .deleteWithoutChat(ids: update.messages.map(Int64.init))
    case .updateDeleteChannelMessages(let update):
      guard let channel = PeerID.channel(update.channelId), channel != policy.logChat else { return nil }
      return .deleteInChannel(channel, ids: update.messages.map(Int64.init))
    case .updateReadMessagesContents(let update):
      return .openedWithoutChat(ids: update.messages.map(Int64.init))
    case .updateChannelReadMessagesContents(let update):
      guard let channel = PeerID.channel(update.channelId), channel != policy.logChat else { return nil }
      return .openedInChannel(channel, ids: update.messages.map(Int64.init))
    case .other(let raw):
      if let name = raw.name, Self.passing.contains(name) { return nil }
      return .keep(raw: Data(raw.bytes.readableBytesView))
    default:
      return nil
    }
  }

  /// Updates without typed Swift that come often and say nothing of any message; the others are kept as they came.
  private static let passing: Set<String> = [
    "updateBotCommands", "updateDialogUnreadMark", "updateEncryptedChatTyping", "updateGroupCall",
    "updateGroupCallChainBlocks", "updateGroupCallConnection", "updateGroupCallParticipants", "updateNewStoryReaction",
    "updatePendingJoinRequests", "updatePhoneCallSignalingData", "updatePinnedForumTopic", "updatePinnedForumTopics",
    "updateReadChannelDiscussionInbox", "updateReadChannelDiscussionOutbox", "updateReadMonoForumInbox",
    "updateReadMonoForumOutbox", "updateReadStories", "updateRecentEmojiStatuses", "updateRecentReactions",
    "updateStarsBalance", "updateStory", "updateStoryID", "updateUserEmojiStatus",
  ]

  private func keep(_ message: API.AnyMessage) -> RecorderBatch.Operation? {
    switch message {
    case .message(let message):
      guard let record = MessageRecord(message, selfID: policy.selfID), isKept(record) else { return nil }
      return .message(record)
    case .messageService(let message):
      guard let record = MessageRecord(message, selfID: policy.selfID), isKept(record) else { return nil }
      return .message(record)
    case .messageEmpty:
      return nil
    case .other(let raw):
      return .keep(raw: Data(raw.bytes.readableBytesView))
    }
  }

  /// Nil for what nobody wants to keep.
  private func setAside(_ event: SetAsideEvent, now: Int64) -> SetAside? {
    guard let scope = MessageScope(gapOf: event.channelID) else { return nil }
    switch event.cause {
    case .refused(let reason):
      return SetAside(kind: .updates, scope: scope, pts: event.pts, reason: reason, now: now)
    case .unreadable(let answer, let reason):
      let chat = event.message.flatMap { PeerID($0.peer) } ?? scope.channel
      if let chat, chat == policy.logChat || policy.ignored.contains(chat) { return nil }
      return SetAside(
        kind: .object, scope: scope, chat: chat, message: event.message.map { Int64($0.id) }, pts: event.pts,
        reason: reason, now: now, raw: Data(answer.readableBytesView))
    }
  }

  /// What the account's owner has written in the log chat may name messages to be saved.
  private func saveLinks(_ message: API.AnyMessage) -> RecorderBatch.Operation? {
    guard case .message(let message) = message, PeerID(message.peerId) == policy.logChat,
      let record = MessageRecord(message, selfID: policy.selfID),
      record.isOutgoing || record.sender == policy.selfID, record.forward == nil, !OwnPost.isOne(record.text.text)
    else { return nil }
    let links = MessageLink.links(in: record.text)
    return links.isEmpty ? nil : .saveLinks(message: record.id, links)
  }

  private func isKept(_ message: MessageRecord) -> Bool {
    if message.chat == policy.logChat { return false }
    if message.isOutgoing, !policy.keepsOutgoing { return false }
    if policy.ignored.contains(message.chat) { return false }
    if let sender = message.sender, policy.ignored.contains(sender) { return false }
    return true
  }
}
