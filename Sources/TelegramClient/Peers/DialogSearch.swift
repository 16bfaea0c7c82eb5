import TL

/// Walks the account's dialogs once in a client's life, for the peers they name.
actor DialogSearch {
  /// 100 dialogs a page.
  private static let pageLimit = 20

  private struct Offset {
    var date: Int32 = 0
    var id: Int32 = 0
    var peer = API.AnyInputPeer.inputPeerEmpty(API.InputPeerEmpty())
  }

  private var isDone = false

  func run(on client: TelegramClient) async throws(TelegramError) {
    guard !isDone else { return }
    var offset = Offset()
    for _ in 0..<Self.pageLimit {
      let answer = try await client.invoke(
        API.MessagesGetDialogs(
          offsetDate: offset.date, offsetId: offset.id, offsetPeer: offset.peer, limit: 100, hash: 0))
      guard case .messagesDialogsSlice(let page) = answer,
        let next = try await Self.offset(behind: page, peers: client.peers),
        next.date != offset.date || next.id != offset.id
      else { break }
      offset = next
    }
    isDone = true
  }

  /// Where the next page begins: at the top message of the last dialog whose peer can be named.
  private static func offset(
    behind page: API.MessagesDialogsSlice, peers: PeerBook
  ) async throws(TelegramError) -> Offset? {
    for case .dialog(let dialog) in page.dialogs.reversed() {
      guard let id = PeerID(dialog.peer),
        let date = page.messages.lazy.compactMap({ $0.date(ifIn: id, withID: dialog.topMessage) }).first
      else { continue }
      if id.kind == .basicGroup {
        return Offset(
          date: date, id: dialog.topMessage, peer: .inputPeerChat(API.InputPeerChat(chatId: id.bareID)))
      }
      if let entity = try await peers.entity(id) {
        return Offset(date: date, id: dialog.topMessage, peer: entity.inputPeer)
      }
    }
    return nil
  }
}

extension API.AnyMessage {
  /// When the message was sent, if it is number `id` of `chat`.
  fileprivate func date(ifIn chat: PeerID, withID id: Int32) -> Int32? {
    switch self {
    case .message(let message) where message.id == id && PeerID(message.peerId) == chat: message.date
    case .messageService(let message) where message.id == id && PeerID(message.peerId) == chat: message.date
    default: nil
    }
  }
}
