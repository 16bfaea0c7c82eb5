import TL

/// Where an update stands in one of the event sequences.
///
/// Source: "Working with Updates", core.telegram.org/api/updates, section "Message-related event sequences".
enum UpdatePosition: Equatable {
  case account(pts: Int32, count: Int32)
  case channel(id: Int64, pts: Int32, count: Int32)
  case secret(qts: Int32)
  /// Ordered by nothing but its container.
  case none

  init(_ update: API.AnyUpdate) {
    switch update {
    case .updateNewMessage(let update): self = .account(pts: update.pts, count: update.ptsCount)
    case .updateEditMessage(let update): self = .account(pts: update.pts, count: update.ptsCount)
    case .updateDeleteMessages(let update): self = .account(pts: update.pts, count: update.ptsCount)
    case .updateReadHistoryInbox(let update): self = .account(pts: update.pts, count: update.ptsCount)
    case .updateReadHistoryOutbox(let update): self = .account(pts: update.pts, count: update.ptsCount)
    case .updateReadMessagesContents(let update): self = .account(pts: update.pts, count: update.ptsCount)
    case .updatePinnedMessages(let update): self = .account(pts: update.pts, count: update.ptsCount)
    case .updateNewChannelMessage(let update):
      self = Self.channel(of: update.message, pts: update.pts, count: update.ptsCount)
    case .updateEditChannelMessage(let update):
      self = Self.channel(of: update.message, pts: update.pts, count: update.ptsCount)
    case .updateDeleteChannelMessages(let update):
      self = .channel(id: update.channelId, pts: update.pts, count: update.ptsCount)
    case .updatePinnedChannelMessages(let update):
      self = .channel(id: update.channelId, pts: update.pts, count: update.ptsCount)
    case .updateWebPage(let update): self = .account(pts: update.pts, count: update.ptsCount)
    case .updateFolderPeers(let update): self = .account(pts: update.pts, count: update.ptsCount)
    case .updateChannelWebPage(let update):
      self = .channel(id: update.channelId, pts: update.pts, count: update.ptsCount)
    case .updateNewEncryptedMessage(let update): self = .secret(qts: update.qts)
    default: self = .none
    }
  }

  private static func channel(of message: API.AnyMessage, pts: Int32, count: Int32) -> UpdatePosition {
    guard let id = message.channelID else { return .none }
    return .channel(id: id, pts: pts, count: count)
  }
}

extension API.AnyMessage {
  /// The bare id of the channel or supergroup the message is in; nil in other chats.
  var channelID: Int64? {
    let peer: API.AnyPeer? =
      switch self {
      case .message(let message): message.peerId
      case .messageService(let message): message.peerId
      case .messageEmpty(let message): message.peerId
      case .other: nil
      }
    guard case .peerChannel(let channel) = peer else { return nil }
    return channel.channelId
  }
}
