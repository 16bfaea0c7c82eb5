public import MTProto
public import NIOCore
public import TL

/// What the update pump asks of a client; `TelegramClient` is one, a simulation may be another.
public protocol UpdateSource: Sendable {
  /// The next thing that arrived; nil when the client has stopped or the task is cancelled.
  func nextUpdate() async -> UpdatePayload?
  /// `updates.getState`.
  func updatesState() async throws(TelegramError) -> API.UpdatesState
  /// One page of `messages.getDialogs`, for the channels' states; `offset` as the page before told.
  func dialogs(from offset: DialogOffset) async throws(TelegramError) -> API.AnyMessagesDialogs
  /// `updates.getDifference`, of at most `limit` events; nil leaves that to the server.
  func difference(
    pts: Int32, qts: Int32, date: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesDifference
  /// `updates.getChannelDifference` of a channel's bare id, likewise.
  func channelDifference(
    id: Int64, pts: Int32, limit: Int32?
  ) async throws(TelegramError) -> API.AnyUpdatesChannelDifference
  /// Both clocks.
  func now() -> Moment
  /// Waits until the uptime clock of `now` shows `uptime`.
  func sleep(until uptime: Duration) async throws
}

/// Where a page of dialogs starts: behind the last dialog of the one before.
public struct DialogOffset: Sendable {
  public var date: Int32 = 0
  public var messageID: Int32 = 0
  public var peer: API.AnyInputPeer = .inputPeerEmpty(API.InputPeerEmpty())

  public init() {}

  /// Whether this is the same place, so that asking again would go round in circles.
  public func isSamePlace(as other: DialogOffset) -> Bool { messageID == other.messageID && date == other.date }
}

/// Where updates are kept, together with the state they lead to.
public protocol UpdateSink: Sendable {
  /// What is on disk; nil before the first start.
  func updatesState() async throws -> UpdatesState?
  /// Whether a batch holds anything but progress, which may wait a little for what comes next.
  func isUrgent(_ batch: UpdateBatch) -> Bool
  /// Commits a batch and its state change in one transaction; returns when they are on disk.
  func commit(_ batch: UpdateBatch) async throws
  /// Keeps what could not be read.
  func keep(undecodable bytes: ByteBuffer) async throws
  /// Says that everything up to now has been taken in.
  func caughtUp() async
  /// Channels whose difference was refused for good, by their bare ids, with the `pts` to ask from once more.
  func refusedChannels() async throws -> [Int64: Int32]
  /// Goes the way of a commit with nothing to keep: returning says that the way is clear.
  func heartbeat() async throws
}

extension UpdateSink {
  public func isUrgent(_ batch: UpdateBatch) -> Bool { true }
  public func refusedChannels() async throws -> [Int64: Int32] { [:] }
}
