import NIOCore
import TL
import Testing

@testable import TelegramSandbox

@Suite struct LoginTokenTests {
  /// A Telegram in which bob is signed in on one device, and another one wants to be.
  private struct Devices {
    var telegram: Telegram
    let people: TestWorld
    var now: Int32 = 1_700_000_000
    private static let bob: Int64 = 100
    private static let new: Int64 = 200

    init() throws {
      var device = try TelegramTests.Device()
      device.key = Self.bob
      try device.signIn(device.people.bob)
      telegram = device.telegram
      people = device.people
    }

    mutating func call<F: TLFunction>(_ request: F, dc: Int32, key: Int64) throws -> F.Response {
      let answer = telegram.call(request.encoded(), dc: dc, authKeyID: key, now: now).response
      if let failure = try? MT.RpcError(decoding: answer) { throw RPCFailure(failure.errorCode, failure.errorMessage) }
      return try F.Response(decoding: answer)
    }

    mutating func export(dc: Int32 = 2, key: Int64 = Self.new) throws -> API.AnyAuthLoginToken {
      try call(API.AuthExportLoginToken(apiId: 1, apiHash: "hash", exceptIds: []), dc: dc, key: key)
    }

    mutating func token(dc: Int32 = 2, key: Int64 = Self.new) throws -> ByteBuffer {
      guard case .authLoginToken(let token) = try export(dc: dc, key: key) else { throw RPCFailure.authTokenInvalid }
      return token.token
    }

    mutating func accept(_ token: ByteBuffer) throws -> API.Authorization {
      try call(API.AuthAcceptLoginToken(token: token), dc: 2, key: Self.bob)
    }
  }

  @Test func anAcceptedDeviceIsSignedInWhenItLooks() throws {
    var devices = try Devices()
    let token = try devices.token()
    _ = try devices.accept(token)
    #expect(devices.telegram.takeAcceptedKeys() == [AuthKeyAddress(dc: 2, id: 200)])
    guard case .authLoginTokenSuccess = try devices.export() else {
      Issue.record("not signed in")
      return
    }
    #expect(try devices.call(API.UpdatesGetState(), dc: 2, key: 200).pts > 0)
  }

  @Test func theTokenIsForTheDeviceThatShowedIt() throws {
    var devices = try Devices()
    _ = try devices.accept(try devices.token())
    guard case .authLoginToken = try devices.export(key: 300) else {
      Issue.record("a stranger was let in")
      return
    }
    #expect(throws: RPCFailure.authKeyUnregistered) { try devices.call(API.UpdatesGetState(), dc: 2, key: 300) }
  }

  @Test func aTokenIsAcceptedOnceAndInTime() throws {
    var devices = try Devices()
    let first = try devices.token()
    _ = try devices.accept(first)
    #expect(throws: RPCFailure.authTokenAlreadyAccepted) { try devices.accept(first) }
    #expect(throws: RPCFailure.authTokenInvalid) { try devices.accept(ByteBuffer(string: "token")) }
    let second = try devices.token(key: 300)
    devices.now += 30
    #expect(throws: RPCFailure.authTokenExpired) { try devices.accept(second) }
    // What was accepted in time is not lost by looking late.
    guard case .authLoginTokenSuccess = try devices.export() else {
      Issue.record("not signed in")
      return
    }
  }

  @Test func theOtherDataCentreSendsTheTokenHome() throws {
    var devices = try Devices()
    let token = try devices.token(dc: 1)
    _ = try devices.accept(token)
    guard case .authLoginTokenMigrateTo(let target) = try devices.export(dc: 1) else {
      Issue.record("not sent home")
      return
    }
    #expect(target.dcId == 2)
    let signedIn = try devices.call(API.AuthImportLoginToken(token: target.token), dc: 2, key: 300)
    guard case .authLoginTokenSuccess = signedIn else {
      Issue.record("not signed in")
      return
    }
    #expect(throws: RPCFailure.authTokenInvalid) {
      try devices.call(API.AuthImportLoginToken(token: target.token), dc: 2, key: 400)
    }
  }

  @Test func aPasswordIsStillAskedFor() throws {
    var devices = try Devices()
    let token = Array(try devices.token().readableBytesView)
    try devices.telegram.acceptLoginToken(token, as: devices.people.carol)
    #expect(throws: RPCFailure.sessionPasswordNeeded) { try devices.export() }
    #expect(try devices.call(API.AccountGetPassword(), dc: 2, key: 200).hasPassword)
    #expect(throws: RPCFailure.sessionPasswordNeeded) { try devices.call(API.UpdatesGetState(), dc: 2, key: 200) }
  }
}
