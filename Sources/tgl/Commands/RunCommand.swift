import ArgumentParser
import Foundation
import Logging
import TGLCore

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Keep every message, and post what is deleted or edited to the log chat.",
    discussion: """
      Runs until it gets SIGTERM or SIGINT, finishes what it is writing and exits 0; a second signal ends it at once. \
      Only one may run on a data directory. One the Python service has left is taken over first, as by 'tgl migrate'.

      SETTINGS
      Settings are environment variables, lines of the env file, or --set NAME=VALUE; the latter win over the \
      environment, the environment over the file.

      \(SettingsHelp.text)

      EXAMPLES
        tgl run
        tgl --env-file /etc/tgl/tgl.env run
        tgl run --set SAVE_EDITED_MESSAGES=true --debug

      EXIT STATUS
        0 ended by a signal; 65 damaged session or archive; 69 Telegram cannot be reached; 75 another 'tgl run' has the \
      data directory; 77 not signed in, or the session was ended; 78 wrong settings, or a log chat that cannot be posted to.
      """)

  @OptionGroup var global: GlobalOptions

  func run() async throws {
    let settings = try Settings(global.source())
    let logger = global.logger(isDebug: settings.isDebug)
    for warning in settings.warnings { logger.warning("\(warning)") }
    try await TGLService.run(settings: settings, version: TGL.version, logger: logger)
  }
}
