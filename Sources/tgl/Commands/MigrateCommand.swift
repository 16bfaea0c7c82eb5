import ArgumentParser
import Foundation
import Synchronization
import TGLCore

struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Bring the data directory up to date, or take over the one of the Python service.",
    discussion: """
      Needs neither API_ID nor a session. Before anything is changed, a checked copy of the archive is put into \
      DATA_ROOT/db/backups; the last three copies are kept, and the one of the Python service's archive always.

      In a data directory of the Python service, db/messages.db is read, its media are decoded without running anything \
      of them, and a new archive takes its place when it is complete. The session file and the files in media/ and \
      media_deleted/ are used as they are. 'tgl run' does the same by itself.

      With --from-python the messages and files of another directory are added; what the archive has already stays as \
      it is, so that it may be done again.

      EXAMPLES
        tgl migrate --status
        tgl migrate --dry-run
        tgl migrate
        tgl migrate --from-python /srv/old/data --set DATA_ROOT=/var/lib/tgl

      EXIT STATUS
        0 done, or nothing to do; 1 done, but something was left behind, which is named; 65 not an archive, or a damaged \
      one; 66 no archive at the directory given; 75 'tgl run' or the Python service is using it; 78 wrong settings, or \
      an archive of a later version.
      """)

  @OptionGroup var global: GlobalOptions

  @Flag(help: "Say what there is, and change nothing.")
  var status = false

  @Flag(help: "Say what would be done, and change nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp("Add what this data directory of the Python service holds.", valueName: "dir"),
    completion: .directory)
  var fromPython: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if status && (dryRun || fromPython != nil) {
      throw ValidationError("'--status' goes with neither '--dry-run' nor '--from-python'")
    }
  }

  func run() async throws {
    let setting = try DataRootSetting(global.source())
    setting.warnings.forEach(Output.notice)
    if status { return try tell(DataMigration(root: DataRoot(existing: setting.path)).status()) }
    let root = dryRun ? DataRoot(existing: setting.path) : try DataRoot(path: setting.path)
    // A trial does no harm beside a running service.
    let lock = dryRun ? nil : try InstanceLock(root)
    defer { withExtendedLifetime(lock) {} }
    var migration = DataMigration(root: root)
    let done = Progress()
    migration.progress = done.set
    let outcome = try await ProgressLine(quiet: global.quiet).show {
      done.text
    } while: { [dryRun, fromPython, migration] in
      dryRun ? try await migration.trial(from: fromPython) : try await migration.run(from: fromPython)
    }
    try tell(outcome)
  }

  // MARK: Telling

  private func tell(_ status: ArchiveStatus) throws {
    if json { return try Output.json(status) }
    MigrationText.lines(of: status).forEach { print($0) }
  }

  private func tell(_ outcome: DataMigration.Outcome) throws {
    if json {
      try Output.json(MigrationResult(outcome, isDryRun: dryRun))
    } else {
      MigrationText.lines(of: outcome, isDryRun: dryRun).forEach { print($0) }
    }
    guard case .tookOver(let report) = outcome, report.problemCount > 0 else { return }
    if !json { MigrationText.problems(of: report).forEach(Output.notice) }
    throw ExitCode(1)
  }
}

/// How far it is.
private final class Progress: Sendable {
  private let rows = Mutex((done: 0, total: 0))

  @Sendable func set(_ done: Int, of total: Int) { rows.withLock { $0 = (done, total) } }

  var text: String {
    let rows = rows.withLock(\.self)
    return rows.total == 0 ? "looking at the archive" : "taking over: \(rows.done) of \(rows.total) messages"
  }
}

/// The object `tgl migrate --json` prints.
private struct MigrationResult: Encodable {
  var action: String
  var dryRun: Bool
  var upgrade: ArchiveUpgrade?
  var takeover: LegacyReport?

  enum CodingKeys: String, CodingKey {
    case action
    case dryRun = "dry_run"
    case upgrade, takeover
  }

  init(_ outcome: DataMigration.Outcome, isDryRun: Bool) {
    dryRun = isDryRun
    switch outcome {
    case .nothing, .upToDate: action = "none"
    case .upgraded(let upgrade):
      action = "upgrade"
      self.upgrade = upgrade
    case .tookOver(let report):
      action = "takeover"
      takeover = report
    }
  }
}
