import Logging
import MTProto
import NIOCore
import NIOPosix
import TL
import Testing

@testable import TelegramClient

@Suite(.serialized) struct PeerTests {
  private func channel(_ id: Int64, hash: Int64? = 5, min: Bool = false) -> API.AnyChat {
    .channel(
      API.Channel(
        min: min, id: id, accessHash: hash, title: "Channel \(id)",
        photo: .chatPhotoEmpty(API.ChatPhotoEmpty()), date: 1))
  }

  private func dialog(_ id: Int64, top: Int32) -> API.AnyDialog {
    .dialog(
      API.Dialog(
        peer: .peerChannel(API.PeerChannel(channelId: id)), topMessage: top, readInboxMaxId: 0, readOutboxMaxId: 0,
        unreadCount: 0, unreadMentionsCount: 0, unreadReactionsCount: 0, unreadPollVotesCount: 0,
        notifySettings: API.PeerNotifySettings()))
  }

  private func message(_ id: Int32, channel: Int64) -> API.AnyMessage {
    .message(
      API.Message(id: id, peerId: .peerChannel(API.PeerChannel(channelId: channel)), date: 100 + id, message: "x"))
  }

  /// A server with 250 channels among its dialogs, 100 a page, the newest first.
  private func server() async throws -> LoopbackServer {
    try await LoopbackServer.start(group: MultiThreadedEventLoopGroup.singleton) { call, server in
      switch call.constructor {
      case API.HelpGetConfig.constructor: return .value(LoopbackServer.config([2: server.port], thisDC: 2))
      case API.MessagesGetDialogs.constructor:
        var reader = TLReader(call.body)
        for _ in 0..<3 { _ = try? reader.readInt() }
        let offset = (try? reader.readInt()) ?? 0
        let first: Int32 = offset == 0 ? 250 : offset - 1
        let ids = stride(from: first, to: max(first - 100, 0), by: -1).map { $0 }
        return .value(
          API.AnyMessagesDialogs.messagesDialogsSlice(
            API.MessagesDialogsSlice(
              count: 250, dialogs: ids.map { dialog(Int64($0), top: $0) },
              messages: ids.map { message($0, channel: Int64($0)) }, chats: ids.map { channel(Int64($0)) }, users: [])))
      case API.ContactsResolveUsername.constructor:
        let name = (try? call.decode(String.self, skipping: 2)) ?? ""
        return name == "known"
          ? .value(
            API.ContactsResolvedPeer(
              peer: .peerUser(API.PeerUser(userId: 8)), chats: [], users: [user(8, username: "known")]))
          : .refuse(400, "USERNAME_NOT_OCCUPIED")
      default: return .nothing
      }
    }
  }

  @Test func findsAnUnknownPeerAmongAllDialogsOnce() async throws {
    let server = try await server()
    let client = testClient(try configuration(port: server.port))
    try await running(client) { client in
      let id = try #require(PeerID.channel(3))
      guard case .inputPeerChannel(let input) = try await client.inputPeer(id) else {
        Issue.record("no channel")
        return
      }
      #expect(input.channelId == 3)
      #expect(input.accessHash == 5)
      let stranger = try #require(PeerID.channel(9999))
      await #expect(throws: TelegramError.self) { try await client.inputChannel(stranger) }
      await #expect(throws: TelegramError.self) { try await client.inputUser(id) }
    }
    #expect(server.calls(of: API.MessagesGetDialogs.constructor).count == 4)
    try await server.stop()
  }

  @Test func basicGroupsNeedNoAccessHash() async throws {
    let client = testClient(try configuration(port: 9))
    let id = try #require(PeerID.basicGroup(77))
    guard case .inputPeerChat(let input) = try await client.inputPeer(id) else {
      Issue.record("no chat")
      return
    }
    #expect(input.chatId == 77)
  }

  @Test func resolvesPublicNames() async throws {
    let server = try await server()
    let client = testClient(try configuration(port: server.port))
    try await running(client) { client in
      let entity = try await client.resolve(username: "@known")
      #expect(entity.id == PeerID.user(8))
      let error = await #expect(throws: TelegramError.self) { try await client.resolve(username: "nobody") }
      guard case .unknownUsername("nobody")? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    try await server.stop()
  }

  @Test func peersThatCannotBeAddressedAreNotKept() {
    #expect(StoredEntity(channel(5, min: true), date: 1) == nil)
    #expect(StoredEntity(channel(5, hash: nil), date: 1) == nil)
    #expect(StoredEntity(channel(-5), date: 1) == nil)
    #expect(StoredEntity(channel(.max), date: 1) == nil)
    #expect(StoredEntity(API.AnyUser.user(API.User(id: 5)), date: 1) == nil)
    #expect(StoredEntity(API.AnyUser.userEmpty(API.UserEmpty(id: 5)), date: 1) == nil)
    #expect(StoredEntity(channel(5), date: 1)?.name == "Channel 5")
  }

  @Test func takesTheActiveOneOfSeveralUsernames() {
    let user = API.User(
      id: 5, accessHash: 1, phone: "44123",
      usernames: [
        API.Username(username: "old"), API.Username(active: true, username: "bought"),
        API.Username(editable: true, active: true, username: "own"),
      ])
    let entity = StoredEntity(API.AnyUser.user(user), date: 1)
    #expect(entity?.username == "own")
    #expect(entity?.phone == "44123")
    #expect(entity?.name == nil)
  }

  @Test func whatIsKnownAlreadyIsNotWrittenAgain() async throws {
    let store = CountingStore()
    let peers = PeerBook(store: store, wallClock: .system, logger: Logger(label: "test"))
    for _ in 0..<5 { await peers.harvest([user(1), user(2)]) }
    await peers.harvest([user(2), user(3)])
    #expect(store.saved.current == [2, 1])
  }
}

/// Counts what is saved in each call.
private final class CountingStore: SessionStore {
  let saved = Locked<[Int]>([])
  func home() async -> StoredDC? { nil }
  func setHome(_ dc: StoredDC) async {}
  func authorization(dc: Int) async -> StoredDC? { nil }
  func setAuthorization(_ dc: StoredDC) async {}
  func sessionHint(dc: Int) async -> StoredSessionHint? { nil }
  func setSessionHint(_ hint: StoredSessionHint) async {}
  func entity(_ id: PeerID) async -> StoredEntity? { nil }
  func entity(username: String) async -> StoredEntity? { nil }
  func save(entities: [StoredEntity]) async { saved.withValue { $0.append(entities.count) } }
  func clear() async {}
}
