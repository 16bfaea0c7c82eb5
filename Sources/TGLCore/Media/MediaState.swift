/// How far the file of a message has come: a value.
///
/// Every way from one state to the next is a row of `table`; what is not in it changes nothing.
enum MediaState: String, Sendable, Hashable, CaseIterable {
  /// To be downloaded.
  case wanted
  /// Its download is under way; a process that ends leaves it wanted.
  case fetching
  /// Here, in the buffer, in case its message vanishes.
  case buffered
  /// Here, and needed: to be copied to the recovered files, or to be found there.
  case preserving
  /// Here, among the recovered files.
  case recovered
  /// Not downloaded for its size.
  case tooLarge
  /// Telegram does not give it to this account; the job's reason says why.
  case refused
  /// Telegram does not have it any more.
  case gone
  /// Attempts were given up, or it was removed from the disk; the job's reason says why.
  case lost

  /// What happens to a file.
  enum Event: String, Sendable, Hashable, CaseIterable {
    /// Its message is vanishing, was opened or replaced, or a copy of it is to be posted.
    case needed
    /// The same, for a file larger than the settings allow to download.
    case neededTooLarge
    /// A person asks for it, or its message tells of it anew: it is tried again whatever came of it before.
    case asked
    /// The same file is here for another message.
    case found
    case began
    /// The download is complete, and nothing needs the file yet.
    case arrived
    /// The download is complete, and the file is needed.
    case arrivedNeeded
    /// It is among the recovered files.
    case copied
    /// It is not on the disk where it was kept.
    case vanished
    /// The attempt failed for a reason that may pass.
    case failed
    /// The last attempt failed.
    case exhausted
    case refused
    case gone
  }

  /// What has to be done after an event.
  enum Action: String, Sendable, Hashable {
    /// Download it now.
    case fetch
    /// Copy it to the recovered files now.
    case copy
    /// Try again later.
    case retry
    /// Nothing waits for it any more.
    case settle
    case none
  }

  struct Row: Sendable {
    var states: [MediaState]
    var event: Event
    var next: MediaState
    var action: Action

    init(_ states: [MediaState], _ event: Event, _ next: MediaState, _ action: Action) {
      self.states = states
      self.event = event
      self.next = next
      self.action = action
    }
  }

  static let table: [Row] = [
    Row([.wanted, .tooLarge, .refused, .lost], .needed, .wanted, .fetch),
    Row([.buffered, .preserving, .recovered], .needed, .preserving, .copy),
    Row([.gone], .needed, .gone, .settle),
    // What is under way, or here, has passed the limit before.
    Row([.wanted], .neededTooLarge, .wanted, .fetch),
    Row([.buffered, .preserving, .recovered], .neededTooLarge, .preserving, .copy),
    Row([.tooLarge, .lost], .neededTooLarge, .tooLarge, .settle),
    Row([.refused], .neededTooLarge, .refused, .settle),
    Row([.gone], .neededTooLarge, .gone, .settle),
    Row([.wanted, .tooLarge, .refused, .gone, .lost], .asked, .wanted, .fetch),
    Row([.wanted, .tooLarge, .refused, .gone, .lost], .found, .buffered, .settle),
    Row([.wanted], .began, .fetching, .none),
    Row([.fetching], .arrived, .buffered, .settle),
    Row([.fetching], .arrivedNeeded, .preserving, .copy),
    Row([.preserving], .copied, .recovered, .settle),
    Row([.fetching, .preserving], .vanished, .wanted, .fetch),
    Row([.buffered, .recovered], .vanished, .lost, .settle),
    Row([.fetching], .failed, .wanted, .retry),
    Row([.preserving], .failed, .preserving, .retry),
    Row([.fetching, .preserving], .exhausted, .lost, .settle),
    Row([.fetching, .preserving], .refused, .refused, .settle),
    Row([.fetching], .gone, .gone, .settle),
  ]

  /// The state after an event, and what has to be done.
  func after(_ event: Event) -> (state: MediaState, action: Action) {
    for row in Self.table where row.event == event && row.states.contains(self) { return (row.next, row.action) }
    return (self, .none)
  }

  /// Whether `MediaVault` has something to do for the file.
  var isOpen: Bool {
    switch self {
    case .wanted, .fetching, .preserving: true
    case .buffered, .recovered, .tooLarge, .refused, .gone, .lost: false
    }
  }

  /// Whether the file is not on the disk, and nothing is done about it.
  var hasEnded: Bool {
    switch self {
    case .tooLarge, .refused, .gone, .lost: true
    case .wanted, .fetching, .buffered, .preserving, .recovered: false
    }
  }
}

extension MediaState {
  /// As the columns `state` and `ending` of `media_job` have it.
  ///
  /// - Parameters:
  ///   - ending: how a job has failed; nil in rows of before that was told apart.
  ///   - isBuffered: whether the row names a file of the buffer.
  ///   - isRecovered: whether the row names a recovered file.
  /// - Returns: nil for what this program does not write.
  init?(column: String, ending: String?, isBuffered: Bool, isRecovered: Bool) {
    switch column {
    case "fetch": self = .wanted
    case "preserve": self = .preserving
    // An entry that was removed leaves a row that names no file.
    case "buffered": self = isBuffered ? .buffered : isRecovered ? .recovered : .lost
    case "kept": self = isRecovered ? .recovered : isBuffered ? .buffered : .lost
    case "skipped": self = .tooLarge
    case "failed":
      switch ending {
      case "refused": self = .refused
      case "gone": self = .gone
      case "lost", nil: self = .lost
      default: return nil
      }
    default: return nil
    }
  }

  /// The column `state`.
  var column: String {
    switch self {
    case .wanted, .fetching: "fetch"
    case .buffered: "buffered"
    case .preserving: "preserve"
    case .recovered: "kept"
    case .tooLarge: "skipped"
    case .refused, .gone, .lost: "failed"
    }
  }

  /// The column `ending`.
  var ending: String? {
    switch self {
    case .refused, .gone, .lost: rawValue
    case .wanted, .fetching, .buffered, .preserving, .recovered, .tooLarge: nil
    }
  }
}
