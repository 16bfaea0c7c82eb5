public import MTProto
public import TelegramClient

/// What is needed to reach Telegram as the account: enough for `tgl login`.
public struct AccountSettings: Sendable {
  public let apiID: Int32
  public let apiHash: Secret<String>
  public let dataRoot: String
  public let servers: ClientConfiguration.Servers
  public let transport: Transport
  /// What every connection to Telegram goes through; nil for none.
  public let proxy: ProxyAddress?
  /// What is no error but should be said once.
  public let warnings: [String]

  /// - Throws: `SettingsError` with everything that is wrong among these.
  public init(_ source: SettingsSource) throws(SettingsError) {
    var reader = SettingsReader(source)
    guard let settings = AccountSettings(&reader), reader.problems.isEmpty else {
      throw SettingsError(problems: reader.problems)
    }
    self = settings
  }

  /// Nil when something required is missing or wrong, which the reader then has noted.
  init?(_ reader: inout SettingsReader) {
    let apiID = reader.value(SettingsCatalog.apiID)
    let apiHash = reader.value(SettingsCatalog.apiHash)
    let dataRoot = reader.value(SettingsCatalog.dataRoot)
    let transport = reader.value(SettingsCatalog.transport)
    servers = reader.servers()
    proxy = reader.value(SettingsCatalog.proxy) ?? nil
    warnings = reader.warnings
    guard let apiID, let apiHash, let dataRoot, let transport else { return nil }
    self.apiID = Int32(clamping: apiID)
    self.apiHash = Secret(apiHash)
    self.dataRoot = dataRoot
    self.transport = transport
  }

  /// How a client introduces itself and whom it trusts.
  public func clientConfiguration(version: String) -> ClientConfiguration {
    var configuration = ClientConfiguration(
      apiID: apiID, apiHash: apiHash.exposed, servers: servers, transport: transport, appVersion: "tgl \(version)")
    configuration.proxy = proxy
    return configuration
  }
}
