import MTProto
import NIOCore
import TL
import Testing

@testable import TelegramClient

/// What a sign-in by QR code does next.
@Suite struct LoginTokenFlowTests {
  private static let now = Duration.seconds(1_700_000_000)
  private static let token = ByteBuffer(bytes: [0xfb, 0xff, 0xfe, 0x01])

  /// An action as a test writes it.
  private func text(_ action: LoginTokenFlow.Action) -> String {
    switch action {
    case .export: "export"
    case .importToken(let token, let dc): "import \(token.readableBytes) bytes on \(dc)"
    case .show(let link): "show \(link.url) for \(link.lifetime.components.seconds) s"
    case .askPassword: "password"
    case .finish: "finish"
    case .fail(let error): "fail: \(error)"
    }
  }

  private func loginToken(expiresIn seconds: Int32, _ token: ByteBuffer = Self.token) -> API.AnyAuthLoginToken {
    .authLoginToken(.init(expires: 1_700_000_000 + seconds, token: token))
  }

  @Test(arguments: [
    (30, 28), (4, 2), (3, 1), (2, 1), (0, 1), (-100, 1), (300, 298), (86_400, 300), (Int32.max - 1_700_000_000, 300),
  ])
  func aLinkIsRenewedBeforeItEndsByTheServersClock(expiresIn: Int32, shown: Int) {
    var flow = LoginTokenFlow()
    let action = flow.answered(loginToken(expiresIn: expiresIn), serverTime: Self.now)
    #expect(text(action) == "show tg://login?token=-__-AQ for \(shown) s")
  }

  @Test(arguments: [(2, "import 4 bytes on 2"), (1000, "import 4 bytes on 1000")])
  func theTokenGoesToTheAccountsDataCentre(dc: Int32, expected: String) {
    var flow = LoginTokenFlow()
    let answer = API.AnyAuthLoginToken.authLoginTokenMigrateTo(.init(dcId: dc, token: Self.token))
    #expect(text(flow.answered(answer, serverTime: Self.now)) == expected)
  }

  @Test(arguments: [0, -1, 1001, Int32.min])
  func aDataCentreThatCannotBeEndsIt(dc: Int32) {
    var flow = LoginTokenFlow()
    let answer = API.AnyAuthLoginToken.authLoginTokenMigrateTo(.init(dcId: dc, token: Self.token))
    #expect(text(flow.answered(answer, serverTime: Self.now)).contains("there is no such data centre"))
  }

  @Test(arguments: [
    (401, "SESSION_PASSWORD_NEEDED", "password"), (400, "AUTH_TOKEN_EXPIRED", "export"),
    (400, "AUTH_TOKEN_INVALID", "export"), (400, "AUTH_TOKEN_INVALIDX", "export"),
    (400, "AUTH_TOKEN_ALREADY_ACCEPTED", "export"), (500, "AUTH_RESTART", "export"),
    (400, "API_ID_INVALID", "fail: "), (400, "PHONE_NUMBER_BANNED", "fail: this phone number is banned"),
  ])
  func aRefusalIsAnswered(code: Int32, name: String, expected: String) {
    var flow = LoginTokenFlow()
    let refusal = TelegramError.rpc(RPCError(code: code, message: name), method: API.AuthExportLoginToken.name)
    #expect(text(flow.refused(refusal)).hasPrefix(expected))
  }

  @Test func aFloodWaitIsToldWithItsTime() {
    var flow = LoginTokenFlow()
    let action = flow.refused(.floodWait(.seconds(77), method: API.AuthExportLoginToken.name))
    #expect(text(action) == "fail: too many attempts; try again in 77 s")
  }

  @Test func aServerThatLeadsNowhereIsLeft() {
    let migration = API.AnyAuthLoginToken.authLoginTokenMigrateTo(.init(dcId: 1, token: Self.token))
    let expired = TelegramError.rpc(RPCError(code: 400, message: "AUTH_TOKEN_EXPIRED"), method: "auth.importLoginToken")
    var flow = LoginTokenFlow()
    for _ in 1..<SignIn.attempts {
      #expect(text(flow.answered(migration, serverTime: Self.now)) == "import 4 bytes on 1")
    }
    #expect(text(flow.answered(migration, serverTime: Self.now)).hasPrefix("fail"))
    #expect(text(flow.refused(expired)).hasPrefix("fail"))
    // A link is progress.
    _ = flow.answered(loginToken(expiresIn: 30), serverTime: Self.now)
    #expect(text(flow.refused(expired)) == "export")
  }

  @Test func anAcceptedTokenSignsIn() {
    var flow = LoginTokenFlow()
    let signedIn = API.AnyAuthAuthorization.authAuthorization(.init(user: user(1, isSelf: true)))
    let action = flow.answered(.authLoginTokenSuccess(.init(authorization: signedIn)), serverTime: Self.now)
    #expect(text(action) == "finish")
  }

  private static let acceptance = API.AnyUpdate.updateLoginToken(.init())
  private static let config = API.AnyUpdate.updateConfig(.init())

  @Test(arguments: [
    (UpdatePayload.updates(.updateShort(.init(update: acceptance, date: 1))), true),
    (.updates(.updates(.init(updates: [config, acceptance], users: [], chats: [], date: 1, seq: 0))), true),
    (
      .updates(
        .updatesCombined(.init(updates: [acceptance], users: [], chats: [], date: 1, seqStart: 0, seq: 0))), true
    ),
    (.updates(.updatesTooLong(.init())), true), (.gap, true),
    (.undecodable(ByteBuffer(), .tooDeep(offset: 0)), true),
    (.updates(.updateShort(.init(update: config, date: 1))), false),
    (.updates(.updates(.init(updates: [config], users: [], chats: [], date: 1, seq: 0))), false),
  ])
  func whatMayMeanAcceptanceIsLookedInto(payload: UpdatePayload, expected: Bool) {
    var flow = LoginTokenFlow()
    #expect(flow.concerns(payload) == expected)
  }

  @Test func onlyAConnectionThatComesBackMayHaveLostSomething() {
    var flow = LoginTokenFlow()
    let heard = [flow.concerns(.connected), flow.concerns(.connected), flow.concerns(.connected)]
    #expect(heard == [false, true, true])
  }
}
