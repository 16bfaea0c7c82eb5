import ArgumentParser
import TGLCore

/// Prints docs/configuration.md, so that it cannot say anything else than the declarations.
struct ReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "configuration-reference", abstract: "Print docs/configuration.md.", shouldDisplay: false)

  func run() {
    print(
      """
      # Settings

      <!-- Generated from the declared settings by `make completions`. Do not edit. -->

      A setting is an environment variable, a line of the env file, or a flag `--set NAME=VALUE`. Flags win over the environment,
      the environment over the file. The env file is `.env` in the working directory, if there is one, or the one named with
      `--env-file`.

      A wrong value stops `tgl` with exit code 78 and a line for each setting that is wrong. Secrets are never shown, and cannot be
      given as flags, because everybody on the machine can read those.

      | name | default | accepted | meaning |
      |---|---|---|---|
      """)
    for setting in SettingsCatalog.all {
      let shown =
        switch setting.shownDefault {
        case nil: "required"
        case "": ""
        case let value?: "`\(value)`"
        }
      print("| `\(setting.name)` | \(shown) | \(Self.cell(setting.accepts)) | \(Self.cell(setting.meaning)) |")
    }
    print(
      """

      `TELEGRAM_DELETED_MEDIA_KEY_B64`, the Python service's name for `DELETED_MEDIA_KEY_B64`, still works, with a warning.

      ## The env file

      Lines are `NAME=value`, as `docker --env-file`, systemd's `EnvironmentFile=` and a shell's `.` read them. Blank lines and lines
      that start with `#` or `;` are skipped, a leading `export ` and a byte-order mark too. A value in single quotes is taken as it
      stands; in double quotes `\\"`, `\\\\`, `\\n` and `\\t` are unescaped; behind an unquoted value ` #` starts a comment. The last of several
      lines with the same name wins. Anything else is an error that names the line.
      """)
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
