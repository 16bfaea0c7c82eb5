import Logging
import MTProtoCrypto
import NIOCore
import TL
import Testing

@testable import TelegramSandbox

@Suite struct TelegramTests {
  /// A Telegram and one device.
  struct Device {
    var telegram: Telegram
    let people: TestWorld
    var dc: Int32 = 2
    var key: Int64 = 100

    init() throws {
      people = try TestWorld()
      telegram = Telegram(
        world: people.world, apiID: 1, apiHash: "hash",
        endpoints: [.init(id: 1, host: "127.0.0.1", port: 1), .init(id: 2, host: "127.0.0.1", port: 2)],
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    mutating func call<F: TLFunction>(_ request: F) throws -> F.Response {
      let answer = telegram.call(request.encoded(), dc: dc, authKeyID: key, now: 1_700_000_000).response
      if let failure = try? MT.RpcError(decoding: answer) { throw RPCFailure(failure.errorCode, failure.errorMessage) }
      return try F.Response(decoding: answer)
    }

    mutating func sentCode(to phone: String) throws -> String {
      let settings = API.CodeSettings()
      let request = API.AuthSendCode(phoneNumber: phone, apiId: 1, apiHash: "hash", settings: settings)
      guard case .authSentCode(let sent) = try call(request) else { return "" }
      return sent.phoneCodeHash
    }

    mutating func signIn(_ user: Int64) throws {
      let account = try #require(telegram.world.accounts[user])
      let hash = try sentCode(to: "+" + account.phone)
      _ = try call(API.AuthSignIn(phoneNumber: account.phone, phoneCodeHash: hash, phoneCode: account.code))
    }
  }

  @Test func nothingIsToldToStrangers() throws {
    var device = try Device()
    #expect(throws: RPCFailure.authKeyUnregistered) { try device.call(API.UpdatesGetState()) }
    #expect(throws: RPCFailure.authKeyUnregistered) { try device.call(API.AccountGetPassword()) }
    try device.signIn(device.people.bob)
    #expect(try device.call(API.UpdatesGetState()).pts > 0)
    _ = try device.call(API.AuthLogOut())
    #expect(throws: RPCFailure.authKeyUnregistered) { try device.call(API.UpdatesGetState()) }
  }

  @Test func twoFactorSignInNeedsThePassword() throws {
    var device = try Device()
    #expect(throws: RPCFailure.sessionPasswordNeeded) { try device.signIn(device.people.carol) }
    #expect(throws: RPCFailure.sessionPasswordNeeded) { try device.call(API.UpdatesGetState()) }
    func proof(_ password: String) throws -> API.AuthCheckPassword {
      let state = try device.call(API.AccountGetPassword())
      guard
        case .passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(let algorithm) = state.currentAlgo,
        let b = state.srpB, let id = state.srpId
      else { throw RPCFailure.passwordHashInvalid }
      var generator = SystemRandomNumberGenerator()
      let proof = try SRP.prove(
        password: password,
        parameters: .init(
          salt1: Array(algorithm.salt1.readableBytesView), salt2: Array(algorithm.salt2.readableBytesView),
          generator: algorithm.g, prime: Array(algorithm.p.readableBytesView)),
        serverB: Array(b.readableBytesView), using: &generator)
      return API.AuthCheckPassword(
        password: .inputCheckPasswordSRP(
          .init(srpId: id, a: ByteBuffer(bytes: proof.a), m1: ByteBuffer(bytes: proof.m1))))
    }
    let wrong = try proof("wrong")
    #expect(throws: RPCFailure.passwordHashInvalid) { try device.call(wrong) }
    #expect(throws: RPCFailure.srpIDInvalid) { try device.call(wrong) }
    _ = try device.call(try proof("correct horse"))
    #expect(try device.call(API.UpdatesGetState()).pts > 0)
  }

  @Test func theOtherDataCentreSendsHome() throws {
    var device = try Device()
    device.dc = 1
    #expect(throws: RPCFailure.phoneMigrate(2)) { try device.sentCode(to: "+99966211111") }
    device.dc = 2
    try device.signIn(device.people.bob)
    let export = try device.call(API.AuthExportAuthorization(dcId: 1))
    (device.dc, device.key) = (1, 200)
    #expect(throws: RPCFailure.authBytesInvalid) {
      try device.call(API.AuthImportAuthorization(id: export.id, bytes: ByteBuffer(bytes: [1])))
    }
    _ = try device.call(API.AuthImportAuthorization(id: export.id, bytes: export.bytes))
    #expect(throws: RPCFailure.userMigrate(2)) { try device.call(API.UpdatesGetState()) }
    #expect(throws: RPCFailure.authBytesInvalid) {
      try device.call(API.AuthImportAuthorization(id: export.id, bytes: export.bytes))
    }
  }

