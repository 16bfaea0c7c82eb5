import TL
import Testing

@testable import TelegramSandbox

/// The default scenario and its people.
struct TestWorld {
  var world: World
  let alice: Int64
  let bob: Int64
  let carol: Int64
  let group: PeerKey
  let supergroup: PeerKey
  let channel: PeerKey

  init(seed: UInt64 = 7) throws {
    let scenario = try Scenario.standard.build(seed: seed, homeDC: 2, now: 1_700_000_000)
    world = scenario.world
    (alice, bob, carol) = (scenario.users[0], scenario.users[1], scenario.users[2])
    group = .group(scenario.group)
    supergroup = .channel(scenario.supergroup)
    channel = .channel(scenario.channel)
  }

  @discardableResult
  mutating func say(_ text: String, _ sender: Int64, _ peer: PeerKey, randomID: Int64? = nil) throws -> Int32 {
    try world.send(Draft(text: MessageText(string: text, entities: [])), from: sender, to: peer, randomID: randomID).id
  }

  /// Names of the updates an account has been sent since the last call.
  mutating func told(_ user: Int64) -> [String] {
    world.takeAnnouncements().filter { $0.user == user }.compactMap { announcement in
      var reader = TLReader(announcement.update.encoded())
      return (try? reader.readConstructor()).flatMap { TLSchema.api.name(of: $0) }
    }
  }
}

@Suite struct WorldTests {
  @Test func everyParticipantHasAnIdOfTheirOwn() throws {
    var test = try TestWorld()
    try test.say("only to carol", test.bob, .user(test.carol))
    let sent = try test.say("to alice", test.bob, .user(test.alice))
    let origin = try #require(test.world.accounts[test.bob]?.box[sent]?.origin)
    let received = try #require(test.world.copies[origin]?[test.alice])
    #expect(received != sent)
    #expect(test.world.accounts[test.alice]?.box[received]?.peer == .user(test.bob))
    #expect(test.world.accounts[test.bob]?.box[sent]?.peer == .user(test.alice))
  }

  @Test func eachEventMovesThePtsByItsCount() throws {
    var test = try TestWorld()
    let before = try #require(test.world.accounts[test.alice]?.box.pts)
    let ids = try (0..<3).map { try test.say("\($0)", test.alice, test.group) }
    try test.world.edit(ids[0], in: test.group, by: test.alice, text: MessageText(string: "x", entities: []))
    let moved = try test.world.deleteMessages(ids, by: test.alice, revoke: true)
    #expect(moved == (before + 7, 3))
    #expect(test.world.accounts[test.carol]?.box.messages.values.contains { $0.author == test.alice } == false)
  }

  @Test func aSilentChangeIsToldToNobody() throws {
    var test = try TestWorld()
    let id = try test.say("secret", test.bob, test.supergroup)
    _ = test.world.takeAnnouncements()
    guard case .channel(let channel) = test.supergroup else { return }
    let pts = test.world.channels[channel]?.box.pts
    try test.world.edit(
      id, in: test.supergroup, by: test.bob, text: MessageText(string: "other", entities: []), announced: false)
    try test.world.deleteMessages([id], inChannel: channel, by: test.bob, announced: false)
    #expect(test.world.takeAnnouncements().isEmpty)
    #expect(test.world.channels[channel]?.box.pts == pts)
    #expect(test.world.channels[channel]?.box[id] == nil)
  }

  @Test func everyMemberIsTold() throws {
    var test = try TestWorld()
    for (peer, name) in [(test.group, "updateNewMessage"), (test.channel, "updateNewChannelMessage")] {
      try test.say("hello", test.bob, peer)
      let announcements = test.world.takeAnnouncements()
      #expect(Set(announcements.map(\.user)) == [test.alice, test.bob, test.carol])
      try test.say("again", test.bob, peer)
      #expect(test.told(test.alice) == [name])
    }
  }

  @Test func aRepeatedRandomIDSendsNothing() throws {
    var test = try TestWorld()
    let first = try test.say("once", test.bob, test.supergroup, randomID: 5)
    _ = test.world.takeAnnouncements()
    #expect(try test.say("twice", test.bob, test.supergroup, randomID: 5) == first)
    #expect(test.world.takeAnnouncements().isEmpty)
    #expect(throws: RPCFailure.randomIDDuplicate) { try test.say("elsewhere", test.bob, test.group, randomID: 5) }
    #expect(throws: RPCFailure.randomIDEmpty) { try test.say("none", test.bob, test.group, randomID: 0) }
  }

