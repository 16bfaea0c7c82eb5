import Logging
import MTProto
import NIOCore
public import TL

extension TelegramClient {
  /// Calls `function` and returns its answer.
  ///
  /// Migrate errors are followed, short flood waits slept on, transient failures of the server retried, and a lost
  /// connection is waited for. Cancelling the task tells the server to drop the call.
  /// - Parameters:
  ///   - dc: the data centre to ask; nil for the account's home.
  ///   - timeout: how long to wait for the answer, without flood waits; nil for `ClientConfiguration.callTimeout`.
  ///   - isBulk: whether the call moves a lot of data and may give way to others.
  public func invoke<Function: TLFunction>(
    _ function: Function, dc: Int? = nil, timeout: Duration? = nil, isBulk: Bool = false
  ) async throws(TelegramError) -> Function.Response {
    try await invoke(function, dc: dc, role: .main, timeout: timeout, isBulk: isBulk).response
  }

  /// As the public one, over a link for `role`.
  /// - Returns: the answer, and which data centre gave it.
  func invoke<Function: TLFunction>(
    _ function: Function, dc: Int?, role: LinkRole, timeout: Duration? = nil, isBulk: Bool = false
  ) async throws(TelegramError) -> (response: Function.Response, dc: Int) {
    let call = OutgoingCall(
      body: function.encoded(), method: Function.name, timeout: timeout ?? configuration.callTimeout, isBulk: isBulk,
      role: role)
    let isOpen =
      role == .cdn || Function.self == API.AuthImportAuthorization.self || Function.self == API.HelpGetConfig.self
    let (bytes, answerer) = try await answer(to: call, dc: dc, isOpen: isOpen)
    let response: Function.Response
    do throws(TLError) {
      response = try Function.Response(decoding: bytes)
    } catch {
      throw .decoding(error, method: Function.name)
    }
    if let carrying = response as? any PeerCarrying { await peers.harvest(carrying) }
    if let updates = response as? API.AnyUpdates { environment.feed?.offer(.answered(updates)) }
    return (response, answerer)
  }

  private struct OutgoingCall {
    let body: ByteBuffer
    let method: String
    let timeout: Duration
    let isBulk: Bool
    let role: LinkRole
  }

  /// The answer's bytes, after whatever retries it takes.
  ///
  /// An open call is one that a data centre answers to anybody.
  private func answer(
    to call: OutgoingCall, dc requested: Int?, isOpen: Bool
  ) async throws(TelegramError) -> (ByteBuffer, dc: Int) {
    var policy = RetryPolicy(floodSleepThreshold: configuration.floodSleepThreshold)
    var dc = requested
    while true {
      let home = try await centers.homeDC()
      let target = dc ?? home
      if target != home, !isOpen { try await authorize(on: target) }
      let refusal: RPCError
      do throws(DataCenterLink.CallFailure) {
        let link = await centers.link(to: target, for: call.role)
        return (try await link.call(call.body, isBulk: call.isBulk, timeout: call.timeout), target)
      } catch {
        switch error {
        case .rpc(let error): refusal = error
        case .timeout: throw .timeout(method: call.method)
        case .cancelled: throw .cancelled
        case .link(let error): throw error
        case .keyReplaced:
          await centers.deauthorize(on: target)
          continue
        }
      }
      switch policy.decide(refusal, method: call.method, isHome: target == home, isOpen: isOpen) {
      case .fail(let error): throw error
      case .retry: break
      case .wait(let wait): try await pause(wait, method: call.method, refusal)
      case .moveHome(let new):
        try await learnAddresses(of: new)
        try await centers.move(home: new)
      case .ask(let other):
        try await learnAddresses(of: other)
        dc = other
      case .authorize: await centers.deauthorize(on: target)
      }
    }
  }

  private func pause(_ wait: Duration, method: String, _ refusal: RPCError) async throws(TelegramError) {
    environment.logger.notice(
      "waiting as the server asks",
      metadata: ["method": "\(method)", "seconds": "\(wait.components.seconds)", "error": "\(refusal.message)"])
    do { try await environment.clock.sleep(for: wait) } catch { throw .cancelled }
  }

  /// Asks home for the addresses of a data centre nothing is known of yet.
  private func learnAddresses(of dc: Int) async throws(TelegramError) {
    guard environment.addresses.withBook({ $0.endpoints(of: dc).isEmpty }) else { return }
    try await refreshAddresses(from: nil)
    guard environment.addresses.withBook({ !$0.endpoints(of: dc).isEmpty }) else {
      throw .unreachable(dc: dc, reason: "the server does not say where it is")
    }
  }

  /// Signs in on a data centre that is not home with an authorization exported there.
  private func authorize(on dc: Int) async throws(TelegramError) {
    guard await !centers.isAuthorized(on: dc) else { return }
    try await centers.authorize(on: dc) { () async throws(TelegramError) in
      let exported = try await self.invoke(API.AuthExportAuthorization(dcId: Int32(clamping: dc)))
      _ = try await self.invoke(API.AuthImportAuthorization(id: exported.id, bytes: exported.bytes), dc: dc)
    }
  }
}
