import Foundation
public import Logging
import MTProto
import MTProtoCrypto
public import NIOCore
public import NIOPosix

/// A Telegram on this machine: data centres, accounts and chats, to which any MTProto client may connect.
///
/// A test tool.
public struct Sandbox: Sendable {
  public struct Configuration: Sendable {
    /// Address to listen on.
    public var host = "127.0.0.1"
    /// Port of the first data centre; the others follow.
    ///
    /// 0 lets the system choose each.
    public var port = 0
    public var dataCenters: Int32 = 2
    public var homeDC: Int32 = 2
    public var seed: UInt64 = 1
    public var scenario = Scenario.standard
    public var apiID: Int32 = 1
    public var apiHash = "0123456789abcdef0123456789abcdef"
    /// The servers' private key in PEM; nil makes a new one.
    public var privateKeyPEM: String?
    /// Where the public key is kept, for the description.
    public var publicKeyPath = ""
    /// Where the parts of big files are kept while somebody refers to them; they have no names there.
    public var filesFolder = FileManager.default.temporaryDirectory.path(percentEncoded: false)
    /// How long a salt is the current one, in seconds.
    public var saltPeriod: Int32 = 1800
    /// How long the token in a sign-in QR code stays valid, in seconds.
    public var loginTokenLifetime: Int32 = 30

    public init() {}
  }

  /// The number of the CDN data centre, one of those Telegram has.
  static let cdnDC: Int32 = 203

  /// The servers' private key in PEM, by which a later sandbox can be the same server.
  public let privateKeyPEM: String
  /// The servers' public key in PEM.
  public let publicKeyPEM: String
  public let description: SandboxDescription
  let control: Control
  private let servers: [DataCenterServer]
  private let controlServer: ControlServer

  /// Opens the sockets; clients can connect, and are served once `run()` is called.
  public static func start(
    _ configuration: Configuration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, logger: Logger
  ) async throws -> Sandbox {
    let clock = ContinuousClock()
    let start = clock.now
    let now: @Sendable () -> Moment = {
      Moment(uptime: start.duration(to: clock.now), unixTime: .seconds(Date().timeIntervalSince1970))
    }
    let key = try configuration.privateKeyPEM.map { pem in try RSAPrivateKey(pem: pem) } ?? RSAPrivateKey.generate()
    let scenario = try configuration.scenario.build(
      seed: configuration.seed, homeDC: configuration.homeDC,
      now: Int32(truncatingIfNeeded: now().unixTime.components.seconds))
    var telegram = Telegram(
      world: scenario.world, apiID: configuration.apiID, apiHash: configuration.apiHash, endpoints: [],
      folder: configuration.filesFolder, logger: logger)
    telegram.loginTokenLifetime = configuration.loginTokenLifetime
    let hub = Hub(
      telegram: telegram, settings: .init(saltPeriod: configuration.saltPeriod), logger: logger, now: now)
    let pace = NetworkPace()
    let cdnKey = try RSAPrivateKey.generate()
    let ordinary = max(configuration.dataCenters, configuration.homeDC)
    var servers: [DataCenterServer] = []
    for id in Array(1...ordinary) + [Self.cdnDC] {
      let offset = id == Self.cdnDC ? Int(ordinary) : Int(id) - 1
      servers.append(
        try await DataCenterServer(
          id: id, host: configuration.host, port: configuration.port == 0 ? 0 : configuration.port + offset, hub: hub,
          privateKey: id == Self.cdnDC ? cdnKey : key, pace: pace, group: group, logger: logger, now: now))
    }
    // Nobody can connect to the address that stands for all.
    let announced = ["0.0.0.0": "127.0.0.1", "::": "::1"][configuration.host] ?? configuration.host
    let endpoints = servers.map { Telegram.Endpoint(id: $0.id, host: announced, port: $0.port) }
    var cdn = CDN()
    (cdn.dc, cdn.publicKey) = (Self.cdnDC, cdnKey.publicPEM)
    await hub.setEndpoints(endpoints, cdn: cdn)
    var names: [String: PeerKey] = [
      "group": .group(scenario.group), "supergroup": .channel(scenario.supergroup),
      "channel": .channel(scenario.channel), "log": .channel(scenario.logChat),
    ]
    names.merge(scenario.others) { first, _ in first }
    let control = Control(hub: hub, names: ChatNames(peers: names), pace: pace)
    // Loopback whatever the data centres listen on: it obeys anyone.
    let controlServer = try await ControlServer(host: "127.0.0.1", control: control, group: group, logger: logger)
    let users = scenario.users.compactMap { scenario.world.accounts[$0] }.map {
      SandboxDescription.User(
        name: $0.name, id: $0.id, phone: "+" + $0.phone, code: $0.code, password: $0.password?.plain)
    }
    let description = SandboxDescription(
      dcs: endpoints.filter { $0.id != Self.cdnDC }.map { .init(id: $0.id, host: $0.host, port: $0.port) },
      cdn: endpoints.first { $0.id == Self.cdnDC }.map { .init(id: $0.id, host: $0.host, port: $0.port) },
      homeDC: configuration.homeDC,
      rsaPublicKey: configuration.publicKeyPath, apiID: configuration.apiID, apiHash: configuration.apiHash,
      users: users, logChatID: PeerKey.channel(scenario.logChat).botAPIID,
      groupID: PeerKey.group(scenario.group).botAPIID, supergroupID: PeerKey.channel(scenario.supergroup).botAPIID,
      channelID: PeerKey.channel(scenario.channel).botAPIID, others: scenario.others.mapValues(\.botAPIID),
      control: "http://127.0.0.1:\(controlServer.port)")
    return Sandbox(
      privateKeyPEM: key.pem, publicKeyPEM: key.publicPEM, description: description, control: control, servers: servers,
      controlServer: controlServer)
  }

  /// Serves until cancelled.
  public func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for server in servers { group.addTask { try await server.run() } }
      group.addTask { try await controlServer.run() }
      try await group.waitForAll()
    }
  }
}
