/// A data centre and where it can be reached.
public struct DataCenter: Sendable, Hashable {
  public struct Address: Sendable, Hashable {
    public let host: String
    /// 1 to 65535.
    public let port: Int
  }

  public let id: Int
  public let addresses: [Address]

  private init(_ id: Int, _ hosts: String...) {
    self.id = id
    // 443 first: what lies between lets it through most often.
    addresses = [443, 80, 5222].flatMap { port in hosts.map { Address(host: $0, port: port) } }
  }

  /// Telegram's data centres.
  ///
  /// Source: my.telegram.org, "Available MTProto servers", and help.getConfig.
  public static let production = [
    DataCenter(1, "149.154.175.53", "2001:b28:f23d:f001::a"),
    DataCenter(2, "149.154.167.51", "2001:67c:4e8:f002::a"),
    DataCenter(3, "149.154.175.100", "2001:b28:f23d:f003::a"),
    DataCenter(4, "149.154.167.91", "2001:67c:4e8:f004::a"),
    DataCenter(5, "91.108.56.130", "2001:b28:f23f:f005::a"),
  ]

  /// Telegram's test servers, which know none of production's accounts.
  public static let test = [
    DataCenter(1, "149.154.175.10", "2001:b28:f23d:f001::e"),
    DataCenter(2, "149.154.167.40", "2001:67c:4e8:f002::e"),
    DataCenter(3, "149.154.175.117", "2001:b28:f23d:f003::e"),
  ]
}
