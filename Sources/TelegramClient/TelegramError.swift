public import MTProto
public import NIOCore
public import TL

/// Why a call, or the whole client, failed; each case says what the person must know to act.
public enum TelegramError: Error, Sendable {
  /// The server refused `method`.
  case rpc(RPCError, method: String)
  /// The server asks to wait longer than `ClientConfiguration.floodSleepThreshold` before `method` is called again.
  case floodWait(Duration, method: String)
  /// The session is signed out, revoked, or its account is gone; the server's word for it. Only a new sign-in helps.
  case unauthorized(String)
  /// The server does not know the session's key any more. Only a new sign-in helps.
  case authKeyLost(dc: Int)
  /// No address of the data centre accepts a connection or answers.
  case unreachable(dc: Int, reason: String)
  /// The server could not prove who it is, or broke the key exchange.
  case keyExchange(KeyExchangeError, dc: Int)
  /// The answer to `method` is no value of its type.
  ///
  /// `answer` is what the server sent, boxed; nil where it is of no use.
  case decoding(TLError, method: String, answer: ByteBuffer? = nil)
  /// `method` was not answered in time.
  case timeout(method: String)
  /// A peer this account has never met, so that it cannot be addressed.
  case unknownPeer(PeerID)
  /// Nobody has this username.
  case unknownUsername(String)
  /// The session store failed.
  case store(String)
  /// A local file could not be read.
  case file(String)
  /// The calling task was cancelled.
  case cancelled
  /// The client was stopped.
  case closed
}

extension TelegramError {
  /// An upload's failure, in the words of calls.
  init(_ error: DownloadError) {
    switch error {
    case .telegram(let error): self = error
    case .floodWait(let wait): self = .floodWait(wait, method: API.UploadSaveBigFilePart.name)
    case .diskFull, .file, .gone, .referenceExpired, .sizeMismatch, .hashMismatch: self = .file("\(error)")
    }
  }
}

extension TelegramError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .rpc(let error, let method): "\(method) was refused: \(error.message) (\(error.code))"
    case .floodWait(let wait, let method):
      "Telegram asks to wait \(wait.components.seconds) s before \(method) is called again"
    case .unauthorized(let name): "this session is not signed in any more (\(name)); sign in again"
    case .authKeyLost(let dc): "DC\(dc) does not know this session's key any more; sign in again"
    case .unreachable(let dc, let reason): "DC\(dc) cannot be reached: \(reason)"
    case .keyExchange(let error, let dc): "key exchange with DC\(dc) failed: \(error)"
    case .decoding(let error, let method, _): "the answer to \(method) cannot be read: \(error)"
    case .timeout(let method): "\(method) was not answered in time"
    case .unknownPeer(let id): "peer \(id) is not known to this account"
    case .unknownUsername(let name): "nobody has the username @\(name)"
    case .store(let reason): "the session file cannot be used: \(reason)"
    case .file(let reason): reason
    case .cancelled: "the call was cancelled"
    case .closed: "the client was stopped"
    }
  }
}
