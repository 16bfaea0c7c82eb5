import Foundation
public import MTProto
import MTProtoCrypto
public import TelegramClient

/// What the operator has decided, checked.
public struct Settings: Sendable {
  /// Days messages are kept, by the type of their chat.
  public struct Retention: Sendable, Equatable {
    public let userDays: Int
    /// Also for chats of unknown type.
    public let groupDays: Int
    public let channelDays: Int
    public let botDays: Int
  }

  public struct Health: Sendable, Equatable {
    public let host: String
    public let port: Int
    public let path: String
    public let errorWindow: Duration
    public let housekeepingStale: Duration
  }

  public let apiID: Int32
  public let apiHash: Secret<String>
  public let logChat: PeerID
  public let dataRoot: String
  public let listensToOutgoing: Bool
  public let ignoredIDs: Set<PeerID>
  public let buffersAllMedia: Bool
  public let buffersNoforwards: Bool
  public let processesSelfDestruct: Bool
  /// Bytes.
  public let maxBufferFileSize: Int
  public let mediaBufferTTL: Duration
  public let encryptsDeletedMedia: Bool
  /// 32 bytes.
  public let deletedMediaKey: Secret<[UInt8]>?
  public let maxDeletedPerEvent: Int
  public let savesEdited: Bool
  public let savesDeletedFromPrivateChats: Bool
  public let savesDeletedFromGroups: Bool
  public let savesDeletedFromChannels: Bool
  public let tidiesGIFs: Bool
  public let tidiesStickers: Bool
  public let retention: Retention
  public let health: Health
  public let isDebug: Bool
  public let proxy: ProxyAddress?
  public let servers: ClientConfiguration.Servers
  public let transport: Transport
  /// What is no error but should be said once.
  public let warnings: [String]

  /// Reads and checks all settings.
  ///
  /// - Throws: `SettingsError` with everything that is wrong.
  public init(_ source: SettingsSource) throws(SettingsError) {
    var reader = SettingsReader(source)
    let apiID = reader.value(SettingsCatalog.apiID)
    let apiHash = reader.value(SettingsCatalog.apiHash)
    let logChat = reader.value(SettingsCatalog.logChat)
    dataRoot = reader.value(SettingsCatalog.dataRoot) ?? ""
    listensToOutgoing = reader.value(SettingsCatalog.listenOutgoing) ?? true
    ignoredIDs = reader.value(SettingsCatalog.ignoredIDs) ?? []
    buffersAllMedia = reader.value(SettingsCatalog.bufferAllMedia) ?? false
    buffersNoforwards = reader.value(SettingsCatalog.bufferNoforwards) ?? false
    processesSelfDestruct = reader.value(SettingsCatalog.processSelfDestruct) ?? false
    maxBufferFileSize = reader.value(SettingsCatalog.maxBufferFileSize) ?? 0
    mediaBufferTTL = .seconds(3_600 * (reader.value(SettingsCatalog.mediaBufferTTL) ?? 0))
    encryptsDeletedMedia = reader.value(SettingsCatalog.encryptDeletedMedia) ?? false
    deletedMediaKey = reader.deletedMediaKey(required: encryptsDeletedMedia)
    maxDeletedPerEvent = reader.value(SettingsCatalog.maxDeletedPerEvent) ?? 0
    savesEdited = reader.value(SettingsCatalog.saveEdited) ?? false
    savesDeletedFromPrivateChats = reader.value(SettingsCatalog.saveDeletedPrivate) ?? true
    savesDeletedFromGroups = reader.value(SettingsCatalog.saveDeletedGroups) ?? true
    savesDeletedFromChannels = reader.value(SettingsCatalog.saveDeletedChannels) ?? true
    tidiesGIFs = reader.value(SettingsCatalog.tidyGIFs) ?? true
    tidiesStickers = reader.value(SettingsCatalog.tidyStickers) ?? true
    retention = Retention(
      userDays: reader.value(SettingsCatalog.persistUser) ?? 1,
      groupDays: reader.value(SettingsCatalog.persistGroup) ?? 1,
      channelDays: reader.value(SettingsCatalog.persistChannel) ?? 1,
      botDays: reader.value(SettingsCatalog.persistBot) ?? 1)
    health = Health(
      host: reader.value(SettingsCatalog.healthHost) ?? "",
      port: reader.value(SettingsCatalog.healthPort) ?? 0,
      path: reader.value(SettingsCatalog.healthPath) ?? "",
      errorWindow: .seconds(reader.value(SettingsCatalog.healthErrorWindow) ?? 0),
      housekeepingStale: .seconds(reader.value(SettingsCatalog.housekeepingStale) ?? 0))
    isDebug = reader.value(SettingsCatalog.debug) ?? false
    proxy = reader.value(SettingsCatalog.proxy) ?? nil
    servers = reader.servers()
    transport = reader.value(SettingsCatalog.transport) ?? Transport(.abridged, obfuscated: true)
    warnings = reader.warnings
    guard reader.problems.isEmpty, let apiID, let apiHash, let logChat else {
      throw SettingsError(problems: reader.problems)
    }
    self.apiID = Int32(clamping: apiID)
    self.apiHash = Secret(apiHash)
    self.logChat = logChat
  }
}

