public import MTProto
public import TelegramClient

/// What is needed to reach Telegram as the account: enough for `tgl login`.
public struct AccountSettings: Sendable {
  public let apiID: Int32
  public let apiHash: Secret<String>
  public let dataRoot: String
  public let servers: ClientConfiguration.Servers
  public let transport: Transport
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
    if let proxy = reader.value(SettingsCatalog.proxy) ?? nil {
      // Going around a proxy that was asked for would show what it is there to hide.
      reader.refuse(
        SettingsCatalog.proxy.name, "\(proxy): this version cannot go through a proxy; unset it to connect directly")
    }
    warnings = reader.warnings
    guard let apiID, let apiHash, let dataRoot, let transport else { return nil }
    self.apiID = Int32(clamping: apiID)
    self.apiHash = Secret(apiHash)
    self.dataRoot = dataRoot
    self.transport = transport
  }

  /// How a client introduces itself and whom it trusts.
  public func clientConfiguration(version: String) -> ClientConfiguration {
    ClientConfiguration(
      apiID: apiID, apiHash: apiHash.exposed, servers: servers, transport: transport, appVersion: "tgl \(version)")
  }
}
