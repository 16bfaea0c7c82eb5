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

      With --repair a damaged archive is made sound: what the newest sound backup holds (of 'tgl backup', or of an earlier \
      upgrade), with everything on top that can still be read of the damaged file. 'tgl run' then receives what came \
      after the backup, as far as Telegram still has it. The damaged file is put into DATA_ROOT/db/damaged, and never \
      removed. A damaged session comes from the backup too.

      EXAMPLES
        tgl migrate --status
        tgl migrate --dry-run
        tgl migrate
        tgl migrate --from-python /srv/old/data --set DATA_ROOT=/var/lib/tgl
        tgl migrate --repair --dry-run
        tgl migrate --repair --from /mnt/backup

      EXIT STATUS
        0 done, or nothing to do; 1 done, but something was left behind, which is named; 65 not an archive, or a damaged \
      one of which nothing can be recovered; 66 no archive, or no backup, at the directory given; 75 'tgl run' or the Python service is using it; 78 wrong settings, or \
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

  @Flag(help: "Recover a damaged archive from the newest backup and from what can be read of it.")
  var repair = false

  @Option(
    help: ArgumentHelp(
      "With --repair: build on this backup, or on the newest in this folder (default: DATA_ROOT/backups).",
      valueName: "dir"),
    completion: .directory)
  var from: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if from != nil, !repair { throw ValidationError("'--from' goes with '--repair'; see also '--from-python'") }
    if repair, status || fromPython != nil {
      throw ValidationError("'--repair' goes with neither '--status' nor '--from-python'")
    }
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
    if repair { return try await repair(root) }
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

  private func repair(_ root: DataRoot) async throws {
    let repair = ArchiveRepair(root: root, from: from, logger: global.logger())
    let report = try await ProgressLine(quiet: global.quiet).show {
      "reading \(root.archiveFile)"
    } while: { [dryRun] in
      try await repair.run(isDryRun: dryRun)
    }
    if json { try Output.json(report) } else { MigrationText.lines(of: report).forEach { print($0) } }
    if report.session == .lost {
      Output.notice("tgl: \(root.sessionFile) is damaged, and no backup holds it; move it away and run 'tgl login'")
      throw ExitCode(1)
    }
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
