import MTProto
import MTProtoCrypto
import NIOCore
import TL
import TestSupport
import Testing

@testable import TelegramClient

/// The machine against a scripted server, with no sockets and no time but the test's.
@Suite struct LinkMachineTests {
  private struct Pair {
    var machine: LinkMachine
    var server: ServerSide
    var random: RandomSource
    var now = Moment(uptime: .seconds(100), unixTime: .seconds(1_700_000_000))
    let transport: Transport

    init(transport: Transport = Transport(.intermediate, obfuscated: true), withoutUpdates: Bool = false) throws {
      self.transport = transport
      let configuration = try configuration(port: 1)
      machine = LinkMachine(wrapping: CallWrapping(configuration: configuration), withoutUpdates: withoutUpdates)
      server = ServerSide(privateKey: LoopbackServer.privateKey)
      let numbers = Locked(SeededGenerator(seed: 1))
      random = RandomSource { numbers.withValue { $0.next() } }
    }

    mutating func connect() {
      machine.connected(
        transport: transport, dc: 2, keys: [LoopbackServer.privateKey.publicKey], now: now, using: &random)
    }

    /// A new connection to a server that still knows the keys.
    mutating func reconnect(forgetting: Bool = false) {
      machine.disconnected(now: now)
      server = ServerSide(privateKey: LoopbackServer.privateKey, keys: forgetting ? [:] : server.keys)
      connect()
    }

    /// Lets bytes travel once each way.
    mutating func exchange() throws -> (server: [ServerSide.Output], client: [LinkMachine.Output]) {
      let toServer = machine.outgoing(now: now, using: &random)
      let seen = try toServer.map { try server.receive($0, now: now) } ?? []
      let toClient = server.takeBytes()
      let told = toClient.readableBytes > 0 ? machine.received(toClient, now: now, using: &random) : []
      return (seen, told)
    }

    /// Connects and agrees on a key.
    mutating func agree() throws -> AuthKeyAgreement {
      connect()
      for _ in 0..<6 {
        for case .keyAgreed(let agreement) in try exchange().client { return agreement }
      }
      throw TelegramError.closed
    }

    mutating func open() throws {
      let agreement = try agree()
      machine.keySaved(
        ClientSession(
          authKey: agreement.authKey, salt: agreement.salt, sessionID: 5, timeOffset: agreement.serverTimeOffset),
        now: now)
    }

    mutating func calls() throws -> [ReceivedCall] {
      try exchange().server.compactMap { if case .call(let call) = $0 { call } else { nil } }
    }

    /// The one call that arrives now.
    mutating func call() throws -> ReceivedCall {
      let calls = try calls()
      #expect(calls.count == 1)
      return try #require(calls.first)
    }

    /// Brings the server's answers to the client.
    mutating func deliver() -> [LinkMachine.Output] {
      machine.received(server.takeBytes(), now: now, using: &random)
    }
  }

  private let getConfig = API.HelpGetConfig().encoded()
  private let getState = API.UpdatesGetState().encoded()

