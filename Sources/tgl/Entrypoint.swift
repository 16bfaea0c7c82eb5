import ArgumentParser
import CLinux
import Foundation

struct TGL: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "tgl",
    abstract: "Keeps your Telegram messages, and posts what was deleted or edited to your private log chat.",
    discussion: """
      EXAMPLES
        tgl login                      sign in, once
        tgl run                        run the service
        tgl --env-file tgl.env run     with the settings of a file

      Settings: 'tgl help run'.
      """,
    version: version,
    subcommands: [
      RunCommand.self, LoginCommand.self, SearchCommand.self, ExportCommand.self, DecryptCommand.self,
      PurgeCommand.self, BackupCommand.self, HealthCommand.self, KeygenCommand.self, MigrateCommand.self,
      SettingsReferenceCommand.self,
    ])

  @OptionGroup var global: GlobalOptions
}

@main
enum Entrypoint {
  static func main() async {
    // Whatever is made is for its owner only.
    umask(0o077)
    clinux_return_memory()
    do {
      var command = try await TGL.asyncParseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error where TGL.exitCode(for: error) != .failure || error is ExitCode {
      // Usage errors, --help and --version.
      TGL.exit(withError: error)
    } catch {
      let failure = CommandFailure(error)
      for line in failure.lines { Output.notice("tgl: \(line)") }
      exit(failure.status.rawValue)
    }
  }
}
