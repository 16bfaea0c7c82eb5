public import MTProto
public import MTProtoCrypto

/// What a client needs to know before it connects.
public struct ClientConfiguration: Sendable {
  /// Which Telegram to talk to.
  public enum Servers: Sendable {
    /// Telegram's own.
    case telegram
    /// Telegram's test servers.
    case test
    /// Any other MTProto server, first reached at `host` and `port` as data centre `dc`.
    case custom(dc: Int, host: String, port: Int, keys: [RSAPublicKey])
  }

  /// From my.telegram.org.
  public var apiID: Int32
  /// From my.telegram.org.
  public var apiHash: String
  public var servers: Servers
  public var transport: Transport
  /// What every connection goes through; nil for none.
  public var proxy: ProxyAddress?
  public var deviceModel = DeviceInfo.model
  public var systemVersion = DeviceInfo.systemVersion
  /// Such as "tgl 1.2.0".
  public var appVersion: String
  public var systemLangCode = "en"
  public var langCode = "en"
  /// FLOOD_WAIT up to this long is slept on; longer ones are thrown as `TelegramError.floodWait`.
  public var floodSleepThreshold: Duration = .seconds(60)
  /// How long a call may take altogether, waiting for a connection included, flood waits not.
  public var callTimeout: Duration = .seconds(90)
  /// How long one address may take to accept a connection.
  public var connectTimeout: Duration = .seconds(10)
  /// The bytes of files that all uploads and downloads together may have in memory or under way; at least one part.
  public var transferMemory = 4 * 1024 * 1024
  /// The most parts of 512 KiB a file may be sent in: 4000, and 8000 for an account with Premium.
  public var uploadPartLimit = 4000
  /// Whether the server shall push updates; without, every call is wrapped in `invokeWithoutUpdates`.
  public var receivesUpdates = true
  /// Payloads kept for a consumer that is behind before the socket is no longer read.
  public var updateBufferSize = 256

  public init(apiID: Int32, apiHash: String, servers: Servers, transport: Transport, appVersion: String) {
    self.apiID = apiID
    self.apiHash = apiHash
    self.servers = servers
    self.transport = transport
    self.appVersion = appVersion
  }

  /// The RSA keys a server may prove itself with.
  var publicKeys: [RSAPublicKey] {
    switch servers {
    case .telegram: TelegramKeys.production
    case .test: TelegramKeys.test
    case .custom(_, _, _, let keys): keys
    }
  }

  /// The number by which `dc` is named in the key exchange and the obfuscated opening: test servers add 10000.
  ///
  /// Source: "Creating an Authorization Key", core.telegram.org/mtproto/auth_key, `p_q_inner_data_dc`.
  func wireNumber(dc: Int) -> Int {
    if case .test = servers { return dc + 10_000 }
    return dc
  }
}

extension ClientConfiguration: CustomReflectable {
  /// Without the hash, which is a secret.
  public var customMirror: Mirror { Mirror(self, children: ["apiID": apiID, "appVersion": appVersion]) }
}
