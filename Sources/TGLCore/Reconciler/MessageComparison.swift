import TL
import TelegramClient

/// What an answer says of stored messages.
///
/// Only what is told counts: a message the answer does not speak of, or tells of another chat, is left as it is.
struct MessageComparison {
  /// Told to be gone.
  var missing: [StoredMessage] = []
  /// Told as they are now, with the version that was stored when they were asked for.
  var present: [(message: API.AnyMessage, version: Int64)] = []
  /// Whether one of those present was edited since.
  var isEdited = false
  /// Of those whose state is not known yet, what was told of it: not spoken of, or edited so lately that pushes of older
  /// states may still be under way.
  var unsettled: [Int64: Int64?] = [:]

  /// - Parameter settledUpTo: a state of a later edit, in seconds since 1970 by Telegram's clock, is not taken for the last.
  init(of stored: [StoredMessage], with answer: [API.AnyMessage], settledUpTo: Int64 = .max) {
    var told: [Int64: API.AnyMessage] = [:]
    for message in answer {
      if let id = message.messageID { told[id] = message }
    }
    for message in stored {
      switch told[message.id] {
      case .messageEmpty(let empty):
        if let peer = empty.peerId, PeerID(peer) != message.chat { continue }
        missing.append(message)
      case .message(let current)?:
        guard PeerID(current.peerId) == message.chat else {
          unsettled.updateValue(nil, forKey: message.id)
          continue
        }
        if let edited = current.editDate.map(Int64.init), edited > settledUpTo {
          unsettled.updateValue(edited, forKey: message.id)
          continue
        }
        present.append((.message(current), message.version))
        if current.editDate.map(Int64.init) != message.editDate { isEdited = true }
      case .messageService:
        continue
      case .other, nil:
        unsettled.updateValue(nil, forKey: message.id)
      }
    }
  }
}

extension API.AnyMessage {
  /// Nil for a kind of message the schema does not know.
  var messageID: Int64? {
    switch self {
    case .message(let message): Int64(message.id)
    case .messageService(let message): Int64(message.id)
    case .messageEmpty(let message): Int64(message.id)
    case .other: nil
    }
  }

  /// The chat, where it is told.
  var chatID: PeerID? {
    switch self {
    case .message(let message): PeerID(message.peerId)
    case .messageService(let message): PeerID(message.peerId)
    case .messageEmpty(let message): message.peerId.flatMap { PeerID($0) }
    case .other: nil
    }
  }
}
