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
    batch.successors = ChatSuccessors.found(in: updates)
    let recorder = batch.successors.isEmpty ? self : following(batch.successors)
    batch.operations = updates.updates.compactMap { recorder.operation(for: $0) }
    return batch
  }

  /// A recorder that ignores what has become of ignored groups, and what the log chat was.
  private func following(_ successors: [PeerID: PeerID]) -> Recorder {
    var recorder = self
    for (group, successor) in successors {
      if policy.ignored.contains(group) { recorder.policy.ignored.insert(successor) }
      guard policy.logChat == group else { continue }
      recorder.policy.logChat = successor
      recorder.policy.ignored.insert(group)
    }
    return recorder
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
    case .updateWebPage(let update): return complete(update.webpage)
    case .updateChannelWebPage(let update): return complete(update.webpage)
    case .updateMessagePoll(let update):
      return complete(
        .poll(id: update.pollId, raw: Data(update.encoded().readableBytesView)), update.peer, id: update.msgId)
    case .updateMessageExtendedMedia(let update):
      return complete(.paidMedia(raw: Data(update.encoded().readableBytesView)), update.peer, id: update.msgId)
    case .updateTranscribedAudio(let update):
      guard !update.pending, let chat = PeerID(update.peer), isKept(chat) else { return nil }
      return .transcribed(chat, id: Int64(update.msgId), update.text)
    case .updateUserName(let update):
      guard let user = PeerID.user(update.userId) else { return nil }
      let username = update.usernames.first(where: \.active)?.username
      return .changed(user, .name(first: update.firstName, last: update.lastName, username: username))
    case .updateUserPhone(let update):
      return PeerID.user(update.userId).map { .changed($0, .phone(update.phone)) }
    case .other(let raw):
      if let name = raw.name, Self.passing.contains(name) { return nil }
      return keep(raw)
    default:
      return nil
    }
  }

  private func complete(_ page: API.AnyWebPage) -> RecorderBatch.Operation? {
    let id: Int64
    switch page {
    case .webPage(let page): id = page.id
    case .webPageEmpty(let page): id = page.id
    case .webPagePending, .webPageNotModified, .other: return nil
    }
    return .complete(.preview(page: id, raw: Data(page.encoded().readableBytesView)), chat: nil, id: nil)
  }

  private func complete(_ completion: MediaCompletion, _ peer: API.AnyPeer?, id: Int32?) -> RecorderBatch.Operation? {
    let chat = peer.flatMap { PeerID($0) }
    if let chat, !isKept(chat) { return nil }
    return .complete(completion, chat: chat, id: id.map(Int64.init))
  }

  /// Nil for what is of a chat or person that is not kept, and for what is larger than anything that may be of use.
  private func keep(_ raw: TLRaw) -> RecorderBatch.Operation? {
    guard raw.bytes.readableBytes <= RawUpdate.maximumSize else { return nil }
    let update = RawUpdate(raw.bytes)
    guard update.peers.allSatisfy(isKept) else { return nil }
    return .keep(raw: Data(raw.bytes.readableBytesView), chat: update.chat)
  }

  /// Updates without typed Swift that come often and say nothing of any message, and what the account has not sent yet;
  /// the others are kept as they came.
  private static let passing: Set<String> = [
    "updateBotCommands", "updateDeleteQuickReply", "updateDeleteQuickReplyMessages", "updateDeleteScheduledMessages",
    "updateDialogUnreadMark", "updateEncryptedChatTyping", "updateGroupCall",
    "updateGroupCallChainBlocks", "updateGroupCallConnection", "updateGroupCallParticipants", "updateNewStoryReaction",
    "updateNewQuickReply", "updateNewScheduledMessage", "updatePendingJoinRequests", "updatePhoneCallSignalingData",
    "updatePinnedForumTopic", "updatePinnedForumTopics",
    "updateQuickReplies", "updateQuickReplyMessage", "updateReadChannelDiscussionInbox",
    "updateReadChannelDiscussionOutbox", "updateReadMonoForumInbox",
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
      return keep(raw)
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

  private func isKept(_ peer: PeerID) -> Bool { peer != policy.logChat && !policy.ignored.contains(peer) }

  private func isKept(_ message: MessageRecord) -> Bool {
    if message.isOutgoing, !policy.keepsOutgoing { return false }
    if !isKept(message.chat) { return false }
    if let sender = message.sender, policy.ignored.contains(sender) { return false }
    return true
  }
}
