import ArgumentParser
import TGLCore

/// Prints the table of docs/configuration.md; 'make completions' calls it.
struct SettingsReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settings-reference", abstract: "Print all settings as a Markdown table.", shouldDisplay: false)

  func run() {
    print("| Name | Default | Accepted | Meaning |\n|---|---|---|---|")
    for setting in SettingsCatalog.all {
      let fallback =
        switch setting.shownDefault {
        case nil: "required"
        case "": ""
        case let value?: "`\(value)`"
        }
      let name = "`\(setting.name)`\(setting.isSecret ? " (secret)" : "")"
      print("| \(name) | \(fallback) | \(Self.cell(setting.accepts)) | \(Self.cell(setting.meaning)) |")
    }
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
