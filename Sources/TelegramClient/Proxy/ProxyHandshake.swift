import NIOCore

/// What is said to a proxy before it carries bytes: a value that is given what arrives, cut anywhere.
protocol ProxyHandshake: Sendable {
  /// What is sent first.
  mutating func start() -> ByteBuffer
  /// Takes what it can from the front of `input`.
  ///
  /// - Throws: when the proxy refuses, or is none.
  mutating func receive(_ input: inout ByteBuffer) throws(ProxyRefusal) -> ProxyHandshakeStep
}

enum ProxyHandshakeStep: Equatable {
  case needsMore
  case send(ByteBuffer)
  /// What arrives from now on comes from behind the proxy.
  case done
}

/// Why a proxy does not carry what we say, and what can be done about it.
enum ProxyRefusal: Error, Equatable {
  case needsCredentials
  case wrongCredentials
  /// The proxy cannot or will not reach the target.
  case target(String)
  /// Its answer is not that of such a proxy.
  case noSuchProxy(String)
  case wrongSecret
  /// It takes what it is sent, and says nothing.
  case silent
}

extension ProxyRefusal: CustomStringConvertible {
  var description: String {
    switch self {
    case .needsCredentials: "wants a user and a password; put them into PROXY_URL as user:password@host"
    case .wrongCredentials: "does not accept the user and password of PROXY_URL"
    case .target(let reason): "does not connect to Telegram: \(reason)"
    case .noSuchProxy(let answer): "does not answer as such a proxy does (\(answer)); check PROXY_URL's kind and port"
    case .silent: "does not answer; check PROXY_URL's kind and port"
    case .wrongSecret: "does not prove that it knows the secret; check the link in PROXY_URL"
    }
  }
}

/// A refusal, or the failure to get that far, with the proxy's name.
struct ProxyError: Error, CustomStringConvertible {
  let proxy: ProxyAddress
  let reason: String

  init(_ proxy: ProxyAddress, _ error: any Error) {
    self.proxy = proxy
    reason = error is ProxyRefusal ? describe(error) : "cannot be reached: \(describe(error))"
  }

  var description: String { "the proxy \(proxy) \(reason)" }
}
