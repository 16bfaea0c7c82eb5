import TL

/// The edited messages that the slices of an unfinished difference have shown.
///
/// A slice shows each message as it is when the server answers, so it may be ahead of updates that were pushed and are
/// still held. An edit's date counts whole seconds: of two edits in one second it does not say which is the later. Until
/// the difference ends, a pushed edit of such a message and second cannot be put in order.
struct ShownMessages: Sendable {
  /// The most messages remembered; past it, those edited longest ago are forgotten.
  private static let limit = 20_000

  private var editDates: [Int32: Int32] = [:]

  mutating func note(_ messages: [API.AnyMessage]) {
    for case .message(let message) in messages {
      if let date = message.editDate { editDates[message.id] = date }
    }
    guard editDates.count > Self.limit else { return }
    let newest = editDates.sorted { $0.value > $1.value }.prefix(Self.limit / 2)
    editDates = Dictionary(uniqueKeysWithValues: newest.map { ($0.key, $0.value) })
  }

  /// Whether an update tells of an edit in the same second as the state that was shown.
  func isAmbiguous(_ update: API.AnyUpdate) -> Bool {
    guard !editDates.isEmpty, let message = update.editedMessage else { return false }
    return editDates[message.id] == message.editDate
  }
}

extension API.AnyUpdate {
  /// The message an update shows, if it has been edited.
  var editedMessage: API.Message? {
    let message: API.AnyMessage? =
      switch self {
      case .updateNewMessage(let update): update.message
      case .updateNewChannelMessage(let update): update.message
      case .updateEditMessage(let update): update.message
      case .updateEditChannelMessage(let update): update.message
      default: nil
      }
    guard case .message(let message) = message, message.editDate != nil else { return nil }
    return message
  }
}

extension API.Message {
  /// Whether both show the message after the same edit, as far as dates, texts and formatting tell.
  func isSameEdit(as other: API.Message) -> Bool {
    id == other.id && editDate == other.editDate && message.utf8.elementsEqual(other.message.utf8)
      && (entities ?? []).map { $0.encoded() } == (other.entities ?? []).map { $0.encoded() }
  }
}
