import MTProtoCrypto
import TL

/// A world to start with.
public enum Scenario: String, CaseIterable, Sendable {
  /// Alice, bob and carol, who share a basic group, a supergroup and a channel; and alice's log chat.
  case standard = "default"
  /// The same, with a broadcast channel (`blog`) and its discussion group (`comments`).
  case discussion

  struct Result: Sendable {
    var world: World
    /// The accounts in the order in which they are announced.
    var users: [Int64]
    let logChat: Int64
    let group: Int64
    let supergroup: Int64
    let channel: Int64
    /// What else there is, by name.
    var others: [String: PeerKey] = [:]
  }

  func build(seed: UInt64, homeDC: Int32, now: Int32) throws -> Result {
    var world = World(seed: seed, homeDC: homeDC, now: now)
    let alice = world.addAccount("alice", first: "Alice", last: "Liddell", username: "alice_liddell", code: "22222")
    let bob = world.addAccount("bob", first: "Bob", last: nil, username: "bob_builder", code: "22222")
    let carol = world.addAccount("carol", first: "Carol", last: "Danvers", username: nil, code: "22222")
    world.accounts[carol]?.password = try AccountPassword(
      "correct horse", hint: "battery staple", using: &world.generator)
    let everyone = [alice, bob, carol]
    for user in everyone { world.accounts[user]?.contacts = Set(everyone.filter { $0 != user }) }

    let group = world.newID(in: 100_000_000...999_999_999)
    world.groups[group] = BasicGroup(
      id: group, title: "Tea Party", creator: bob, date: now,
      members: [bob, alice, carol].map { .init(user: $0, inviter: bob, date: now) })
    try world.sendService(
      .messageActionChatCreate(.init(title: "Tea Party", users: [bob, alice, carol])), from: bob, to: .group(group))

    let supergroup = try world.addChannel(
      "Rabbit Hole", username: nil, isBroadcast: false, creator: bob, others: [alice, carol])
    let channel = try world.addChannel(
      "Wonderland News", username: "wonderland_news", isBroadcast: true, creator: bob, others: [alice, carol])
    let log = try world.addChannel("Recovered", username: nil, isBroadcast: true, creator: alice, others: [])
    var others: [String: PeerKey] = [:]
    if self == .discussion {
      let comments = try world.addChannel(
        "Hatter's Tea Talk", username: nil, isBroadcast: false, creator: bob, others: [alice, carol])
      let blog = try world.addChannel(
        "Hatter's Blog", username: "hatters_blog", isBroadcast: true, creator: bob, others: [alice, carol])
      world.channels[blog]?.linked = comments
      world.channels[comments]?.linked = blog
      others = ["blog": .channel(blog), "comments": .channel(comments)]
    }
    _ = world.takeAnnouncements()
    return Result(
      world: world, users: everyone, logChat: log, group: group, supergroup: supergroup, channel: channel,
      others: others)
  }
}

extension World {
  /// A number from a range that no user, group or channel has.
  mutating func newID(in range: ClosedRange<Int64>) -> Int64 {
    while true {
      let id = Int64.random(in: range, using: &generator)
      if accounts[id] == nil, groups[id] == nil, channels[id] == nil { return id }
    }
  }

  mutating func addAccount(
    _ name: String, first: String, last: String?, username: String?, code: String
  ) -> Int64 {
    // Past 32 bits, as Telegram's newer ids are.
    let id = newID(in: 5_000_000_000...7_999_999_999)
    let phone = "99966\(homeDC)" + String(1_000_000 + accounts.count * 1111 + 1111).suffix(4)
    accounts[id] = Account(
      id: id, name: name, firstName: first, lastName: last, username: username, phone: phone, code: code)
    return id
  }

  mutating func addChannel(
    _ title: String, username: String?, isBroadcast: Bool, creator: Int64, others: [Int64]
  ) throws(RPCFailure) -> Int64 {
    let id = newID(in: 1_500_000_000...2_999_999_999)
    channels[id] = ChannelState(
      id: id, title: title, username: username, isBroadcast: isBroadcast, creator: creator, date: now,
      members: ([creator] + others).map { .init(user: $0, inviter: creator, date: now) })
    try sendService(.messageActionChannelCreate(.init(title: title)), from: creator, to: .channel(id))
    return id
  }
}
