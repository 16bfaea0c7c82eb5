/// How long things are kept; enough of the settings for `tgl purge`.
public struct RetentionSettings: Sendable, Equatable {
  public let dataRoot: String
  public let days: Settings.Retention
  /// MEDIA_BUFFER_TTL_HOURS, in seconds.
  public let bufferAge: Int64
  /// What is no error but should be said once.
  public let warnings: [String]

  /// - Throws: `SettingsError` with everything that is wrong among these.
  public init(_ source: SettingsSource) throws(SettingsError) {
    var reader = SettingsReader(source)
    let dataRoot = reader.value(SettingsCatalog.dataRoot)
    days = Settings.Retention(&reader)
    bufferAge = Int64(3_600 * (reader.value(SettingsCatalog.mediaBufferTTL) ?? 0))
    warnings = reader.warnings
    guard reader.problems.isEmpty, let dataRoot else { throw SettingsError(problems: reader.problems) }
    self.dataRoot = dataRoot
  }

  public init(_ settings: Settings) {
    dataRoot = settings.account.dataRoot
    days = settings.retention
    bufferAge = settings.mediaBufferTTL.components.seconds
    warnings = []
  }

  /// How long deleted messages are kept after their deletion, in seconds.
  var deletedAge: Int64 { Int64(days.deletedDays) * 86_400 }

  /// In seconds.
  func age(of type: RetentionType) -> Int64 {
    let days =
      switch type {
      case .user: days.userDays
      case .group: days.groupDays
      case .channel: days.channelDays
      case .bot: days.botDays
      }
    return Int64(days) * 86_400
  }
}

extension Settings.Retention {
  init(_ reader: inout SettingsReader) {
    userDays = reader.value(SettingsCatalog.persistUser) ?? 1
    groupDays = reader.value(SettingsCatalog.persistGroup) ?? 1
    channelDays = reader.value(SettingsCatalog.persistChannel) ?? 1
    botDays = reader.value(SettingsCatalog.persistBot) ?? 1
    deletedDays = reader.value(SettingsCatalog.persistDeleted) ?? 36_500
  }
}
