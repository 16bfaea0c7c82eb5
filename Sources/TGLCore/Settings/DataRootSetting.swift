/// Where the archive is; all of the settings a command needs that only reads it.
public struct DataRootSetting: Sendable {
  public let path: String
  /// What is no error but should be said once.
  public let warnings: [String]

  /// - Throws: `SettingsError` when it is wrong, or the env file cannot be read.
  public init(_ source: SettingsSource) throws(SettingsError) {
    var reader = SettingsReader(source)
    let path = reader.value(SettingsCatalog.dataRoot)
    warnings = reader.warnings
    guard reader.problems.isEmpty, let path else { throw SettingsError(problems: reader.problems) }
    self.path = path
  }
}
