import MTProto

/// Why a connection ended.
enum LinkFault: Error, Equatable {
  /// The server closed it, or the network did.
  case closed(String)
  /// The server answered with a transport error, such as -404.
  case transport(Int32)
  case framing(FramingError)
  case keyExchange(KeyExchangeError)
  case session(SessionError)
  /// A ping was not answered in time.
  case stalled
  /// Closed by us because nothing was asked for a while.
  case idle
  /// Closed by us because the client stops.
  case stopped
}

extension LinkFault: CustomStringConvertible {
  var description: String {
    switch self {
    case .closed(let reason): reason
    case .transport(TransportErrorCode.authKeyUnknown): "the server does not know our authorization key (-404)"
    case .transport(TransportErrorCode.flood): "too many connections (-429)"
    case .transport(TransportErrorCode.invalidDC): "the server is another data centre (-444)"
    case .transport(let code): "transport error \(code)"
    case .framing(let error): "broken transport framing: \(error)"
    case .keyExchange(let error): "key exchange failed: \(error)"
    case .session(let error): "broken session: \(error)"
    case .stalled: "the server stopped answering"
    case .idle: "idle"
    case .stopped: "stopped"
    }
  }
}

/// Source: "MTProto transports", core.telegram.org/mtproto/mtproto-transports, "Transport errors".
enum TransportErrorCode {
  static let authKeyUnknown: Int32 = -404
  static let flood: Int32 = -429
  static let invalidDC: Int32 = -444
}