  @Test func anotherAccountsAccessHashIsWorthNothing() throws {
    var device = try Device()
    try device.signIn(device.people.bob)
    let world = device.telegram.world
    let hash = world.accessHash(of: .user(device.people.carol), for: device.people.alice)
    let peer = API.AnyInputPeer.inputPeerUser(.init(userId: device.people.carol, accessHash: hash))
    #expect(throws: RPCFailure.peerIDInvalid) {
      try device.call(API.MessagesSendMessage(peer: peer, message: "hi", randomId: 1))
    }
  }

  @Test func whatItDoesNotHaveIsCounted() throws {
    var device = try Device()
    var request = TLWriter()
    request.writeConstructor(0x82f1_e39f)  // contacts.getSaved
    let answer = device.telegram.call(request.buffer, dc: 2, authKeyID: 1, now: 0)
    #expect(try MT.RpcError(decoding: answer.response).errorMessage == "METHOD_INVALID")
    #expect(device.telegram.unknownMethods == ["contacts.getSaved": 1])
  }

  @Test func faultsComeAsOftenAsAskedFor() throws {
    var device = try Device()
    try device.signIn(device.people.bob)
    device.telegram.faults.fail("updates.getState", with: .floodWait(5), times: 2)
    for _ in 0..<2 { #expect(throws: RPCFailure.floodWait(5)) { try device.call(API.UpdatesGetState()) } }
    #expect(try device.call(API.UpdatesGetState()).pts > 0)
  }

  @Test func severalConnectionsMayTakeAnAuthorizationOverAtOnce() throws {
    var device = try Device()
    try device.signIn(device.people.bob)
    let exports = try (0..<3).map { _ in try device.call(API.AuthExportAuthorization(dcId: 1)) }
    device.dc = 1
    for (key, export) in zip([Int64(201), 202, 203], exports) {
      device.key = key
      _ = try device.call(API.AuthImportAuthorization(id: export.id, bytes: export.bytes))
    }
  }

  @Test func mutatedRequestsAreAnsweredNeverFatal() throws {
    var device = try Device()
    try device.signIn(device.people.bob)
    let world = device.telegram.world
    let hash = world.accessHash(of: .user(device.people.alice), for: device.people.bob)
    let peer = API.AnyInputPeer.inputPeerUser(.init(userId: device.people.alice, accessHash: hash))
    let requests: [ByteBuffer] = [
      API.MessagesSendMessage(
        peer: peer, message: "hello world", randomId: 9,
        entities: [.messageEntityBold(.init(offset: 0, length: 5))]
      ).encoded(),
      API.MessagesGetHistory(
        peer: peer, offsetId: 0, offsetDate: 0, addOffset: 0, limit: 10, maxId: 0, minId: 0, hash: 0
      ).encoded(),
      API.MessagesGetDialogs(offsetDate: 0, offsetId: 0, offsetPeer: .inputPeerEmpty(.init()), limit: 10, hash: 0)
        .encoded(),
      API.UpdatesGetDifference(pts: 1, date: 0, qts: 0).encoded(),
      API.MessagesEditMessage(peer: peer, id: 1, message: "x").encoded(),
      API.MessagesDeleteMessages(revoke: true, id: [1, 2, 3]).encoded(),
      API.UploadSaveFilePart(fileId: 1, filePart: 0, bytes: ByteBuffer(bytes: [1, 2, 3])).encoded(),
      API.UsersGetUsers(id: [.inputUserSelf(.init())]).encoded(),
    ]
    var generator = SeededGenerator(seed: 30)
    for round in 0..<20_000 {
      var bytes = Array(requests[round % requests.count].readableBytesView)
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: bytes.indices, using: &generator)
        bytes[index] =
          [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &generator)].randomElement(
            using: &generator) ?? 0
      }
      if round % 16 == 0 { bytes.removeLast(4 * Int.random(in: 0..<bytes.count / 4, using: &generator)) }
      let answer = device.telegram.call(ByteBuffer(bytes: bytes), dc: 2, authKeyID: 100, now: 1_700_000_000)
      #expect(answer.response.readableBytes >= 4)
      _ = device.telegram.world.takeAnnouncements()
    }
  }
}
