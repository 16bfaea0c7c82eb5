/// What `tgl export` needs of the settings: no account.
public struct ExportSettings: Sendable {
  public let dataRoot: String
  /// What is no error but should be said once.
  public let warnings: [String]

  /// - Throws: `SettingsError`.
  public init(_ source: SettingsSource) throws(SettingsError) {
    var reader = SettingsReader(source)
    let dataRoot = reader.value(SettingsCatalog.dataRoot)
    guard let dataRoot, reader.problems.isEmpty else { throw SettingsError(problems: reader.problems) }
    self.dataRoot = dataRoot
    warnings = reader.warnings
  }
}
