import MTProto
import TL
import TelegramClient

/// Which basic groups have become supergroups, as a batch of updates tells.
///
/// Source: "Channels, supergroups, gigagroups and basic groups", core.telegram.org/api/channel.
enum ChatSuccessors {
  static func found(in batch: UpdateBatch) -> [PeerID: PeerID] {
    var found: [PeerID: PeerID] = [:]
    for case .chat(let chat) in batch.chats {
      guard case .inputChannel(let channel)? = chat.migratedTo else { continue }
      note(chat.id, channel.channelId, &found)
    }
    for update in batch.updates {
      switch update {
      case .updateNewMessage(let update): read(update.message, &found)
      case .updateNewChannelMessage(let update): read(update.message, &found)
      default: break
      }
    }
    return found
  }

  private static func read(_ message: API.AnyMessage, _ found: inout [PeerID: PeerID]) {
    guard case .messageService(let message) = message else { return }
    switch (message.action, message.peerId) {
    case (.messageActionChatMigrateTo(let action), .peerChat(let chat)):
      note(chat.chatId, action.channelId, &found)
    case (.messageActionChannelMigrateFrom(let action), .peerChannel(let channel)):
      note(action.chatId, channel.channelId, &found)
    default: break
    }
  }

  private static func note(_ group: Int64, _ channel: Int64, _ found: inout [PeerID: PeerID]) {
    guard let group = PeerID.basicGroup(group), let channel = PeerID.channel(channel) else { return }
    found[group] = channel
  }
}

extension Settings {
  /// The chats that are named in the settings.
  var namedChats: Set<PeerID> { ignoredIDs.union(backfill.chats ?? []).union([logChat]) }

  /// The same settings for groups that have become supergroups since they were written; the old ids stay with them.
  func following(_ successors: [PeerID: PeerID]) -> Settings {
    func extended(_ chats: Set<PeerID>) -> Set<PeerID> { chats.union(chats.compactMap { successors[$0] }) }
    var settings = self
    settings.logChat = successors[logChat] ?? logChat
    settings.ignoredIDs = extended(ignoredIDs)
    if settings.logChat != logChat { settings.ignoredIDs.insert(logChat) }
    settings.backfill.chats = backfill.chats.map(extended)
    return settings
  }
}
