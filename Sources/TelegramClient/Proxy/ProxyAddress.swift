/// A proxy between us and Telegram.
public enum ProxyAddress: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  case socks5(host: String, port: Int, user: String?, password: String?)
  case http(host: String, port: Int, user: String?, password: String?)
  /// `secret` is 16 bytes, with the `dd` or `ee` byte and domain of the link where it has them.
  case mtproxy(host: String, port: Int, secret: [UInt8])

  /// Without user, password or secret.
  public var description: String {
    switch self {
    case .socks5: "socks5://\(endpoint)"
    case .http: "http://\(endpoint)"
    case .mtproxy: "mtproxy://\(endpoint)"
    }
  }

  /// Nothing to see: a dump shows the user and the password otherwise.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// Where the proxy itself is.
  var endpoint: Endpoint {
    switch self {
    case .socks5(let host, let port, _, _), .http(let host, let port, _, _), .mtproxy(let host, let port, _):
      Endpoint(host: host, port: port)
    }
  }

  /// The secret of an MTProxy; nil for other proxies, which do not speak MTProto.
  var mtproxySecret: MTProxySecret? {
    if case .mtproxy(_, _, let secret) = self { MTProxySecret(secret) } else { nil }
  }
}
