public import MTProto

extension TelegramError {
  /// What to do about this failure.
  public var verdict: Verdict {
    switch self {
    case .rpc(let refusal, _): refusal.verdict
    case .floodWait(let wait, _): .retry(after: Patience.bounded(wait))
    case .unauthorized(let name): .signIn(SignInCause(refusal: name))
    case .authKeyLost: .signIn(.keyLost)
    // A key exchange that fails for good ends the client itself.
    case .unreachable, .timeout, .keyExchange, .store: .retry(after: nil)
    case .decoding: .setAside(.request, reason: "\(self)")
    case .unknownPeer, .unknownUsername: .setAside(.peer, reason: "\(self)")
    case .file(let reason): .setAside(.file, reason: reason)
    case .cancelled, .closed: .cancelled
    }
  }
}

extension RPCError {
  /// What to do about this refusal: by its name, else by its code.
  public var verdict: Verdict {
    if let judgement = Self.judgements[name] { return verdict(judgement) }
    switch code {
    case 303: return .renew(.dataCenter(dataCenter))
    case 401: return .signIn(SignInCause(refusal: name))
    case 420: return .retry(after: waitingTime)
    case ...0, 500...: return .retry(after: nil)
    default: return .setAside(.request, reason: message)
    }
  }

  private func verdict(_ judgement: Judgement) -> Verdict {
    switch judgement {
    case .wait: .retry(after: waitingTime)
    case .passes: .retry(after: nil)
    case .moved: .renew(.dataCenter(dataCenter))
    case .renew(let what): .renew(what)
    case .refused(let subject): .setAside(subject, reason: message)
    case .done: .alreadyDone
    case .signIn: .signIn(SignInCause(refusal: name))
    }
  }

  /// The seconds in the message, as a delay that can be obeyed; nil when it has none.
  private var waitingTime: Duration? {
    argument.map { Patience.bounded(.seconds(min(max($0, 0), Int(Int32.max)))) }
  }

  /// The number in the message, when it can be a data centre's.
  private var dataCenter: Int? { argument.flatMap { (1...1000).contains($0) ? $0 : nil } }
}
