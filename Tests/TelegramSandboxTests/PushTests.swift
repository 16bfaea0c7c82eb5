import NIOCore
import TL
import Testing

@testable import TelegramSandbox

@Suite struct PushTests {
  private func pinned(_ pts: TLValue) -> TLValue {
    .object(
      "updatePinnedMessages",
      [
        "pinned": .bool(true), "peer": .object("peerUser", ["user_id": .int(7)]), "messages": .vector([.int(3)]),
        "pts": pts,
      ])
  }

  private func difference(_ world: World, _ user: Int64, since pts: Int32) throws -> API.UpdatesDifference {
    let request = API.UpdatesGetDifference(pts: pts, date: world.now, qts: 0)
    guard case .updatesDifference(let difference) = try world.difference(for: user, since: request) else {
      throw RPCFailure(400, "no difference")
    }
    return difference
  }

  @Test func aNumberedUpdateStandsInTheDifference() throws {
    var test = try TestWorld()
    let before = try test.world.account(test.alice).box.pts
    try test.world.push(pinned(.string("next")), to: test.alice)
    let announced = test.world.takeAnnouncements()
    #expect(announced.map(\.user) == [test.alice])
    guard case .object(_, let fields)? = try announced.first.map({ try TLSchema.api.value($0.update.encoded()) }) else {
      Issue.record("nothing announced")
      return
    }
    #expect(fields["pts"] == .int(before + 1) && fields["pts_count"] == .int(1))
    let difference = try difference(test.world, test.alice, since: before)
    #expect(difference.state.pts == before + 1)
    #expect(difference.otherUpdates.first?.encoded() == announced.first?.update.encoded())
  }

  @Test func anUpdateWithANumberOfItsOwnMovesNothing() throws {
    var test = try TestWorld()
    let before = try test.world.account(test.alice).box.pts
    guard case .object(let name, var fields) = pinned(.int(99)) else { return }
    fields["pts_count"] = .int(1)
    try test.world.push(.object(name, fields), to: test.alice)
    #expect(test.world.takeAnnouncements().count == 1)
    #expect(try test.world.account(test.alice).box.pts == before)
  }

  @Test func aChannelsLogIsOneForAllMembers() throws {
    var test = try TestWorld()
    guard case .channel(let id) = test.supergroup else { return }
    let before = try test.world.channel(id, for: test.alice).box.pts
    let update = TLValue.object(
      "updateChannelWebPage",
      [
        "channel_id": .long(id), "webpage": .object("webPageEmpty", ["id": .long(1)]), "pts": .string("next"),
        "pts_count": .int(3),
      ])
    try test.world.push(update, to: test.alice)
    #expect(Set(test.world.takeAnnouncements().map(\.user)) == [test.alice, test.bob, test.carol])
    #expect(try test.world.channel(id, for: test.alice).box.pts == before + 3)
  }

  @Test func aContainerIsFilledUpAndItsUpdatesNumbered() throws {
    var test = try TestWorld()
    let before = try test.world.account(test.alice).box.pts
    let user = TLValue.object(
      "updateUserName",
      ["user_id": .long(test.bob), "first_name": .string("B"), "last_name": .string(""), "usernames": .vector([])])
    try test.world.push(
      .object("updates", ["updates": .vector([pinned(.string("next")), user, pinned(.string("next"))])]), to: test.alice
    )
    let container = try #require(test.world.takeContainers().first)
    guard case .updates(let updates) = try API.AnyUpdates(decoding: container.body) else {
      Issue.record("no updates")
      return
    }
    #expect(container.user == test.alice && updates.updates.count == 3 && updates.date == test.world.now)
    #expect(updates.users.count == 1)
    #expect(try test.world.account(test.alice).box.pts == before + 2)
  }

  @Test func bytesGoAsTheyAre() throws {
    var test = try TestWorld()
    let before = try test.world.account(test.alice).box.pts
    let bytes = ByteBuffer(bytes: [1, 2, 3, 0xfe, 9, 9, 9, 9])
    try test.world.push(bytes, count: 2, to: test.alice)
    #expect(test.world.takeAnnouncements().first?.update.encoded() == bytes)
    #expect(try difference(test.world, test.alice, since: before).otherUpdates.first?.encoded() == bytes)
    #expect(try test.world.account(test.alice).box.pts == before + 2)
  }

  @Test(arguments: [
    TLValue.object("updateNothing", [:]), .object("peerUser", ["user_id": .int(1)]),
    .object("updatePinnedMessages", ["pts": .string("next")]),
    .object("updateShortMessage", ["pts": .string("next")]), .int(1),
  ])
  func whatIsNoUpdateIsRefused(_ value: TLValue) throws {
    var test = try TestWorld()
    let before = try test.world.account(test.alice).box.pts
    #expect(throws: RPCFailure.self) { try test.world.push(value, to: test.alice) }
    #expect(test.world.takeAnnouncements().isEmpty && test.world.takeContainers().isEmpty)
    #expect(try test.world.account(test.alice).box.pts == before)
  }
}
