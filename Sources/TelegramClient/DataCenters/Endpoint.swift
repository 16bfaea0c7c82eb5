/// One address a data centre may be reached at.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
  /// An IPv4 or IPv6 address without brackets, or a host name.
  public var host: String
  /// 1 to 65535.
  public var port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  public var isIPv6: Bool { host.contains(":") }

  public var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
