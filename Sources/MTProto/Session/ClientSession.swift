public import NIOCore
import TL

/// Why a packet ends the connection it came on.
public enum SessionError: Error, Equatable, Sendable {
  /// The packet is not encrypted with this session's key, or was altered.
  case cipher(MessageCipherError)
}

/// One encrypted session with a data centre, over any number of connections one after another: messages, their
/// acknowledgments, and the calls they carry.
///
/// A value without IO, clock or random source. Calls are entered with `invoke`; `outgoing` gives the packets to send;
/// what arrives goes to `received`. `tick` is due at `nextDeadline`.
///
/// A call is run once. After a reconnection the server is asked what became of the calls without an answer, and only
/// what it says it never had is sent again, because a server that has lost its memory would run anything it gets. It is
/// sent as it was, by which the server knows it again should both arrive. What became of a call that the server cannot
/// tell any more ends as `RPCError.outcomeUnknown`.
///
/// Source: core.telegram.org/mtproto/description and core.telegram.org/mtproto/service_messages_about_messages.
public struct ClientSession: Sendable {
  /// The caller's name for a call.
  public typealias RequestID = Int64

  public enum Event: Sendable, Equatable {
    /// A call's answer, unpacked.
    case result(RequestID, ByteBuffer)
    case failure(RequestID, RPCError)
    /// Something the server sent on its own, unpacked.
    case updates(ByteBuffer)
    /// The salt to keep for the next start.
    case salt(Int64)
    /// How far the server's clock is ahead of ours.
    case timeOffset(Duration)
    /// The server has no memory of this session before now: updates may have been missed.
    case sessionCreated(uniqueID: Int64)
    /// The clock was put right after messages had to be dropped for their time: updates may have been missed.
    case messagesDropped
    case pong
    /// Nothing came in answer to a ping: the connection is dead.
    case stalled
    /// A message that could not be read.
    case undecodable(ByteBuffer)
  }

  /// Time between two pings, and how long an answer may take; together less than a minute.
  static let pingInterval: Duration = .seconds(25)
  static let pongTimeout: Duration = .seconds(20)
  /// After this long without a ping the server closes the connection, in seconds.
  static let disconnectDelay: Int32 = 75
  static let acknowledgmentDelay: Duration = .seconds(5)
  static let maximumPendingAcknowledgments = 64
  /// Unanswered calls are asked after this often.
  static let stateCheckInterval: Duration = .seconds(30)
  static let maximumRejections = 5
  /// Of anything, pings included, with nothing taken in between.
  static let maximumRejectionsInARow = 100
  /// A message this old may be outside the server's window: send it anew rather than as it was.
  static let resendWindow: Duration = .seconds(200)
  /// Packets and acknowledgments remembered for the case that they are rejected.
  static let rememberedPackets = 100
  static let gzipThreshold = 512

  struct Request: Sendable {
    var body: ByteBuffer
    var isBulk: Bool
    /// Set while a message carries the call.
    var messageID: Int64?
    var seqno: Int32 = 0
    /// Which of the packets sent so far the message went out in, last and first.
    var packet = 0
    var firstPacket = 0
    /// Uptime of the last sending or question after it.
    var checkedAt: Duration = .zero
    /// Uptime of the first sending under this identifier.
    var sentAt: Duration = .zero
    var isAcknowledged = false
    var rejections = 0
  }

  struct Packet: Sendable {
    /// Identifiers cannot tell the order: they go back when the clock is put right.
    var number: Int
    var id: Int64
    /// Nothing where the packet is no container.
    var inner: [Int64]
  }

  struct Ping: Sendable {
    var id: Int64
    var deadline: Duration
  }

  let authKey: AuthKey
  var sessionID: Int64
  var timeOffset: Duration
  /// The server's time when `uptime` was zero, by the newest of its messages; nil before the first of a connection's.
  ///
  /// A message tells when it was made, so that the one with the shortest way tells it best.
  public internal(set) var serverClock: Duration?
  var salts: Salts
  var messageIDs = MessageIDGenerator()
  /// Content-related messages sent so far.
  var contentCount: Int32 = 0
  var received = ReceivedIDs()

