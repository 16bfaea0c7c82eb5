import TL
import Testing

@testable import TelegramSandbox

/// Channels that are made, groups that migrate, and how fast may be posted.
@Suite struct GroupTests {
  private func request(_ name: String, _ fields: [String: TLValue], _ device: inout TelegramTests.Device) throws
    -> API.AnyUpdates
  {
    let bytes = try TLSchema.api.encoded(.object(name, fields))
    let answer = device.telegram.call(bytes, dc: 2, authKeyID: device.key, now: 1_700_000_000).response
    if let failure = try? MT.RpcError(decoding: answer) { throw RPCFailure(failure.errorCode, failure.errorMessage) }
    return try API.AnyUpdates(decoding: answer)
  }

  @Test func aMigratedGroupNamesItsSupergroupAndTakesNoMore() throws {
    var device = try TelegramTests.Device()
    try device.signIn(device.people.bob)
    guard case .group(let id) = device.people.group else { return }
    guard case .updates(let updates) = try request("messages.migrateChat", ["chat_id": .long(id)], &device) else {
      Issue.record("no updates")
      return
    }
    let channels = updates.chats.compactMap { chat in if case .channel(let channel) = chat { channel } else { nil } }
    let groups = updates.chats.compactMap { chat in if case .chat(let group) = chat { group } else { nil } }
    let channel = try #require(channels.first)
    let group = try #require(groups.first)
    #expect(channel.megagroup && channel.title == "Tea Party" && group.deactivated)
    guard case .inputChannel(let named)? = group.migratedTo else {
      Issue.record("no supergroup named")
      return
    }
    #expect(named.channelId == channel.id && named.accessHash == channel.accessHash)
    #expect(device.telegram.world.channels[channel.id]?.members.count == 3)
    for (peer, action) in [
      (device.people.group, "messageActionChatMigrateTo"), (.channel(channel.id), "messageActionChannelMigrateFrom"),
    ] {
      let top = try #require(device.telegram.world.topMessage(of: peer, for: device.people.alice))
      guard case .service(let given) = top.content else {
        Issue.record("no service message in \(peer)")
        continue
      }
      var reader = TLReader(given.encoded())
      #expect(TLSchema.api.name(of: try reader.readConstructor()) == action)
    }
    #expect(throws: RPCFailure.chatForbidden) {
      try device.telegram.world.checkMayPost(device.people.alice, to: device.people.group)
    }
    // Again: the same supergroup, and nobody but the creator may.
    #expect(try device.telegram.world.migrate(group: id, by: device.people.bob) == channel.id)
    #expect(throws: RPCFailure.chatAdminRequired) {
      try device.telegram.world.migrate(group: id, by: device.people.alice)
    }
  }

  @Test func aClientMakesAChannelOfItsOwn() throws {
    var device = try TelegramTests.Device()
    try device.signIn(device.people.alice)
    guard
      case .updates(let updates) = try device.call(
        API.ChannelsCreateChannel(megagroup: true, forum: true, title: "Mine", about: "")),
      case .channel(let channel)? = updates.chats.first
    else {
      Issue.record("no channel")
      return
    }
    #expect(channel.creator && channel.megagroup && channel.forum && channel.title == "Mine")
    #expect(throws: RPCFailure.self) {
      try device.call(API.ChannelsCreateChannel(broadcast: true, title: "", about: ""))
    }
  }

  @Test func moreThanTheLimitHasToWait() throws {
    var limit = PostLimit(posts: 3, window: .seconds(60), chat: .group(5))
    for second in 0..<3 { try limit.note(1, in: .group(5), at: .seconds(second)) }
    #expect(throws: RPCFailure.floodWait(50)) { try limit.note(1, in: .group(5), at: .seconds(10)) }
    #expect(throws: RPCFailure.floodWait(1)) { try limit.note(1, in: .group(5), at: .milliseconds(59_500)) }
    // Others, elsewhere, and later.
    try limit.note(2, in: .group(5), at: .seconds(10))
    for _ in 0..<9 { try limit.note(1, in: .group(6), at: .seconds(10)) }
    try limit.note(1, in: .group(5), at: .seconds(61))
  }

  @Test func whatIsLeftOutIsNotSpokenOf() throws {
    var device = try TelegramTests.Device()
    try device.signIn(device.people.alice)
    guard case .channel(let id) = device.people.supergroup else { return }
    let hash = device.telegram.world.accessHash(of: device.people.supergroup, for: device.people.alice)
    let sent = try (0..<3).map { number in
      try device.telegram.world.send(
        Draft(text: MessageText(string: "\(number)", entities: [])), from: device.people.bob,
        to: device.people.supergroup
      ).id
    }
    device.telegram.faults.omissions = [
      Omission(ids: [sent[1]], channel: id, viewer: device.people.alice, remaining: 1)
    ]
    func ask() throws -> Int {
      let answer = try device.call(
        API.ChannelsGetMessages(
          channel: .inputChannel(.init(channelId: id, accessHash: hash)),
          id: sent.map { .inputMessageID(.init(id: $0)) }))
      guard case .messagesChannelMessages(let messages) = answer else { return -1 }
      return messages.messages.count
    }
    #expect(try ask() == 2)
    #expect(try ask() == 3)
  }
}