  @Test(arguments: Transport.all)
  func agreesOnAKeyOverEveryTransport(transport: Transport) throws {
    var pair = try Pair(transport: transport)
    let agreement = try pair.agree()
    #expect(pair.server.keys[agreement.authKey.id] == agreement.authKey)
    #expect(pair.server.transport == transport)
    if transport.isObfuscated { #expect(pair.server.obfuscatedDC == 2) }
  }

  @Test func saysNothingWithAKeyBeforeItIsSaved() throws {
    var pair = try Pair()
    pair.machine.invoke(1, body: getConfig, isBulk: false, now: pair.now)
    _ = try pair.agree()
    #expect(pair.machine.outgoing(now: pair.now, using: &pair.random) == nil)
    #expect(!pair.machine.isEncrypted)
  }

  @Test func introducesItselfUntilACallIsAnswered() throws {
    var pair = try Pair()
    try pair.open()
    pair.machine.invoke(1, body: getConfig, isBulk: false, now: pair.now)
    pair.machine.invoke(2, body: getState, isBulk: false, now: pair.now)
    let first = try pair.calls()
    #expect(first.map(\.layer) == [229, 229])
    #expect(first.first?.deviceModel == DeviceInfo.model)
    #expect(first.allSatisfy { !$0.isWithoutUpdates })
    try pair.server.answer(try #require(first.first).messageID, true, now: pair.now)
    guard case .session(.result(let id, _))? = pair.deliver().last else {
      Issue.record("no result")
      return
    }
    #expect(id == 1)
    pair.machine.invoke(3, body: getState, isBulk: false, now: pair.now)
    #expect(try pair.calls().map(\.layer) == [nil])
  }

  @Test func introducesItselfAgainOnANewConnection() throws {
    var pair = try Pair()
    try pair.open()
    pair.machine.invoke(1, body: getConfig, isBulk: false, now: pair.now)
    try pair.server.answer(try pair.call().messageID, true, now: pair.now)
    _ = pair.deliver()
    pair.reconnect()
    pair.machine.invoke(2, body: getState, isBulk: false, now: pair.now)
    #expect(try pair.calls().map(\.layer) == [229])
  }

  @Test func introducesItselfAgainWhenTheServerAsksWhoItIs() throws {
    var pair = try Pair()
    try pair.open()
    pair.machine.invoke(1, body: getConfig, isBulk: false, now: pair.now)
    try pair.server.answer(try pair.call().messageID, true, now: pair.now)
    _ = pair.deliver()
    pair.machine.invoke(2, body: getState, isBulk: false, now: pair.now)
    try pair.server.refuse(try pair.call().messageID, code: 400, "CONNECTION_NOT_INITED", now: pair.now)
    _ = pair.deliver()
    pair.machine.invoke(3, body: getState, isBulk: false, now: pair.now)
    #expect(try pair.calls().map(\.layer) == [229])
  }

  @Test func asksForNoUpdatesWhereTheyAreNotWanted() throws {
    var pair = try Pair(withoutUpdates: true)
    try pair.open()
    pair.machine.invoke(1, body: getConfig, isBulk: false, now: pair.now)
    let calls = try pair.calls()
    #expect(calls.map(\.isWithoutUpdates) == [true])
    #expect(calls.map(\.layer) == [229])
  }

  @Test func sendsAnUnansweredCallAgainOnceTheServerSaysThatItIsMissing() throws {
    var pair = try Pair()
    try pair.open()
    pair.machine.invoke(1, body: getState, isBulk: false, now: pair.now)
    let before = try pair.calls()
    pair.now = pair.now.advanced(by: .seconds(5))
    pair.reconnect()
    #expect(try pair.calls().isEmpty)
    let after = try pair.calls()
    #expect(before.map(\.messageID) == after.map(\.messageID))
    #expect(before.count == 1)
    try pair.server.answer(try #require(after.first).messageID, true, now: pair.now)
    let results = pair.deliver().filter { if case .session(.result) = $0 { true } else { false } }
    #expect(results.count == 1)
  }

  @Test func aCallTakenBackWhileOfflineIsNeverSent() throws {
    var pair = try Pair()
    try pair.open()
    _ = try pair.exchange()
    pair.machine.disconnected(now: pair.now)
    pair.machine.invoke(1, body: getState, isBulk: false, now: pair.now)
    pair.machine.cancel(1, now: pair.now)
    pair.reconnect()
    #expect(try pair.calls().isEmpty)
  }

  @Test func aCallTakenBackIsDroppedAtTheServer() throws {
    var pair = try Pair()
    try pair.open()
    pair.machine.invoke(1, body: getState, isBulk: false, now: pair.now)
    let call = try pair.call()
    pair.machine.cancel(1, now: pair.now)
    let services = try pair.exchange().server.compactMap { output -> ByteBuffer? in
      if case .service(MT.RpcDropAnswer.constructor, let body) = output { body } else { nil }
    }
    var reader = TLReader(try #require(services.first))
    _ = try reader.readConstructor()
    #expect(try reader.readLong() == call.messageID)
  }

  @Test func aTransportErrorIsAFault() throws {
    var pair = try Pair()
    try pair.open()
    pair.reconnect(forgetting: true)
    pair.machine.invoke(1, body: getState, isBulk: false, now: pair.now)
    guard case .fault(let fault)? = try pair.exchange().client.last else {
      Issue.record("no fault")
      return
    }
    #expect(fault == .transport(-404))
  }

  @Test func alteredBytesAreAFault() throws {
    var pair = try Pair(transport: Transport(.abridged, obfuscated: false))
    try pair.open()
    pair.machine.invoke(1, body: getState, isBulk: false, now: pair.now)
    try pair.server.answer(try pair.call().messageID, true, now: pair.now)
    var bytes = pair.server.takeBytes()
    let last = bytes.writerIndex - 1
    bytes.setInteger((bytes.getInteger(at: last, as: UInt8.self) ?? 0) ^ 1, at: last)
    let outputs = pair.machine.received(bytes, now: pair.now, using: &pair.random)
    #expect(outputs.contains { if case .fault(.session) = $0 { true } else { false } })
    #expect(!outputs.contains { if case .session(.result) = $0 { true } else { false } })
  }

  /// Whatever a server sends, the machine answers with outputs, never with a trap.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func survivesRandomBytes(seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let transport = Transport.all[Int(seed) % Transport.all.count]
    var pair = try Pair(transport: transport)
    if seed % 2 == 0 { try pair.open() } else { pair.connect() }
    _ = pair.machine.outgoing(now: pair.now, using: &pair.random)
    for _ in 0..<20 {
      let count = Int.random(in: 0...300, using: &numbers)
      let bytes = ByteBuffer(bytes: (0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) })
      for case .fault in pair.machine.received(bytes, now: pair.now, using: &pair.random) { return }
    }
  }
}
