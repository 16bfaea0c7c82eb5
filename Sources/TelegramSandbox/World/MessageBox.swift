import TL

/// The messages of a user or a channel, with the numbered log of what happened to them (`pts`).
///
/// Source: "Working with Updates", core.telegram.org/api/updates: each event advances `pts` by its `pts_count`.
struct MessageBox: Sendable {
  enum Change: Sendable {
    case new(Int32)
    case edited(Int32)
    case deleted([Int32])
    case readInbox(PeerKey, upTo: Int32, unread: Int32)
    case readOutbox(PeerKey, upTo: Int32)
    /// Media were opened.
    case openedMedia([Int32], date: Int32)
    /// Something that somebody made up.
    case pushed(API.AnyUpdate)
  }

  struct Event: Sendable {
    /// The box's state after the event.
    let pts: Int32
    let count: Int32
    let change: Change
  }

  /// What a message ever said.
  struct Record: Sendable {
    let peer: PeerKey
    /// Oldest first.
    var texts: [String]
    /// Since when it said each of them, in Unix time.
    var dates: [Int32]
    /// Files of every medium it had, oldest first.
    var files: [Int64] = []
    /// When it was sent and deleted, in Unix time as exact as the clock.
    let sentAt: Duration
    fileprivate(set) var deletedAt: Duration?

    fileprivate mutating func note(_ media: StoredMedia?) {
      for file in media?.parts.compactMap(\.fileID) ?? [] where files.last != file { files.append(file) }
    }
  }

  private(set) var messages: [Int32: StoredMessage] = [:]
  /// Every text message there ever was, for whoever compares what was kept with it.
  private(set) var record: [Int32: Record] = [:]
  /// Ids of what each conversation holds, ascending.
  private(set) var histories: [PeerKey: [Int32]] = [:]
  private(set) var events: [Event] = []
  private(set) var pts: Int32 = 1
  private(set) var lastID: Int32 = 0

  /// The id the next message will have.
  var nextID: Int32 { lastID + 1 }

  subscript(id: Int32) -> StoredMessage? { messages[id] }

  mutating func append(_ message: StoredMessage, at time: Duration) -> Event {
    lastID = max(lastID, message.id)
    messages[message.id] = message
    if let text = message.text {
      record[message.id] = Record(
        peer: message.peer, texts: [text.string], dates: [message.date], sentAt: time)
      record[message.id]?.note(message.media)
    }
    histories[message.peer, default: []].append(message.id)
    return log(.new(message.id), count: 1)
  }

  /// Replaces a message; without an event when `announced` is false, which no client can notice.
  mutating func change(_ message: StoredMessage, announced: Bool) -> Event? {
    messages[message.id] = message
    if let text = message.text {
      record[message.id]?.texts.append(text.string)
      record[message.id]?.dates.append(message.editDate ?? message.date)
      record[message.id]?.note(message.media)
    }
    return announced ? log(.edited(message.id), count: 1) : nil
  }

  /// Removes messages that are there; without an event when `announced` is false.
  mutating func remove(_ ids: [Int32], announced: Bool, at time: Duration) -> Event? {
    var removed: [Int32] = []
    for id in ids {
      guard let message = messages.removeValue(forKey: id) else { continue }
      removed.append(id)
      record[id]?.deletedAt = time
      removeFromHistory(id, of: message.peer)
    }
    guard announced, !removed.isEmpty else { return nil }
    return log(.deleted(removed), count: Int32(removed.count))
  }

  private mutating func removeFromHistory(_ id: Int32, of peer: PeerKey) {
    guard let history = histories[peer] else { return }
    var (low, high) = (0, history.count)
    while low < high {
      let middle = (low + high) / 2
      if history[middle] < id { low = middle + 1 } else { high = middle }
    }
    if low < history.count, history[low] == id { histories[peer]?.remove(at: low) }
  }

  /// Changes what a message holds, not what it says: nobody is told of an edit.
  mutating func update(_ id: Int32, _ change: (inout StoredMessage) -> Void) {
    guard var message = messages[id] else { return }
    change(&message)
    messages[id] = message
  }

  mutating func logRead(_ change: Change) -> Event { log(change, count: 1) }

  mutating func logOpened(_ ids: [Int32], at date: Int32) -> Event {
    log(.openedMedia(ids, date: date), count: Int32(ids.count))
  }

  mutating func logPushed(_ update: API.AnyUpdate, count: Int32) -> Event { log(.pushed(update), count: count) }

  private mutating func log(_ change: Change, count: Int32) -> Event {
    pts += count
    let event = Event(pts: pts, count: count, change: change)
    events.append(event)
    return event
  }

  /// What happened after `pts`, oldest first.
  func events(after pts: Int32) -> ArraySlice<Event> {
    var low = 0
    var high = events.count
    while low < high {
      let middle = (low + high) / 2
      if events[middle].pts <= pts { low = middle + 1 } else { high = middle }
    }
    return events[low...]
  }
}
