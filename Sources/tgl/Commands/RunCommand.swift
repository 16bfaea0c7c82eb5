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
        tgl run --check

      EXIT STATUS
        0 ended by a signal, or nothing wrong found by --check; 65 damaged session or archive; 69 Telegram cannot be reached; 75 another 'tgl run' has the \
      data directory; 77 not signed in, or the session was ended; 78 wrong settings, or a log chat that cannot be posted to.
      """)

  @OptionGroup var global: GlobalOptions

  @Flag(
    help: """
      Look at settings, data directory, key, session, Telegram, clock, log chat and health endpoint, say each in a line, \
      and end.
      """)
  var check = false

  @Flag(help: "With --check: print one JSON object a line.")
  var json = false

  func validate() throws {
    if json, !check { throw ValidationError("'--json' goes with '--check'") }
  }

  func run() async throws {
    let settings = try Settings(global.source())
    if check { return try await check(settings) }
    let logger = global.logger(isDebug: settings.isDebug)
    for warning in settings.warnings { logger.warning("\(warning)") }
    try await TGLService.run(settings: settings, version: TGL.version, logger: logger)
  }

  private func check(_ settings: Settings) async throws {
    // What goes wrong is told in the lines.
    var logger = global.logger(isDebug: settings.isDebug)
    if !global.debug { logger.logLevel = .critical }
    let preflight = Preflight(settings: settings, version: TGL.version, logger: logger) { [json] result in
      if json { return (try? Output.json(result)) ?? () }
      let mark =
        switch result.outcome {
        case .ok: "ok     "
        case .warning: "warning"
        case .failed: "FAILED "
        }
      let name = result.check.padding(toLength: 8, withPad: " ", startingAt: 0)
      print("\(mark)  \(name)  \(result.message.replacing("\n", with: "; "))")
    }
    if let first = await preflight.run().first { throw ExitCode(CommandFailure(first).status.rawValue) }
  }
}
