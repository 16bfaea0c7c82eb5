import Foundation

/// The keys of recovered media: enough settings for `tgl decrypt`, which needs no account.
public struct DeletedMediaKeys: Sendable {
  /// The current one first; empty only when none is required.
  public let keys: [Secret<[UInt8]>]
  /// What is no error but should be said once.
  public let warnings: [String]

  /// - Parameters:
  ///   - keyFile: a file that holds the keys; nil for what the settings say.
  ///   - required: whether having no key is an error.
  /// - Throws: `SettingsError`.
  public init(_ source: SettingsSource, keyFile: String? = nil, required: Bool = true) throws(SettingsError) {
    var reader = SettingsReader(source)
    if let keyFile {
      do throws(KeyFile.Failure) { keys = try KeyFile.read(keyFile) } catch {
        throw SettingsError(problems: [.init(subject: keyFile, reason: error.reason)])
      }
    } else {
      keys = reader.deletedMediaKeys()
      if keys.isEmpty, required, reader.problems.isEmpty {
        let names = "set it, or DELETED_MEDIA_KEY_FILE, or name a file with --key-file"
        reader.refuse(SettingsCatalog.deletedMediaKey.name, "not set; \(names)")
      }
    }
    guard reader.problems.isEmpty else { throw SettingsError(problems: reader.problems) }
    warnings = reader.warnings
  }
}

/// A new key for recovered media.
public struct NewKey: Sendable {
  /// Base64 of 32 bytes from the system's random source.
  public let text: Secret<String>

  public init() {
    var generator = SystemRandomNumberGenerator()
    text = Secret(Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }).base64EncodedString())
  }

  /// The key as it is written down: alone, or as the line of an env file.
  public func line(forEnvFile isEnv: Bool) -> String {
    (isEnv ? "\(SettingsCatalog.deletedMediaKey.name)=" : "") + text.exposed + "\n"
  }

  /// Writes the key to a file that only its owner can read.
  ///
  /// - Parameter replacing: whether a file of that name may be replaced.
  /// - Throws: `EncryptedFileError.outputExists`, `.system`.
  public func write(to path: String, forEnvFile isEnv: Bool, replacing: Bool) throws(EncryptedFileError) {
    try EncryptedFile.refuseExisting(path, replacing)
    var file = try AtomicFile(path: path)
    try file.write(Array(line(forEnvFile: isEnv).utf8))
    try file.commit(replacing: replacing)
  }
}