  var requests: [RequestID: Request] = [:]
  /// The call each message in flight carries.
  var carried: [Int64: RequestID] = [:]
  /// Calls to send, in order.
  var queue: [RequestID] = []
  /// Service messages to send: what they are, and whether they ask for an acknowledgment.
  var services: [ByteBuffer] = []
  /// The last packets by the identifiers of what they held, alone or in a container.
  var packets: [Packet] = []
  /// Packets sent so far.
  var packetCount = 0
  /// What each `msgs_state_req` in flight asks after.
  var stateQuestions: [(id: Int64, asked: [Int64])] = []
  var unaskedStates: [Int64] = []
  var acknowledgments: [Int64] = []
  /// What the last messages acknowledged, for rejections of them.
  var sentAcknowledgments: [(id: Int64, acknowledged: [Int64])] = []
  var acknowledgmentDeadline: Duration?

  private(set) var isConnected = false
  /// Packets sent before this connection, and whether anything was heard on it.
  private var packetsBefore = 0
  var hasHeard = false
  /// Server time is counted from here by the clock that does not jump.
  private var anchor: Moment?
  var nextPing: Duration = .zero
  var ping: Ping?
  var lastPingMessageID: Int64?
  /// The sessions the server has lately told of.
  var knownUniqueIDs: [Int64] = []
  var needsNewSession = false
  var rejectionsInARow = 0
  /// Whether a message was dropped because its time could not be right.
  var hasDropped = false
  /// Events found while sending.
  var pendingEvents: [Event] = []

  /// - Parameters:
  ///   - salt: the last one known; a wrong one costs a round trip.
  ///   - sessionID: random.
  ///   - timeOffset: how far the server's clock is ahead of ours, as far as known.
  public init(authKey: AuthKey, salt: Int64, sessionID: Int64, timeOffset: Duration) {
    self.authKey = authKey
    self.sessionID = sessionID
    self.timeOffset = timeOffset
    salts = Salts(current: salt)
  }

  // MARK: Calls

  /// Enters a call.
  ///
  /// - Parameters:
  ///   - id: not in use by another call of this session.
  ///   - body: the function, boxed.
  ///   - isBulk: whether the body is data that does not compress.
  public mutating func invoke(_ id: RequestID, body: ByteBuffer, now: Moment, isBulk: Bool = false) {
    var body = body
    if !isBulk, body.readableBytes > Self.gzipThreshold, let packed = Gzip.pack(body) {
      body = MT.GzipPacked(packedData: packed).encoded()
    }
    requests[id] = Request(body: body, isBulk: isBulk)
    queue.append(id)
  }

  /// Takes a call back: it gets no event any more, and the server is told to drop its answer.
  public mutating func cancel(_ id: RequestID, now: Moment) {
    pendingEvents.removeAll { if case .failure(id, _) = $0 { true } else { false } }
    guard let request = requests.removeValue(forKey: id) else { return }
    queue.removeAll { $0 == id }
    guard let messageID = request.messageID else { return }
    carried[messageID] = nil
    if isConnected { services.append(MT.RpcDropAnswer(reqMsgId: messageID).encoded()) }
  }

  /// Whether the server may have run a call that has not ended: false while no message has carried it, or the server
  /// said that it never had the message.
  public func mayHaveRun(_ id: RequestID) -> Bool { requests[id]?.messageID != nil }

  // MARK: Connections

  /// A new connection is there: what was not answered is asked after.
  public mutating func connected(now: Moment) {
    isConnected = true
    packetsBefore = packetCount
    hasHeard = false
    anchor = now
    ping = nil
    nextPing = now.uptime
    services.removeAll()
    stateQuestions.removeAll()
    queue.removeAll { requests[$0]?.messageID != nil }
    unaskedStates = carried.keys.sorted()
    for id in carried.values { requests[id]?.checkedAt = now.uptime }
  }

