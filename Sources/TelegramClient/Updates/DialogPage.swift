public import TL

/// One of the account's chats.
public struct DialogSummary: Sendable, Hashable {
  public var chat: PeerID
  /// The id of its newest message.
  public var topMessage: Int64
}

/// One page of `messages.getDialogs`.
public struct DialogPage: Sendable {
  public let users: [API.AnyUser]
  public let chats: [API.AnyChat]
  public let dialogs: [DialogSummary]
  /// `pts` by bare channel id.
  public let channelStates: [Int64: Int32]
  /// Where the next page starts; nil behind the last one.
  public let next: DialogOffset?
  /// How many dialogs there are; nil when these are all.
  public let total: Int?

  /// Where the next page starts; nil when `seen` dialogs, these among them, are all there are.
  public func next(after seen: Int) -> DialogOffset? {
    if let total, seen >= total { return nil }
    return next
  }

  /// Nil for an answer that holds no dialogs.
  public init?(_ answer: API.AnyMessagesDialogs) {
    let list: [API.AnyDialog]
    let messages: [API.AnyMessage]
    var count: Int32?
    switch answer {
    case .messagesDialogs(let all):
      (list, messages, users, chats) = (all.dialogs, all.messages, all.users, all.chats)
    case .messagesDialogsSlice(let slice):
      (list, messages, users, chats) = (slice.dialogs, slice.messages, slice.users, slice.chats)
      count = slice.count
    case .messagesDialogsNotModified, .other:
      return nil
    }
    var states: [Int64: Int32] = [:]
    var summaries: [DialogSummary] = []
    for case .dialog(let dialog) in list {
      if let chat = PeerID(dialog.peer) {
        summaries.append(DialogSummary(chat: chat, topMessage: Int64(dialog.topMessage)))
      }
      if case .peerChannel(let peer) = dialog.peer, let pts = dialog.pts { states[peer.channelId] = pts }
    }
    channelStates = states
    dialogs = summaries
    total = count.map(Int.init)
    next = count == nil || list.isEmpty ? nil : Self.offset(behind: list, messages, users, chats)
  }

  /// The last dialog whose top message is known.
  private static func offset(
    behind list: [API.AnyDialog], _ messages: [API.AnyMessage], _ users: [API.AnyUser], _ chats: [API.AnyChat]
  ) -> DialogOffset? {
    for case .dialog(let dialog) in list.reversed() {
      guard let id = PeerID(dialog.peer),
        let date = messages.lazy.compactMap({ $0.dateIfTop(of: dialog, peer: id) }).first
      else { continue }
      var offset = DialogOffset()
      offset.date = date
      offset.messageID = dialog.topMessage
      offset.peer = inputPeer(id, users, chats)
      return offset
    }
    return nil
  }

  private static func inputPeer(_ id: PeerID, _ users: [API.AnyUser], _ chats: [API.AnyChat]) -> API.AnyInputPeer {
    switch id.kind {
    case .basicGroup:
      return .inputPeerChat(API.InputPeerChat(chatId: id.bareID))
    case .user:
      for case .user(let user) in users where user.id == id.bareID {
        return .inputPeerUser(API.InputPeerUser(userId: user.id, accessHash: user.accessHash ?? 0))
      }
    case .channel:
      for case .channel(let channel) in chats where channel.id == id.bareID {
        return .inputPeerChannel(API.InputPeerChannel(channelId: channel.id, accessHash: channel.accessHash ?? 0))
      }
    }
    return .inputPeerEmpty(API.InputPeerEmpty())
  }
}

extension API.AnyMessage {
  /// The date, when this is the top message of `dialog`.
  fileprivate func dateIfTop(of dialog: API.Dialog, peer: PeerID) -> Int32? {
    switch self {
    case .message(let message) where message.id == dialog.topMessage && PeerID(message.peerId) == peer: message.date
    case .messageService(let message) where message.id == dialog.topMessage && PeerID(message.peerId) == peer:
      message.date
    default: nil
    }
  }
}
