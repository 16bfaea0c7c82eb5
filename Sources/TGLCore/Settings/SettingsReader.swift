import Foundation
import MTProtoCrypto
import TelegramClient

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
    let read = text(of: setting)
    guard let text = read.text else {
      // Something is there, which is wrong and has been noted.
      if read.isRefused { return nil }
      if setting.fallback == nil { refuse(setting.name, "not set; accepted: \(setting.accepts)") }
      return setting.fallback
    }
    if let value = setting.parse(text) { return value }
    refuse(setting, text)
    return nil
  }

  /// The text of a setting, or of the file that holds it instead.
  private mutating func text<Value>(of setting: Setting<Value>) -> (text: String?, isRefused: Bool) {
    if let text = source.text(setting.name) { return (text, false) }
    guard let file = SettingsCatalog.secretFiles[setting.name], let path = value(file) ?? nil else {
      return (nil, false)
    }
    do throws(TextFile.Failure) {
      let text = try TextFile.read(path, isSecret: true).trimmingCharacters(in: .whitespacesAndNewlines)
      if !text.isEmpty { return (text, false) }
      refuse(file.name, "\(path) is empty; accepted: \(file.accepts)")
    } catch {
      refuse(file.name, "\(path) \(error.reason); accepted: \(file.accepts)")
    }
    return (nil, true)
  }

  /// The key recovered media is encrypted with.
  mutating func deletedMediaKey(required: Bool) -> Secret<[UInt8]>? {
    let setting = SettingsCatalog.deletedMediaKey
    if let key = deletedMediaKeys().first { return key }
    if required, problems.allSatisfy({ !Self.keyNames.contains($0.subject) }) {
      refuse(setting.name, "not set, and ENCRYPT_DELETED_MEDIA is on; accepted: \(setting.accepts)")
    }
    return nil
  }

  /// The keys recovered media may be encrypted with, the current one first: the one under its name or its legacy name,
  /// or else those in the key file.
  mutating func deletedMediaKeys() -> [Secret<[UInt8]>] {
    let setting = SettingsCatalog.deletedMediaKey
    var found: (name: String, text: String)? = source.text(setting.name).map { (setting.name, $0) }
    for (legacy, current) in SettingsCatalog.legacyNames where current == setting.name {
      guard let text = source.text(legacy) else { continue }
      warnings.append("\(legacy) is the old name of \(current); rename it")
      if found == nil { found = (legacy, text) }
    }
    if let found {
      if let key = setting.parse(found.text) ?? nil { return [key] }
      refuse(found.name, "<secret> is not accepted; accepted: \(setting.accepts)")
      return []
    }
    let file = SettingsCatalog.deletedMediaKeyFile
    guard let path = value(file) ?? nil else { return [] }
    do throws(KeyFile.Failure) { return try KeyFile.read(path) } catch {
      refuse(file.name, "\(path) \(error.reason); accepted: \(file.accepts)")
      return []
    }
  }

  private static let keyNames =
    [SettingsCatalog.deletedMediaKey.name, SettingsCatalog.deletedMediaKeyFile.name] + SettingsCatalog.legacyNames.keys

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
    let pem: String
    do throws(TextFile.Failure) {
      pem = try TextFile.read(path)
    } catch {
      refuse(
        "TELEGRAM_RSA_KEY", "\(path) \(error.reason); accepted: \(SettingsCatalog.telegramKey.accepts)")
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

  /// Notes that a setting cannot be used.
  mutating func refuse(_ subject: String, _ reason: String) {
    problems.append(SettingsError.Problem(subject: subject, reason: reason))
  }
}
