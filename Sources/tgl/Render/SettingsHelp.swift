import TGLCore

/// The settings as `--help` shows them.
enum SettingsHelp {
  static var text: String {
    SettingsCatalog.all.map { setting in
      let state =
        switch setting.shownDefault {
        case nil: " (required)"
        case "": ""
        case let value?: " (default: \(value))"
        }
      return "\(setting.name)\(state): \(setting.meaning)"
    }.joined(separator: "\n")
  }
}
