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
      given as flags, because everybody on the machine can read those. An empty value counts as not given.

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
      The key itself wins over `DELETED_MEDIA_KEY_FILE`. `TELEGRAM_DC` and `TELEGRAM_RSA_KEY` go together. `tgl login` needs `API_ID`
      and `API_HASH` only.

      ## The env file

      Lines are `NAME=value`, as `docker --env-file`, systemd's `EnvironmentFile=` and a shell's `.` read them:

      - Blank lines and lines that start with `#` or `;` are skipped, a leading `export ` and a byte-order mark too. Line ends may
        be CRLF. The last of several lines with the same name wins.
      - Without quotes, blanks around the value are dropped, and `#` behind a blank starts a comment. (Docker and systemd take such
        a comment for a part of the value: keep comments on lines of their own in a file that they read too.)
      - In single quotes everything stands for itself; in double quotes `\\"`, `\\\\`, `\\$`, `` \\` ``, `\\n` and `\\t` are unescaped.
        (`docker --env-file` keeps the quotes: write values without them in a file that it reads too.)
      - Nothing is substituted: `$NAME` stays as it is. A value ends with its line.
      - Anything else is an error that names the line. A name that is nearly that of a setting gets a warning; other names are
        not looked at.

      The file may be a pipe, as in `tgl --env-file <(sops decrypt tgl.env) run`.
      """)
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