/// Reads settings one after another and collects what is wrong with them.
struct SettingsReader {
  private let source: SettingsSource
  private(set) var problems: [SettingsError.Problem]
  private(set) var warnings: [String]

  init(_ source: SettingsSource) {
    self.source = source
    problems = source.problems
    warnings = source.warnings
  }

  /// The value, or the default; nil when there is neither, or a wrong value, which is noted.
  mutating func value<Value>(_ setting: Setting<Value>) -> Value? {
    guard let text = source.text(setting.name) else {
      if setting.fallback == nil { refuse(setting.name, "not set; accepted: \(setting.accepts)") }
      return setting.fallback
    }
    if let value = setting.parse(text) { return value }
    refuse(setting, text)
    return nil
  }

  /// The key under its name, its legacy name, or in its file.
  mutating func deletedMediaKey(required: Bool) -> Secret<[UInt8]>? {
    let setting = SettingsCatalog.deletedMediaKey
    var name = setting.name
    var text = source.text(name)
    for (legacy, current) in SettingsCatalog.legacyNames where current == name && source.text(legacy) != nil {
      warnings.append("\(legacy) is the old name of \(current); rename it")
      if text == nil {
        text = source.text(legacy)
        name = legacy
      }
    }
    if text == nil, let path = value(SettingsCatalog.deletedMediaKeyFile) ?? nil {
      name = SettingsCatalog.deletedMediaKeyFile.name
      guard let content = try? String(contentsOfFile: path, encoding: .utf8) else {
        refuse(name, "\(path) cannot be read; name a file that holds base64 of 32 bytes")
        return nil
      }
      text = content.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    guard let text else {
      if required { refuse(setting.name, "not set, and ENCRYPT_DELETED_MEDIA is on; accepted: \(setting.accepts)") }
      return nil
    }
    if let key = setting.parse(text) ?? nil { return key }
    refuse(name, "<secret> is not accepted; accepted: \(setting.accepts)")
    return nil
  }

  /// TELEGRAM_DC together with TELEGRAM_RSA_KEY.
  mutating func servers() -> ClientConfiguration.Servers {
    let address = value(SettingsCatalog.telegramDC) ?? nil
    let path = value(SettingsCatalog.telegramKey) ?? nil
    guard let path else {
      if address != nil, source.text(SettingsCatalog.telegramKey.name) == nil {
        refuse("TELEGRAM_RSA_KEY", "not set, and TELEGRAM_DC is; accepted: \(SettingsCatalog.telegramKey.accepts)")
      }
      return .telegram
    }
    guard let pem = try? String(contentsOfFile: path, encoding: .utf8) else {
      refuse("TELEGRAM_RSA_KEY", "\(path) cannot be read; accepted: \(SettingsCatalog.telegramKey.accepts)")
      return .telegram
    }
    guard let key = try? RSAPublicKey(pem: pem) else {
      refuse("TELEGRAM_RSA_KEY", "\(path) holds no RSA public key of 2048 bits in PEM format")
      return .telegram
    }
    guard let address else {
      if source.text(SettingsCatalog.telegramDC.name) == nil {
        refuse("TELEGRAM_DC", "not set, and TELEGRAM_RSA_KEY is; accepted: \(ServerAddress.accepts)")
      }
      return .telegram
    }
    return .custom(dc: address.dc, host: address.host, port: address.port, keys: [key])
  }

  private mutating func refuse<Value>(_ setting: Setting<Value>, _ text: String) {
    let shown = setting.isSecret ? "<secret>" : "'\(text.prefix(100))'"
    refuse(setting.name, "\(shown) is not accepted; accepted: \(setting.accepts)")
  }

  private mutating func refuse(_ subject: String, _ reason: String) {
    problems.append(SettingsError.Problem(subject: subject, reason: reason))
  }
}
