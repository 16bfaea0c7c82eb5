import NIOCore
import TL
import Testing

@testable import TelegramSandbox

/// Errors in place of answers, and answers of a newer layer.
@Suite struct AnswerFaultTests {
  private func channel(_ peer: PeerKey, _ device: TelegramTests.Device) -> API.AnyInputChannel {
    guard case .channel(let id) = peer else { return .inputChannelEmpty(.init()) }
    return .inputChannel(
      .init(channelId: id, accessHash: device.telegram.world.accessHash(of: peer, for: device.people.alice)))
  }

  @Test func onlyTheNamedChatIsRefused() throws {
    var device = try TelegramTests.Device()
    try device.signIn(device.people.alice)
    device.telegram.faults.fail(
      CallFault(
        method: "updates.getChannelDifference", failure: .channelPrivate, chat: device.people.supergroup,
        user: device.people.alice))
    func ask(_ peer: PeerKey) throws {
      _ = try device.call(
        API.UpdatesGetChannelDifference(
          channel: channel(peer, device), filter: .channelMessagesFilterEmpty(.init()), pts: 1, limit: 10))
    }
    for _ in 0..<3 { #expect(throws: RPCFailure.channelPrivate) { try ask(device.people.supergroup) } }
    try ask(device.people.channel)
    _ = try device.call(API.UpdatesGetState())
  }

  @Test func oneOfSomeCallsFailsUntilTheTimesAreOver() throws {
    var device = try TelegramTests.Device()
    try device.signIn(device.people.alice)
    device.telegram.faults.fail(
      CallFault(method: "updates.getState", failure: RPCFailure(500, "X"), remaining: 2, every: 3))
    let failed = (1...9).filter { _ in (try? device.call(API.UpdatesGetState())) == nil }
    #expect(failed == [3, 6])
  }

  /// A number that no schema has stands where it should, for as often as it should, and only for whom it should.
  @Test func aMessageOfANewerLayerCannotBeRead() throws {
    var device = try TelegramTests.Device()
    try device.signIn(device.people.alice)
    let (alice, bob) = (device.people.alice, device.people.bob)
    let pts = try device.call(API.UpdatesGetState()).pts
    device.telegram.world.newerLayers = [
      NewerLayer(
        part: .message, chat: .user(bob), id: nil, viewer: alice, destination: .answer("updates.getDifference"),
        constructor: NewerLayer.firstConstructor, remaining: 2)
    ]
    _ = try device.telegram.world.send(
      Draft(text: MessageText(string: "new", entities: [])), from: bob, to: .user(alice))
    let push = try #require(device.telegram.world.takeAnnouncements().first { $0.user == alice })
    #expect(throws: Never.self) { try API.AnyUpdate(decoding: push.update.encoded()) }
    let request = API.UpdatesGetDifference(pts: pts, date: 1, qts: 0)
    for _ in 0..<2 {
      #expect(throws: TLError.self) { try device.call(request) }
    }
    guard case .updatesDifference(let difference) = try device.call(request) else {
      Issue.record("no difference")
      return
    }
    #expect(difference.newMessages.count == 1)
  }

  @Test func theMediaAloneMayBeNewer() throws {
    var device = try TelegramTests.Device()
    try device.signIn(device.people.alice)
    device.telegram.world.newerLayers = [
      NewerLayer(
        part: .media, chat: nil, id: nil, viewer: nil, destination: .push,
        constructor: NewerLayer.firstConstructor, remaining: nil)
    ]
    _ = try device.telegram.world.send(
      Draft(text: MessageText(string: "new", entities: [])), from: device.people.bob, to: device.people.supergroup)
    for announcement in device.telegram.world.takeAnnouncements() {
      #expect(throws: TLError.self) { try API.AnyUpdate(decoding: announcement.update.encoded()) }
    }
  }
}
