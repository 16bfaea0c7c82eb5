/// A data centre's number and address, as in `2@127.0.0.1:4430` or `2@[::1]:4430`.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
  static let accepts = "DC@HOST:PORT, as in 2@127.0.0.1:4430 or 2@[::1]:4430"

  public let dc: Int
  public let host: String
  public let port: Int

  init?(_ text: String) {
    guard let at = text.firstIndex(of: "@"), let dc = Int(text[..<at]), (1...1000).contains(dc),
      let (host, port) = Self.hostAndPort(text[text.index(after: at)...])
    else { return nil }
    self.dc = dc
    self.host = host
    self.port = port
  }

  public var description: String { "\(dc)@\(host.contains(":") ? "[\(host)]" : host):\(port)" }

  /// `host:port` or `[IPv6]:port`.
  static func hostAndPort(_ text: Substring) -> (host: String, port: Int)? {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (1...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
    return (String(host), port)
  }
}