  public mutating func disconnected(now: Moment) {
    isConnected = false
    ping = nil
  }

  /// The server does not know the key: what was first sent on this connection it has not had, and may go out again.
  public mutating func keyRefused() {
    guard isConnected, !hasHeard else { return }
    for (messageID, id) in carried.sorted(by: { $0.key < $1.key }) {
      guard let request = requests[id], request.firstPacket > packetsBefore else { continue }
      carried[messageID] = nil
      requests[id]?.messageID = nil
      if !queue.contains(id) { queue.append(id) }
    }
  }

  /// The server's time, as far as known.
  func serverTime(_ now: Moment) -> Duration {
    let anchor = anchor ?? now
    return anchor.unixTime + (now.uptime - anchor.uptime) + timeOffset
  }

  // MARK: Time

  /// When `tick` is due (uptime); nil while there is no connection.
  public func nextDeadline() -> Duration? {
    guard isConnected else { return nil }
    let check = requests.values.lazy.filter { $0.messageID != nil }.map { $0.checkedAt + Self.stateCheckInterval }.min()
    return [ping?.deadline, nextPing, acknowledgmentDeadline, check].compactMap(\.self).min()
  }

  /// Looks at the clock: finds a dead connection and calls that have waited long.
  ///
  /// Call `outgoing` afterwards.
  public mutating func tick(now: Moment) -> [Event] {
    guard isConnected else { return [] }
    if let ping, now.uptime >= ping.deadline {
      self.ping = nil
      return [.stalled]
    }
    for (id, request) in requests.sorted(by: { $0.key < $1.key })
    where now.uptime - request.checkedAt >= Self.stateCheckInterval {
      guard let messageID = request.messageID, !queue.contains(id) else { continue }
      requests[id]?.checkedAt = now.uptime
      unaskedStates.append(messageID)
    }
    return []
  }

  // MARK: Rejected messages

  /// What a container held; empty for any other message.
  func inner(of messageID: Int64) -> [Int64] { packets.last { $0.id == messageID }?.inner ?? [] }

  /// Gives the calls of a message, or of all in a container, new identifiers: the server did not take it.
  ///
  /// A message that has gone out more than once may have been taken another time, and is asked after instead.
  /// - Parameter isUnseen: whether the server says that it never had it.
  mutating func sendAnew(_ messageID: Int64, isUnseen: Bool = false) -> [Event] {
    if messageID == lastPingMessageID {
      ping = nil
      nextPing = .zero
    }
    let inner = inner(of: messageID)
    guard inner.isEmpty else { return inner.flatMap { sendAnew($0) } }
    if let index = stateQuestions.firstIndex(where: { $0.id == messageID }) {
      unaskedStates += stateQuestions.remove(at: index).asked
    }
    if let index = sentAcknowledgments.firstIndex(where: { $0.id == messageID }) {
      acknowledgments += sentAcknowledgments.remove(at: index).acknowledged
    }
    guard let id = carried[messageID], var request = requests[id] else { return [] }
    guard isUnseen || request.packet == request.firstPacket else {
      unaskedStates.append(messageID)
      return []
    }
    carried[messageID] = nil
    request.messageID = nil
    request.isAcknowledged = false
    request.rejections += 1
    guard request.rejections <= Self.maximumRejections else {
      requests[id] = nil
      return [.failure(id, .rejected)]
    }
    requests[id] = request
    if !queue.contains(id) { queue.append(id) }
    return []
  }

  /// Ends a call whose fate the server does not know.
  mutating func giveUp(_ messageID: Int64) -> [Event] {
    guard let id = carried.removeValue(forKey: messageID) else { return [] }
    requests[id] = nil
    queue.removeAll { $0 == id }
    return [.failure(id, .outcomeUnknown)]
  }
}
