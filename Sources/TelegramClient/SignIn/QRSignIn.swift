import MTProto
public import TL

/// Signs an account in by a code that is shown here and scanned with a device that is signed in already.
///
/// Source: core.telegram.org/api/qr-login.
public struct QRSignIn: Sendable {
  let client: TelegramClient
  let prompts: any SignInPrompts
  let display: any LoginLinkDisplay

  /// `client` must be running and receive updates, for nobody else; of `prompts` only the password is asked for.
  public init(client: TelegramClient, prompts: any SignInPrompts, display: any LoginLinkDisplay) {
    self.client = client
    self.prompts = prompts
    self.display = display
  }

  /// Shows links until one of them is accepted; returns the account.
  public func run() async throws(SignInError) -> API.User {
    let outcome: Result<API.AnyAuthAuthorization?, SignInError>
    do throws(SignInError) { outcome = .success(try await showLinks()) } catch { outcome = .failure(error) }
    await display.finish()
    if let authorization = try outcome.get() { return try authorization.signedInUser() }
    return try await PasswordCheck(client: client, prompts: prompts).run().signedInUser()
  }

  /// Nil when the password is needed.
  private func showLinks() async throws(SignInError) -> API.AnyAuthAuthorization? {
    let configuration = client.configuration
    var flow = LoginTokenFlow()
    var action = LoginTokenFlow.Action.export
    while true {
      switch action {
      case .export:
        let call = API.AuthExportLoginToken(
          apiId: configuration.apiID, apiHash: configuration.apiHash, exceptIds: [])
        action = await answer(to: call, &flow)
      case .importToken(let token, let dc):
        do throws(TelegramError) { try await client.moveHome(to: dc) } catch { throw SignInError(error, phone: "") }
        action = await answer(to: API.AuthImportLoginToken(token: token), &flow)
      case .show(let link):
        flow = try await show(link, flow)
        action = .export
      case .askPassword: return nil
      case .finish(let authorization): return authorization
      case .fail(let error): throw error
      }
    }
  }

  private func answer<Call: TLFunction>(
    to call: Call, _ flow: inout LoginTokenFlow
  ) async -> LoginTokenFlow.Action where Call.Response == API.AnyAuthLoginToken {
    do throws(TelegramError) {
      let answer = try await client.invoke(call)
      return flow.answered(answer, serverTime: try await client.serverTime())
    } catch {
      return flow.refused(error)
    }
  }

  private enum Ending: Sendable {
    case shown
    case timeIsOver
    /// Something that concerns the token arrived, or the task was cancelled before.
    case updated(LoginTokenFlow)
  }

  /// Shows `link` until it is time to look what has become of it.
  private func show(_ link: LoginLink, _ flow: LoginTokenFlow) async throws(SignInError) -> LoginTokenFlow {
    do {
      return try await withThrowingTaskGroup(of: Ending.self) { group in
        group.addTask {
          try await display.show(link)
          return .shown
        }
        group.addTask {
          try await client.environment.clock.sleep(for: link.lifetime)
          return .timeIsOver
        }
        group.addTask {
          var flow = flow
          while let payload = await client.nextUpdate() {
            if flow.concerns(payload) { return .updated(flow) }
          }
          guard Task.isCancelled else { throw TelegramError.closed }
          return .updated(flow)
        }
        while let ending = try await group.next() {
          if case .shown = ending { continue }
          group.cancelAll()
          if case .updated(let flow) = ending { return flow }
          break
        }
        // What is left ends because it is cancelled; the updates tell how far they came.
        while let rest = await group.nextResult() {
          if case .success(.updated(let flow)) = rest { return flow }
        }
        return flow
      }
    } catch {
      if let error = error as? TelegramError { throw SignInError(error, phone: "") }
      throw .prompting(error)
    }
  }
}

extension TelegramClient {
  /// Unix time as the account's data centre has it.
  fileprivate func serverTime() async throws(TelegramError) -> Duration {
    let offset = environment.hints.known(dc: try await homeDC())?.timeOffset ?? .zero
    return now().unixTime + offset
  }
}
