import ArgumentParser
import Foundation
import Logging
import TGLCore

/// Options every command takes, before or behind its name.
struct GlobalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Read settings from this file (default: .env in the working directory, if present).", valueName: "file"))
  var envFile: String?

  @Option(help: ArgumentHelp("Override a setting; may be given several times.", valueName: "NAME=VALUE"))
  var set: [String] = []

  @Flag(name: .shortAndLong, help: "Log warnings and errors only.")
  var quiet = false

  @Flag(help: "Log more; the same as DEBUG_MODE=true.")
  var debug = false

  func validate() throws {
    for item in set {
      let name = SettingsCatalog.currentName(of: String(item.prefix { $0 != "=" }))
      guard item.contains("="), SettingsCatalog.all.contains(where: { $0.name == name }) else {
        throw ValidationError("'--set \(name)' names no setting; see 'tgl help run' for their names")
      }
      // What stands in argv can be read by everybody on the machine.
      guard SettingsCatalog.all.contains(where: { $0.name == name && !$0.isSecret }) else {
        throw ValidationError("\(name) is secret; set it in the environment or in an env file")
      }
    }
  }

  /// The texts of all settings.
  func source() -> SettingsSource {
    var flags: [String: String] = [:]
    for item in set {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { flags[String(parts[0])] = String(parts[1]) }
    }
    if debug { flags["DEBUG_MODE"] = "true" }
    return SettingsSource(flags: flags, environment: ProcessInfo.processInfo.environment, envFile: envFile)
  }

  /// The logger of a command; `isDebug` is what the settings say.
  func logger(isDebug: Bool = false) -> Logger {
    let isJournal = StandardErrorLogHandler.isConnectedToJournal(environment: ProcessInfo.processInfo.environment)
    let level: Logger.Level = isDebug || debug ? .debug : quiet ? .warning : .info
    return Logger(label: "tgl") { _ in StandardErrorLogHandler(level: level, isJournal: isJournal) }
  }
}
