import Foundation
import TL
import TelegramClient

/// A row of the Python service as the archive keeps it.
struct LegacyMessage {
  var message: MessageRecord
  /// The type of the chat, as far as the row tells it.
  var chatType: PeerType?
  /// Whether the row has a medium, readable or not.
  var hasMedium = false
  /// What of it could not be taken over.
  var problems: [String] = []

  /// Why a row is no message.
  struct Unusable: Error { var reason: String }

  /// - Parameter now: stands for a time that is not known.
  /// - Throws: `Unusable`.
  init(_ row: LegacyRow, now: Int64) throws(Unusable) {
    guard let chat = row.chatID.flatMap(PeerID.init(rawValue:)) else {
      throw Unusable(reason: "its chat_id is no chat's")
    }
    guard let id = row.id, id > 0 else { throw Unusable(reason: "its id is no message's") }
    message = MessageRecord(chat: chat, id: id, date: row.createdAt ?? row.editedAt ?? now)
    if row.createdAt == nil { problems.append("its time cannot be read; that of now is kept instead") }
    if let edited = row.editedAt, edited >= message.date { message.editDate = edited }
    message.noforwards = row.noforwards
    chatType = Self.type(of: chat, row.type)
    message.isPost = chatType == .channel
    message.sender = row.senderID.flatMap(PeerID.init(rawValue:)) ?? (chat.kind == .basicGroup ? nil : chat)
    // In a private chat, who is not the other side is the account itself.
    message.isOutgoing = chat.kind == .user && message.sender != chat
    message.text = TelethonMarkdown.parse(row.text)
    readMedia(row)
    // How long it may be looked at was not kept when the medium does not tell: as for what is seen once.
    if row.isSelfDestructing, message.ttlSeconds == nil { message.ttlSeconds = Int64(Int32.max) }
  }

  private mutating func readMedia(_ row: LegacyRow) {
    guard let bytes = row.media else {
      hasMedium = row.mediaSize > 0
      if hasMedium { problems.append("its medium was left out: it has \(row.mediaSize) bytes") }
      return
    }
    guard !bytes.isEmpty else { return }
    do throws(LegacyMediaError) {
      guard let media = try LegacyMedia.media(pickle: Array(bytes)) else { return }
      message.media = MediaRecord(media)
      hasMedium = message.media != nil
      message.ttlSeconds = media.ttlSeconds.map(Int64.init)
    } catch {
      hasMedium = true
      problems.append("its medium was left out: \(error)")
    }
  }

  /// 1 user, 2 channel, 3 group, 4 bot, 0 unknown; a group may be basic or a supergroup.
  private static func type(of chat: PeerID, _ type: Int64) -> PeerType? {
    switch (chat.kind, type) {
    case (.user, 4): .bot
    case (.user, _): .user
    case (.basicGroup, _): .group
    case (.channel, 2): .channel
    case (.channel, 3): .supergroup
    case (.channel, _): nil
    }
  }
}
