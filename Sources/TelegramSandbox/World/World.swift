import NIOCore
import TL

/// The sandbox's Telegram: who there is, what was said where, and the numbered logs of it.
///
/// A value: no clock, no sockets.
///
/// Every change leaves what connected clients must be told in `announcements`, rendered per recipient.
struct World: Sendable {
  /// One update for one account.
  struct Announcement: Sendable {
    let user: Int64
    let update: API.AnyUpdate
    /// Whom and what the update mentions, for the `users` and `chats` beside it.
    let mentions: Mentions
  }

  /// An `Updates` that somebody made up, for one account.
  struct Container: Sendable {
    let user: Int64
    let body: ByteBuffer
  }

  let seed: UInt64
  let homeDC: Int32
  /// Unix time of the call being served; set by whoever calls.
  var now: Int32
  /// The same as exactly as the clock tells it, for whoever measures.
  var preciseTime: Duration = .zero
  var limits = DifferenceLimits()
  var generator: SeededGenerator
  var accounts: [Int64: Account] = [:]
  var groups: [Int64: BasicGroup] = [:]
  var channels: [Int64: ChannelState] = [:]
  var files: [Int64: StoredFile] = [:]
  /// Where each copy of a message is: account and id in its box, by the message's origin.
  var copies: [Int64: [Int64: Int32]] = [:]
  var lastOrigin: Int64 = 0
  private(set) var announcements: [Announcement] = []
  private(set) var containers: [Container] = []
  /// What is rendered as if by a newer server.
  var newerLayers: [NewerLayer] = []
  /// How fast clients may post; nil for as fast as they like.
  var postLimit: PostLimit?
  /// Where what is being rendered goes.
  var destination = Destination.push

  init(seed: UInt64, homeDC: Int32, now: Int32) {
    self.seed = seed
    self.homeDC = homeDC
    self.now = now
    generator = SeededGenerator(seed: seed)
  }

  mutating func announce(_ update: API.AnyUpdate, to user: Int64, mentioning mentions: Mentions) {
    announcements.append(Announcement(user: user, update: update, mentions: mentions))
  }

  /// Hands out what has been announced since the last call.
  mutating func takeAnnouncements() -> [Announcement] {
    defer { announcements = [] }
    return announcements
  }

  mutating func announce(container body: ByteBuffer, to user: Int64) {
    containers.append(Container(user: user, body: body))
  }

  /// Hands out the containers that have been announced since the last call.
  mutating func takeContainers() -> [Container] {
    defer { containers = [] }
    return containers
  }

  mutating func newOrigin() -> Int64 {
    lastOrigin += 1
    return lastOrigin
  }

  // MARK: Look-up

  /// The secret with which `viewer` may address a peer; every account has its own.
  func accessHash(of peer: PeerKey, for viewer: Int64) -> Int64 {
    let key = SeededGenerator.mix(seed ^ SeededGenerator.mix(UInt64(bitPattern: viewer)))
    return Int64(bitPattern: SeededGenerator.mix(key ^ SeededGenerator.mix(UInt64(bitPattern: peer.botAPIID))) | 1)
  }

  func account(named name: String) -> Account? { accounts.values.first { $0.name == name } }

  func account(phone: String) -> Account? {
    let digits = phone.filter(\.isNumber)
    return accounts.values.first { $0.phone == digits }
  }

  func peer(username: String) -> PeerKey? {
    let wanted = username.lowercased()
    if let account = accounts.values.first(where: { $0.username?.lowercased() == wanted }) { return .user(account.id) }
    if let channel = channels.values.first(where: { $0.username?.lowercased() == wanted }) {
      return .channel(channel.id)
    }
    return nil
  }

  func account(_ id: Int64) throws(RPCFailure) -> Account {
    guard let account = accounts[id] else { throw .userIDInvalid }
    return account
  }

  /// The channel, when `viewer` may see inside.
  func channel(_ id: Int64, for viewer: Int64) throws(RPCFailure) -> ChannelState {
    guard let channel = channels[id] else { throw .channelInvalid }
    guard channel.member(viewer) != nil || channel.username != nil else { throw .channelPrivate }
    return channel
  }

  /// The group, when `viewer` is a member.
  func group(_ id: Int64, for viewer: Int64) throws(RPCFailure) -> BasicGroup {
    guard let group = groups[id], group.contains(viewer) else { throw .chatIDInvalid }
    return group
  }

  /// The box that holds a conversation's messages for `viewer`.
  func box(of peer: PeerKey, for viewer: Int64) throws(RPCFailure) -> MessageBox {
    switch peer {
    case .user, .group: return try account(viewer).box
    case .channel(let id): return try channel(id, for: viewer).box
    }
  }

  /// The conversations `viewer` takes part in.
  func conversations(of viewer: Int64) -> [PeerKey] {
    let own = accounts[viewer].map { account in
      account.box.histories.filter { !$0.value.isEmpty }.map(\.key)
    }
    let joined = channels.values.filter { $0.member(viewer) != nil }.map { PeerKey.channel($0.id) }
    return (own ?? []) + joined
  }

  /// The latest message of a conversation.
  func topMessage(of peer: PeerKey, for viewer: Int64) -> StoredMessage? {
    guard let box = try? box(of: peer, for: viewer), let id = box.histories[peer]?.last else { return nil }
    return box[id]
  }
}

/// Users and chats that something refers to.
struct Mentions: Sendable {
  var users: Set<Int64> = []
  var chats: Set<PeerKey> = []

  mutating func insert(_ peer: PeerKey) {
    if case .user(let id) = peer { users.insert(id) } else { chats.insert(peer) }
  }

  mutating func formUnion(_ other: Mentions) {
    users.formUnion(other.users)
    chats.formUnion(other.chats)
  }
}
