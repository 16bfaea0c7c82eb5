import Logging
import MTProto
import Metrics
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
  ///   - isBulk: whether the call moves data that does not compress.
  ///   - purpose: which of the data centre's connections carries it.
  public func invoke<Function: TLFunction>(
    _ function: Function, dc: Int? = nil, timeout: Duration? = nil, isBulk: Bool = false,
    purpose: LinkPurpose = .calls
  ) async throws(TelegramError) -> Function.Response {
    try await invoke(function, CallOptions(dc: dc, timeout: timeout, isBulk: isBulk, purpose: purpose))
  }

  /// How a call is made.
  struct CallOptions {
    var dc: Int?
    var timeout: Duration?
    var isBulk = false
    var purpose = LinkPurpose.calls
    /// Whether flood waits and FILE_MIGRATE are thrown at once, for a caller that makes many such calls side by side.
    var leavesPaceToCaller = false
  }

  func invoke<Function: TLFunction>(
    _ function: Function, _ options: CallOptions
  ) async throws(TelegramError) -> Function.Response {
    try await invoke(encoded: CallWrapping.encode(function), of: Function.self, options)
  }

  /// Calls a function of which only the bytes are there, so that a large one is not kept beside them.
  ///
  /// - Parameter body: as `CallWrapping.encode` makes it.
  func invoke<Function: TLFunction>(
    encoded body: ByteBuffer, of _: Function.Type, _ options: CallOptions
  ) async throws(TelegramError) -> Function.Response {
    let call = OutgoingCall(body: body, method: Function.name, options: options)
    let isOpen =
      options.purpose == .cdn || Function.self == API.AuthImportAuthorization.self
      || Function.self == API.HelpGetConfig.self
    let bytes = try await answer(to: call, isOpen: isOpen)
    let response: Function.Response
    do throws(TLError) {
      response = try Function.Response(decoding: bytes)
    } catch {
      throw .decoding(error, method: Function.name, answer: bytes)
    }
    if let carrying = response as? any PeerCarrying { await peers.harvest(carrying) }
    if let updates = response as? API.AnyUpdates { environment.feed?.offer(.answered(updates)) }
    return response
  }

  private struct OutgoingCall {
    let body: ByteBuffer
    let method: String
    let options: CallOptions
  }

  /// How often a data centre may lose the key that was agreed with it during one call.
  private static let maximumKeyReplacements = 5

  /// The answer's bytes, after whatever retries it takes.
  ///
  /// An open call is one that a data centre answers to anybody.
  private func answer(to call: OutgoingCall, isOpen: Bool) async throws(TelegramError) -> ByteBuffer {
    let options = call.options
    var policy = RetryPolicy(
      floodSleepThreshold: options.leavesPaceToCaller ? .zero : configuration.floodSleepThreshold,
      followsFiles: !options.leavesPaceToCaller, retriesFailures: !options.leavesPaceToCaller)
    var dc = options.dc
    var keyReplacements = 0
    while true {
      let home = try await centers.homeDC()
      let target = dc ?? home
      if target != home { try await learnAddresses(of: target, for: options.purpose) }
      if target != home, !isOpen { try await authorize(on: target) }
      let refusal: RPCError
      do throws(DataCenterLink.CallFailure) {
        return try await centers.link(to: target, purpose: options.purpose).call(
          call.body, isBulk: options.isBulk, timeout: options.timeout ?? configuration.callTimeout)
      } catch {
        switch error {
        case .rpc(let error): refusal = error
        case .timeout: throw .timeout(method: call.method)
        case .cancelled: throw .cancelled
        case .link(let error): throw error
        case .keyReplaced:
          keyReplacements += 1
          guard keyReplacements <= Self.maximumKeyReplacements else {
            throw .unreachable(dc: target, reason: "it keeps forgetting the key")
          }
          await centers.deauthorize(on: target)
          // Keys are agreed on the link for calls.
          if options.purpose == .files, target == home { try await refreshAddresses(from: nil) }
          continue
        }
      }
      count(refusal, of: call)
      switch policy.decide(refusal, method: call.method, isHome: target == home, isOpen: isOpen) {
      case .fail(let error): throw error
      case .retry: break
      case .wait(let wait): try await pause(wait, method: call.method, refusal)
      case .moveHome(let new): try await moveHome(to: new)
      case .ask(let other): dc = other
      case .authorize: await centers.deauthorize(on: target)
      }
    }
  }

  /// The account lives on `dc`.
  func moveHome(to dc: Int) async throws(TelegramError) {
    try await learnAddresses(of: dc, for: .calls)
    try await centers.move(home: dc)
  }

  private func count(_ refusal: RPCError, of call: OutgoingCall) {
    Counter(label: "tgl_rpc_errors_total", dimensions: [("error", refusal.name)]).increment()
    guard case .floodWait(let wait) = refusal.kind else { return }
    FloatingPointCounter(label: "tgl_flood_wait_seconds_total", dimensions: [("method", call.method)])
      .increment(by: wait / .seconds(1))
  }

  private func pause(_ wait: Duration, method: String, _ refusal: RPCError) async throws(TelegramError) {
    environment.logger.notice(
      refusal.isServerFailure ? "Telegram failed to answer; trying again" : "waiting as the server asks",
      metadata: ["method": "\(method)", "seconds": "\(wait.components.seconds)", "error": "\(refusal.message)"])
    do { try await environment.clock.sleep(for: wait) } catch { throw .cancelled }
  }

  /// Asks home for the addresses of a data centre nothing is known of yet.
  private func learnAddresses(of dc: Int, for purpose: LinkPurpose) async throws(TelegramError) {
    guard environment.addresses.withBook({ $0.endpoints(of: dc, for: purpose).isEmpty }) else { return }
    try await refreshAddresses(from: nil)
    guard environment.addresses.withBook({ !$0.endpoints(of: dc, for: purpose).isEmpty }) else {
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

extension RPCError {
  /// Whether the server is in trouble, which is no wait it asks for.
  fileprivate var isServerFailure: Bool { verdict == .retry(after: nil) }
}