  @Test func whoMayNotIsRefused() throws {
    var test = try TestWorld()
    let bobs = try test.say("bob's", test.bob, test.supergroup)
    let carols = try test.say("carol's", test.carol, test.group)
    let text = MessageText(string: "mine", entities: [])
    guard case .channel(let supergroup) = test.supergroup else { return }
    #expect(throws: RPCFailure.chatForbidden) { try test.say("no", test.carol, test.channel) }
    #expect(throws: RPCFailure.messageAuthorRequired) {
      try test.world.edit(bobs, in: test.supergroup, by: test.carol, text: text)
    }
    #expect(throws: RPCFailure.messageDeleteForbidden) {
      try test.world.deleteMessages([bobs], inChannel: supergroup, by: test.carol)
    }
    let hers = try #require(test.world.counterpart(of: carols, of: test.carol, in: test.alice))
    #expect(throws: RPCFailure.messageDeleteForbidden) {
      try test.world.deleteMessages([hers], by: test.alice, revoke: true)
    }
    test.world.now += World.editTimeLimit + 1
    #expect(throws: RPCFailure.messageEditTimeExpired) {
      try test.world.edit(bobs, in: test.supergroup, by: test.bob, text: text)
    }
  }

  @Test(
    arguments: [
      ("  a  ", [(0, 5)], "a", [(0, 1)]),
      ("\n 😀b", [(2, 2), (4, 1)], "😀b", [(0, 2), (2, 1)]),
      ("ab", [(1, 1), (0, 2)], "ab", [(0, 2), (1, 1)]),
      ("   ", [(0, 3)], "", []),
    ] as [(String, [(Int32, Int32)], String, [(Int32, Int32)])])
  func textIsTrimmedAndItsEntitiesMoveAlong(
    string: String, entities: [(Int32, Int32)], kept: String, moved: [(Int32, Int32)]
  ) throws {
    let text = try MessageText.normalized(
      string, entities.map { TextEntity(kind: .bold, offset: $0.0, length: $0.1) })
    #expect(text.string == kept)
    #expect(text.entities.map(\.offset) == moved.map(\.0))
    #expect(text.entities.map(\.length) == moved.map(\.1))
  }

  @Test(arguments: [(-1, 1), (0, 0), (0, 4), (3, 1), (1, Int32.max)] as [(Int32, Int32)])
  func anEntityOutsideTheTextIsRefused(offset: Int32, length: Int32) {
    #expect(throws: RPCFailure.entityBoundsInvalid) {
      try MessageText.normalized("abc", [TextEntity(kind: .bold, offset: offset, length: length)])
    }
  }

  @Test func differencesComeInSlicesThatAddUp() throws {
    var test = try TestWorld()
    test.world.limits.slice = 7
    let start = try test.world.state(of: test.alice)
    for number in 0..<30 { try test.say("\(number)", test.bob, .user(test.alice)) }
    var (pts, texts) = (start.pts, [String]())
    for _ in 0..<10 {
      let answer = try test.world.difference(
        for: test.alice, since: API.UpdatesGetDifference(pts: pts, date: start.date, qts: 0))
      let messages: [API.AnyMessage]
      let isLast: Bool
      switch answer {
      case .updatesDifference(let page): (messages, pts, isLast) = (page.newMessages, page.state.pts, true)
      case .updatesDifferenceSlice(let page):
        (messages, pts, isLast) = (page.newMessages, page.intermediateState.pts, false)
      default:
        Issue.record("unexpected \(answer)")
        return
      }
      texts += messages.compactMap { if case .message(let message) = $0 { message.message } else { nil } }
      if isLast { break }
    }
    #expect(texts == (0..<30).map(String.init))
    #expect(try test.world.state(of: test.alice).pts == pts)
  }

  @Test func theSameSeedMakesTheSameWorld() throws {
    let (one, two, other) = (try TestWorld(seed: 1), try TestWorld(seed: 1), try TestWorld(seed: 2))
    #expect(one.alice == two.alice)
    #expect(one.alice != other.alice)
    #expect(
      one.world.accessHash(of: one.group, for: one.bob) != one.world.accessHash(of: one.group, for: one.alice))
  }

  @Test(
    arguments: [
      (PeerKey.user(5), 5), (.group(7), -7), (.channel(9), -1_000_000_000_009),
    ] as [(PeerKey, Int64)])
  func peersAreNamedAsTheBotAPIDoes(peer: PeerKey, id: Int64) {
    #expect(peer.botAPIID == id)
    #expect(PeerKey(botAPIID: id) == peer)
  }
}
